"""Nothing final is ever lost: the node is killed at random moments under load, again and again.

MEDNEXUS_KILLS sets the rounds (default 5; `make kill` runs 50).
"""

import json
import os
import random
import signal
import subprocess
import time
import urllib.error

import ledger
from conftest import BINARIES, Devnet

ROUNDS = int(os.environ.get("MEDNEXUS_KILLS", "5"))
BATCH = 50


class Node:
    """One node process on the home of a local network that was stopped."""

    def __init__(self, home):
        self.home = home
        self.ready = home / "kill-ready.json"
        self.start()

    def start(self):
        self.ready.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [
                BINARIES / "mednexusd", "start", "--home", self.home, "--ready", self.ready, "--set",
                "rpc.listen=127.0.0.1:0", "--set", "operator.listen=127.0.0.1:0", "--set",
                # So that a checkpoint is being written at most moments.
                "storage.checkpoint-seconds=1", "--set", "storage.checkpoint-mebibytes=1",
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while not self.ready.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise RuntimeError(self.process.communicate()[1].decode())
            time.sleep(0.01)
        self.rpc = ledger.Node(f"http://127.0.0.1:{json.loads(self.ready.read_text())['rpc']}")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


def value(answer):
    return answer["value"]


def test_every_final_transaction_survives_kills_under_load(tmp_path):
    seed = int(os.environ.get("MEDNEXUS_SEED", time.time_ns() % 1_000_000))
    print("MEDNEXUS_SEED", seed)
    moments = random.Random(seed)
    devnet = Devnet(tmp_path / "network")
    sender, recipient = devnet.key("clinic"), devnet.key("author")
    asset = ledger.from_bech32m(devnet.node.call("asset_list")["items"][0]["asset"]["id"])
    network = bytes.fromhex(devnet.network["network"])
    address = ledger.bech32m("tmnx", sender.address)
    devnet.stop()

    final, roots = {}, {}
    node = Node(tmp_path / "network" / "node-a")
    for _ in range(ROUNDS):
        sequence = value(node.rpc.call("account_sequence", address=address))["sequence"]
        end = time.monotonic() + moments.uniform(0.02, 0.9)
        sent = []
        while time.monotonic() < end:
            batch = []
            for _ in range(BATCH):
                operation = ledger.transfer(asset, recipient.address, 1)
                data, digest = ledger.transaction(network, sender, sequence, [operation])
                batch.append(data.hex())
                sent.append(digest.hex())
                sequence += 1
            node.rpc.call("tx_submitMany", transactions=batch)
            for digest in [sent[0], sent[len(sent) // 2], sent[-1]]:
                status = value(node.rpc.call("tx_status", hash=digest))
                if status["state"] == "final":
                    final[digest] = (status["height"], status["blockHash"])
        head = value(node.rpc.call("chain_head"))
        roots[head["height"]] = head["stateRoot"]
        node.kill()
        node.start()
        after = value(node.rpc.call("chain_head"))
        assert after["height"] >= head["height"]
        for digest, where in list(final.items())[-200:]:
            status = value(node.rpc.call("tx_status", hash=digest))
            assert (status["height"], status["blockHash"]) == where, (seed, digest)
    for digest, where in final.items():
        status = value(node.rpc.call("tx_status", hash=digest))
        assert status["state"] == "final" and (status["height"], status["blockHash"]) == where, (seed, digest)
    for height, root in roots.items():
        assert value(node.rpc.call("chain_header", height=height))["stateRoot"] == root
    assert len(final) >= ROUNDS
    home = tmp_path / "network" / "node-a"
    in_use = subprocess.run([BINARIES / "mednexusd", "reindex", "--home", home], capture_output=True, text=True)
    assert in_use.returncode == 8, in_use.stdout + in_use.stderr
    node.process.send_signal(signal.SIGTERM)
    assert node.process.wait(30) == 0
    verified = subprocess.run(
        [BINARIES / "mednexusd", "verify", "--home", tmp_path / "network" / "node-a"], capture_output=True, text=True)
    print(verified.stdout)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    # After all kills the indexes are what state and blocks imply, and making them anew changes none of them.
    for arguments in [["--check"], [], ["--check"]]:
        done = subprocess.run(
            [BINARIES / "mednexusd", "reindex", "--home", home, *arguments], capture_output=True, text=True)
        print(done.stdout)
        assert done.returncode == 0 and "Nothing had to be changed" in done.stdout, done.stdout + done.stderr
