"""State sync at size: how long a node without a ledger takes, beside copying the bytes; killed again and again; of a
state of which nearly everything lies in one place; and beside a peer that is slow on purpose.

    MEDNEXUS_STATE_ENTRIES=1000000 pytest test_state_sync.py     (make state-sync ENTRIES=1000000)
"""

import contextlib
import json
import os
import pathlib
import queue
import random
import shutil
import socket
import subprocess
import threading
import time

import coincurve
import pytest

import bolt8
import proofs
import snapshots as snapshot_verifier
from network import BINARIES, RPC, until

ENTRIES = int(os.environ.get("MEDNEXUS_STATE_ENTRIES", "60000"))


def free_port():
    with socket.socket() as reservation:
        reservation.bind(("127.0.0.1", 0))
        return reservation.getsockname()[1]


class Node:
    def __init__(self, home):
        self.home, self.ready, self.log = pathlib.Path(home), pathlib.Path(home) / "ready.json", pathlib.Path(home) / "log.txt"
        self.p2p, self.process, self.rpc = free_port(), None, None

    def launch(self, *settings):
        self.ready.unlink(missing_ok=True)
        chosen = [
            "rpc.listen=127.0.0.1:0", "operator.listen=127.0.0.1:0", f"p2p.listen=127.0.0.1:{self.p2p}", *settings]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [
                    BINARIES / "mednexusd", "start", "--home", self.home, "--ready", self.ready, "--with-parent",
                    *(word for setting in chosen for word in ("--set", setting)),
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    def await_ready(self, seconds=300):
        def is_ready():
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            return self.ready.exists()

        until(is_ready, seconds, lambda: self.log.read_text()[-3000:])
        self.rpc = RPC(json.loads(self.ready.read_text())["rpc"])

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(120) == 0, self.log.read_text()[-3000:]

    @property
    def contact(self):
        secret = bytes.fromhex((self.home / "transport.key").read_text().strip())
        key = coincurve.PrivateKey(secret).public_key.format(compressed=True).hex()
        return f"{key}@127.0.0.1:{self.p2p}"


def snapshots(node):
    return [path.parent for path in (node.home / "snapshots").glob("*/manifest")]


@contextlib.contextmanager
def validator(folder, *options):
    """A validator with a state that was built in bulk, and a snapshot of it."""
    if not (BINARIES / "mednexus-bench").exists():
        subprocess.run(
            ["swift", "build", "-c", "release", "--product", "mednexus-bench"], cwd=BINARIES.parents[1], check=True,
            stdout=subprocess.DEVNULL)
    subprocess.run(
        [BINARIES / "mednexus-bench", "growth-build", folder, "--short-epochs", *options], check=True,
        stdout=subprocess.DEVNULL)
    node = Node(folder / "node")
    # One snapshot, and no other that would take the disk's time.
    node.launch("snapshots.minutes=100000")
    try:
        node.await_ready()
        until(lambda: snapshots(node), 300, lambda: node.log.read_text()[-3000:])
        yield node
        node.stop()
    finally:
        if node.process.poll() is None:
            node.kill()


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    with validator(tmp_path_factory.mktemp("state-sync"), "--entries", str(ENTRIES)) as node:
        yield node


def joiner(source, name):
    home = source.home.parent / name
    done = subprocess.run(
        [
            BINARIES / "mednexusd", "join", "--home", home, "--genesis", source.home / "genesis.json", "--genesis-hash",
            source.rpc.value("node_status")["network"], "--peer", source.contact, "--observer",
        ], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return Node(home)


def caught_up(node, source):
    return node.rpc.value("chain_head")["height"] >= source.rpc.value("chain_head")["height"] - 1


def same_state(node, source):
    height = min(one.rpc.value("chain_head")["height"] for one in (node, source))
    return len({one.rpc.value("chain_header", height=height)["stateRoot"] for one in (node, source)}) == 1


def copy_seconds(source, target):
    """Copying the bytes of the store, durable, is what nobody can beat."""
    started = time.monotonic()
    target.mkdir()
    for name in ("state", "log"):
        data = target / f"{name}.mdb"
        subprocess.run(["cp", "--sparse=never", source.home / "ledger" / name / "data.mdb", data], check=True)
        with open(data, "rb+") as file:
            os.fsync(file.fileno())
    seconds = time.monotonic() - started
    shutil.rmtree(target)
    return seconds


def test_as_fast_as_copying_allows(source):
    copied = copy_seconds(source, source.home.parent / "copied")
    node = joiner(source, "fast")
    started = time.monotonic()
    node.launch("sync.mode=snapshot", "snapshots.keep=0")
    try:
        node.await_ready()
        serving = time.monotonic() - started
        until(lambda: node.rpc.value("node_status")["isReady"] and caught_up(node, source), 120, node.log.read_text)
        synced = time.monotonic() - started
        assert same_state(node, source)
        assert "the state is taken" in node.log.read_text()
        size = sum(path.stat().st_size for path in (source.home / "ledger").glob("*/data.mdb"))
        transferred = sum(path.stat().st_size for path in snapshots(source)[0].glob("chunk-*"))
        print(
            f"\n{ENTRIES} entries, {size} bytes on disk, {transferred} in chunks: copied in {copied:.2f} s, state taken"
            f" in {serving:.2f} s, ready in {synced:.2f} s: {synced / copied:.1f} times copying")
        node.stop()
    finally:
        if node.process.poll() is None:
            node.kill()
    done = subprocess.run(
        [BINARIES / "mednexusd", "reindex", "--check", "--home", node.home], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.rmtree(node.home)


def test_killed_at_any_instant(source):
    """What a kill interrupts goes on at the next start; in the end the state is the same."""
    choice = random.Random(4)
    node = joiner(source, "killed")
    resumed = 0
    try:
        for _ in range(12):
            node.launch("sync.mode=snapshot", "snapshots.keep=0")
            time.sleep(choice.uniform(0.05, 0.6) * max(1, ENTRIES / 60000))
            if node.ready.exists():
                break
            node.kill()
        else:
            node.launch("sync.mode=snapshot", "snapshots.keep=0")
        node.await_ready()
        until(lambda: caught_up(node, source), 120, node.log.read_text)
        assert same_state(node, source)
        text = node.log.read_text()
        resumed = sum(
            "a snapshot is taken from peers" in line and " from=0 " not in line + " " for line in text.splitlines())
        print(f"\nresumed {resumed} times")
        node.stop()
        done = subprocess.run(
            [BINARIES / "mednexusd", "verify", "--home", node.home], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        if node.process.poll() is None:
            node.kill()


def test_everything_in_one_place(tmp_path):
    """Nine mebibytes of one vault between a few hundred other entries: cut, taken over the network, and from a disk."""
    with validator(tmp_path, "--entries", "400", "--crowded", "100000") as source:
        chunks = [path.stat().st_size for path in snapshots(source)[0].glob("chunk-*")]
        assert sum(chunks) > 8 << 20 and max(chunks) < 516 << 10, chunks
        assert len(chunks) <= 2 * sum(chunks) // (512 << 10) + 1
        disk = tmp_path / "disk"
        run("snapshot", "export", "--home", source.home, disk)
        verified_by_a_stranger(source, disk)
        synced, imported = joiner(source, "synced"), joiner(source, "imported")
        run("snapshot", "import", "--home", imported.home, disk)
        for node, settings in ((synced, ["sync.mode=snapshot"]), (imported, [])):
            try:
                node.launch(*settings, "snapshots.keep=0")
                node.await_ready()
                until(lambda: caught_up(node, source), 120, node.log.read_text)
                assert same_state(node, source)
                assert ("the state is taken" in node.log.read_text()) == (node is synced)
                node.stop()
            finally:
                if node.process.poll() is None:
                    node.kill()
            run("reindex", "--check", "--home", node.home)


class SlowPeer:
    """Offers a true snapshot, and sends a chunk of it now and then: often enough not to be taken for dead."""

    SNAPSHOT_REQUEST, SNAPSHOT, CHUNK_REQUEST, CHUNK = 17, 18, 19, 20

    def __init__(self, genesis, folder, seconds):
        self.folder, self.seconds, self.sent = folder, seconds, 0
        self.waiting, self.sending = queue.Queue(), threading.Lock()
        self.listener = bolt8.Listener(genesis, self.answer)
        threading.Thread(target=self.send, daemon=True).start()

    def answer(self, connection, channel, message):
        # The node that runs later says more.
        if message[1] not in (self.SNAPSHOT_REQUEST, self.CHUNK_REQUEST):
            return
        kind, body = proofs.decode(message, "message")
        if kind == self.SNAPSHOT_REQUEST:
            with self.sending:
                connection.message(channel, bytes([0x82, self.SNAPSHOT]) + (self.folder / "manifest").read_bytes())
        else:
            self.waiting.put((connection, channel, body))

    def send(self):
        while request := self.waiting.get():
            connection, channel, position = request
            chunk = (self.folder / f"chunk-{position[1]}").read_bytes()
            # Whoever asked may be gone.
            with contextlib.suppress(OSError), self.sending:
                connection.message(channel, proofs.encode([self.CHUNK, [position, chunk]]))
                self.sent += 1
            time.sleep(self.seconds)

    def close(self):
        self.waiting.put(None)
        self.listener.close()


def test_who_sends_a_chunk_now_and_then_is_left(tmp_path):
    """It alone is there when the node begins; who is fast comes later, with another snapshot."""
    with validator(tmp_path, "--entries", "60000") as source:
        [first] = snapshots(source)
        old = shutil.copytree(first, tmp_path / "old")
        assert len(list(old.glob("chunk-*"))) > 10
        genesis = bytes.fromhex(source.rpc.value("node_status")["network"])
        slow = SlowPeer(genesis, old, 25)
        node = joiner(source, "patient")
        source.stop()
        shutil.rmtree(first)
        try:
            node.launch(
                "sync.mode=snapshot", "snapshots.keep=0", f"p2p.peers={slow.listener.contact},{source.contact}")
            until(lambda: "a snapshot is taken from peers" in node.log.read_text(), 60, node.log.read_text)
            began = time.monotonic()
            source.launch("snapshots.minutes=100000")
            source.await_ready()
            until(lambda: snapshots(source), 300, lambda: source.log.read_text()[-3000:])
            node.await_ready()
            until(lambda: caught_up(node, source), 120, node.log.read_text)
            seconds = time.monotonic() - began
            text = node.log.read_text()
            assert "the snapshot comes slowly: another that is offered is tried" in text
            assert same_state(node, source)
            print(f"\n{slow.sent} chunks of the slow peer, done after {seconds:.0f} s")
            assert slow.sent >= 2 and seconds < 180
            node.stop()
        finally:
            slow.close()
            if node.process.poll() is None:
                node.kill()


def verified_by_a_stranger(source, folder):
    """Every chunk by the verifier that was written from the page; and none that lacks an entry, or has another."""
    genesis = bytes.fromhex(source.rpc.value("chain_header", height=0)["hash"])
    state = snapshot_verifier.verify(folder, 0, genesis)
    manifest = proofs.decode((folder / "manifest").read_bytes(), "manifest")
    assert len(state.entries) == manifest[4] > 100_000
    ranges = snapshot_verifier.ranges(manifest[3])
    for index in (0, len(ranges) // 2, len(ranges) - 1):
        siblings, entries = proofs.decode((folder / f"chunk-{index}").read_bytes(), "chunk")

        def is_refused(siblings, entries, place=ranges[index]):
            try:
                snapshot_verifier.verify_chunk(proofs.encode([siblings, entries]), *place, state.header.state_root)
            except proofs.ProofError:
                return True
            return False

        assert not is_refused(siblings, entries)
        middle = len(entries) // 2
        assert is_refused(siblings, entries[:middle] + entries[middle + 1:])
        assert is_refused(siblings, entries[:-1]) and is_refused(siblings, entries[1:]) and is_refused(siblings, [])
        assert is_refused(siblings, [*entries[:-1], [entries[-1][0], entries[-1][1] + b"!"]])
        assert is_refused(siblings[:-1], entries) and is_refused([*siblings, siblings[0]], entries)
        assert all(is_refused(siblings, entries, place) for place in ranges if place != ranges[index])


def run(*arguments):
    done = subprocess.run([BINARIES / "mednexusd", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
