"""A node begins with a peer's snapshot of the state, or with one from a disk, and goes on with blocks."""

import shutil
import subprocess

import pytest

import proofs
from network import BINARIES, Load, Member, Network, until

SETTINGS = ["snapshots.minutes=0"]


def run(*arguments, status=0):
    done = subprocess.run([BINARIES / "mednexusd", *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def snapshots(member):
    return sorted(
        int(path.parent.name) for path in (member.home / "snapshots").glob("*/manifest") if path.parent.name.isdigit())


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with Network(tmp_path_factory.mktemp("snapshots") / "network", validators=4, settings=SETTINGS) as network:
        with Load(network):
            # Epochs of 40 heights: the second snapshot, and blocks behind it.
            until(lambda: all(len(snapshots(one)) >= 2 for one in network.members), 120, network.describe)
            network.await_height(max(snapshots(network.members[0])) + 5, seconds=60)
        yield network


def home_of(network, name):
    home = network.folder / name
    first = network.members[0]
    run(
        "join", "--home", home, "--genesis", network.folder / "genesis.json", "--genesis-hash",
        network.network_id.hex(), "--peer", first.contact, "--observer")
    return home


def state_of(network, member, height):
    return member.rpc.value("chain_header", height=height)["stateRoot"]


def test_all_take_the_same(network):
    newest = max(set.intersection(*(set(snapshots(one)) for one in network.members)))
    chunks = {
        tuple(sorted((path.name, path.read_bytes()) for path in (one.home / "snapshots" / str(newest)).glob("chunk-*")))
        for one in network.members
    }
    assert len(chunks) == 1
    assert all(len(snapshots(one)) <= 2 for one in network.members)


def test_an_observer_begins_with_a_snapshot(network):
    home = home_of(network, "observer")
    member = Member(network, len(network.members), "observer", home, validator=False)
    network._release_ports()
    member.start(["sync.mode=snapshot"])
    network.members.append(member)
    try:
        text = member.log.read_text()
        assert "a snapshot is taken from peers" in text and "the state is taken" in text, text
        network.await_height(network.highest(), [member], seconds=60)
        height = member.height()
        assert state_of(network, member, height) == state_of(network, network.members[0], height)
        # It never had the blocks before.
        lowest = member.status()["lowestBlock"]
        assert lowest is None or lowest > 40
        answer = member.rpc.raw({"jsonrpc": "2.0", "id": 1, "method": "chain_block", "params": {"height": 5}})
        assert answer["error"]["data"]["reason"] == "pruned", answer
        # It gives evidence from genesis on, though it has no block of then.
        answer = member.rpc.call("chain_header", height=height, prove=True)
        genesis = member.rpc.value("chain_header", height=0)
        proven = proofs.verify(bytes.fromhex(answer["proof"]), 0, bytes.fromhex(genesis["hash"]))
        assert proven.header.height == height
        with Load(network):
            network.await_height(height + 5, [member], seconds=60)
        member.stop()
        member.verify()
        run("reindex", "--home", home, "--check")
        # And it starts again, on what it has.
        member.start(["sync.mode=snapshot"])
        network.await_height(height + 5, [member], seconds=60)
    finally:
        network.members.remove(member)
        if member.alive:
            member.stop()


def test_a_wiped_validator_votes_again(network):
    member = network.members[3]
    member.stop()
    guard = (member.home / "guard").exists()
    shutil.rmtree(member.home / "ledger")
    shutil.rmtree(member.home / "snapshots")
    assert guard
    member.start(["sync.mode=snapshot"])
    assert "the state is taken" in member.log.read_text()
    with Load(network):
        network.await_height(network.highest() + 5, seconds=60)
        view = network.members[0].votes()[member.name]
        until(lambda: (network.members[0].votes()[member.name] or 0) > (view or 0) + 5, 60, network.describe)
    height = min(one.height() for one in network.members)
    assert len({state_of(network, one, height) for one in network.members}) == 1


def test_liars_are_passed_over(network):
    """One peer's chunk is wrong, another has lost its own: the third's is taken."""
    newest = max(set.intersection(*(set(snapshots(one)) for one in network.members[:3])))
    assert all(max(snapshots(one)) == newest for one in network.members[:3]), "nothing runs, so nothing is newer"
    chunks = [one.home / "snapshots" / str(newest) / "chunk-0" for one in network.members[:3]]
    honest = chunks[0].read_bytes()
    for index in range(3):
        wrong, lost = chunks[index], chunks[(index + 1) % 3]
        wrong.write_bytes(honest[:-1] + bytes([honest[-1] ^ 1]))
        lost.unlink()
        name = f"deceived-{index}"
        member = Member(network, len(network.members), name, home_of(network, name), validator=False)
        network._release_ports()
        try:
            member.start(["sync.mode=snapshot", "p2p.peers=" + ",".join(one.contact for one in network.members[:3])])
            text = member.log.read_text()
            assert "the state is taken" in text
            until(lambda: member.height() >= newest, 60, network.describe)
            assert state_of(network, member, newest) == state_of(network, network.members[0], newest)
            member.stop()
        finally:
            if member.alive:
                member.kill()
            for chunk in chunks:
                chunk.write_bytes(honest)


def test_a_snapshot_from_a_disk(network):
    source = network.members[0]
    disk = network.folder / "disk"
    listing = run("snapshot", "list", "--home", source.home)
    assert str(max(snapshots(source))) in listing
    run("snapshot", "export", "--home", source.home, disk)
    run("snapshot", "export", "--home", source.home, disk, status=2)
    home = home_of(network, "from-disk")
    first = source.rpc.value("chain_header", height=0)["hash"]
    # Another checkpoint, a damaged chunk, a missing chunk: refused, and the home is as it was.
    assert "proves nothing" in run("snapshot", "import", "--home", home, "--checkpoint", "0:" + "00" * 32, disk, status=3)
    chunk = next(disk.glob("chunk-*"))
    bytes_ = chunk.read_bytes()
    chunk.write_bytes(bytes_[:-1] + bytes([bytes_[-1] ^ 1]))
    assert "not of the snapshot" in run("snapshot", "import", "--home", home, disk, status=4)
    chunk.unlink()
    assert "lacks chunk" in run("snapshot", "import", "--home", home, disk, status=4)
    # Nothing else touches what was begun.
    for command in ("start", "verify"):
        assert "was interrupted" in run(command, "--home", home, status=3)
    chunk.write_bytes(bytes_)
    run("snapshot", "import", "--home", home, "--checkpoint", "0:" + first, disk)
    assert "already" in run("snapshot", "import", "--home", home, disk, status=3)
    member = Member(network, len(network.members), "from-disk", home, validator=False)
    network._release_ports()
    member.start()
    try:
        until(lambda: member.height() >= network.highest(), 60, network.describe)
    finally:
        member.stop()
    member.verify()


def test_no_peer_has_one(network):
    """Behind a trusted block nothing else will do; without one, blocks are synced."""
    source = network.members[0]
    source.stop()
    shutil.rmtree(source.home / "snapshots")
    source.start(["snapshots.keep=0"])
    network.await_height(1, [source])
    head = source.rpc.value("chain_head")
    member = Member(network, len(network.members), "late", home_of(network, "late"), validator=False)
    network._release_ports()
    only = f"p2p.peers={source.contact}"
    member.launch(["sync.mode=snapshot", f"sync.checkpoint={head['height']}:{head['blockHash']}", only])
    assert member.process.wait(60) == 1
    assert "no peer has a snapshot that follows from block" in member.log.read_text()
    member.start(["sync.mode=snapshot", only])
    try:
        assert "no peer has a snapshot: blocks are synced from genesis" in member.log.read_text()
        until(lambda: member.height() >= head["height"], 60, network.describe)
    finally:
        member.stop()


def test_a_checkpoint_that_is_not_of_the_chain(network):
    source = network.members[1]
    member = Member(network, len(network.members), "wrong", home_of(network, "wrong"), validator=False)
    network._release_ports()
    member.launch(["sync.mode=snapshot", "sync.checkpoint=3:" + "00" * 32, f"p2p.peers={source.contact}"])
    assert member.process.wait(60) == 1
    assert "(1 have others)" in member.log.read_text()
