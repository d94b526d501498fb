"""A large content is minted, sold, delivered, fetched and opened by the wallet, and every process keeps little memory.

MEDNEXUS_CONTENT_SIZE sets its size (default 64M; `make large-content SIZE=5G`).
"""

import json
import random
import shutil
import subprocess
import threading
import time

import pytest

import measured
from conftest import BINARIES, ROOT, Devnet
from test_content_format import MEMORY_LIMIT, large_size

USE = ("--purpose", "HRESCH", "--research-aim", "general")
BLOCK = 1 << 20


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    network = Devnet(
        tmp_path_factory.mktemp("large") / "devnet", "--set", "content.maximum-mebibytes=8192", "--set",
        "content.party-mebibytes=8192")
    yield network
    network.stop()


class Person:
    """A wallet of its own with every key of the network, so that nothing is at hand that was not fetched."""

    def __init__(self, network, folder, name):
        self.home, self.name = folder / name, name
        shutil.copytree(network.home / "wallet", self.home)
        self.environment = dict(network.environment, MEDNEXUS_WALLET_HOME=str(self.home))

    def __call__(self, *arguments):
        """The last line of standard output as JSON, and the peak of memory in bytes."""
        command = [BINARIES / "mednexus", *arguments, "--from", self.name, "--yes", "--json"]
        output, errors, code, peak = measured.run(command, env=self.environment, cwd=ROOT)
        assert code == 0, f"{arguments}: {code}\n{output}\n{errors}"
        # A command that signs twice says a line for each transaction.
        return json.loads(output.splitlines()[-1]), peak

    def copies(self):
        folder = self.home / "content"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def resident(process):
    with open(f"/proc/{process}/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("RssAnon"))


def large_file(path, size):
    """Random where it matters and sparse between: encryption does not see the difference, the disk does."""
    block = random.Random(11).randbytes(BLOCK)
    with open(path, "wb") as file:
        for start in range(0, size, 64 * BLOCK):
            file.seek(start)
            file.write(block[:min(BLOCK, size - start)])
        file.truncate(size)


def test_a_large_content_is_sold_in_little_memory(network, tmp_path):
    size = large_size()
    source, opened = tmp_path / "scans.bin", tmp_path / "opened.bin"
    large_file(source, size)
    seller, buyer = Person(network, tmp_path, "author"), Person(network, tmp_path, "developer")
    node = network.network["nodes"][0]["pid"]
    before, peak, stop = resident(node), [0], threading.Event()

    def watch():
        while not stop.wait(0.05):
            peak[0] = max(peak[0], resident(node))

    watcher = threading.Thread(target=watch)
    watcher.start()
    steps = {}

    def step(name, person, *arguments):
        started = time.monotonic()
        output, memory = person(*arguments)
        steps[name] = (time.monotonic() - started, memory)
        return output

    try:
        seller("terms", "new", "--preset", "research-only", "--research-aim", "general", "--fee", "40.00", "--asset",
               "EURX", "--as", "large-terms")
        step("mint", seller, "inft", "mint", "--file", source, "--seal", "--class", "model", "--title", "Large scans",
             "--terms", "large-terms", "--price", "40.00", "--asset", "EURX", "--as", "scans")
        # The node has the ciphertext, and the seller's wallet keeps none.
        assert seller.copies() == []
        inft, _ = seller("inft", "show", "scans")
        step("buy", buyer, "license", "buy", inft["id"], *USE, "--as", "bought")
        license, _ = buyer("license", "show", "bought")
        assert license["state"] == "pending" and len(buyer.copies()) == 1
        step("deliver", seller, "license", "deliver", license["license"]["id"])
        step("open", buyer, "license", "open", "bought", "--out", opened)
        subprocess.run(["cmp", source, opened], check=True)
        copies, _ = buyer("content", "copies")
        assert [copy["name"] for copy in copies] == buyer.copies() and copies[0]["size"] > size
        opened.unlink()
        buyer("content", "copies", "--remove-all")
        assert buyer.copies() == []
        # Whatever was removed is fetched again where it is needed.
        step("open again", buyer, "license", "open", "bought", "--out", opened)
        subprocess.run(["cmp", source, opened], check=True)
    finally:
        stop.set()
        watcher.join()
    for name, (seconds, memory) in steps.items():
        print(f"{name}: {seconds:.1f} s, {size / 1e6 / seconds:.0f} MB/s, peak {memory >> 20} MiB")
    print(f"node: {peak[0] - before >> 20} MiB more than before, of pages that no file backs")
    # Of a wallet's memory 128 MiB are scrypt's, which unlocks the keystore before the work begins.
    assert all(memory < MEMORY_LIMIT for _, memory in steps.values()), steps
    assert peak[0] - before < 96 << 20
