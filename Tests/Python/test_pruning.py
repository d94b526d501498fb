"""A node that keeps the last blocks only: what stays, what is answered below, and who else helps a newcomer."""

import subprocess

import pytest

import ledger
from conftest import BINARIES
from network import Load, Member, Network, until

KEEP = 1000
EPOCH = 40


def join(network, name, *peers):
    home = network.folder / name
    words = [word for peer in peers for word in ("--peer", peer.contact)]
    done = subprocess.run(
        [
            BINARIES / "mednexusd", "join", "--observer", "--home", home, "--genesis", network.folder / "genesis.json",
            "--genesis-hash", network.network_id.hex(), *words,
        ],
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return home


def reason(call):
    with pytest.raises(ledger.RPCError) as refused:
        call()
    return refused.value.data.get("reason")


def test_a_pruned_node_serves_restarts_and_does_not_keep_newcomers_from_syncing(tmp_path):
    with Network(tmp_path / "network", 1, settings=["consensus.batch-milliseconds=0"]) as network:
        pruned = network.members[0]
        archive = network.add("archive", join(network, "archive", pruned))
        pruned.stop()
        pruned.start([f"storage.keep-blocks={KEEP}"])
        with Load(network, batch=1) as load:
            first = None
            while pruned.height() < KEEP + 300:
                network.await_height(pruned.height() + 50, [pruned], 120)
                first = first or next(iter(load.final), None)
        head = pruned.height()
        # As much as the setting says, and the transaction's worth that is not due yet.
        until(lambda: pruned.status()["lowestBlock"] > head - KEEP - 64, 30, lambda: str(pruned.status()))
        lowest = pruned.status()["lowestBlock"]
        assert lowest <= head - KEEP + 1 and archive.status().get("lowestBlock", 0) == 0
        shown = subprocess.run(
            [BINARIES / "mednexusd", "status", "--node", f"http://127.0.0.1:{pruned.rpc.port}"], capture_output=True,
            text=True, timeout=60)
        assert f"from {lowest} on" in shown.stdout, shown.stdout

        def is_answered(member):
            for height in (0, 1, lowest - 1, lowest, head):
                kept = height >= member.status().get("lowestBlock", 0)
                assert member.rpc.value("chain_header", height=height)["height"] == height
                if kept:
                    assert member.rpc.value("chain_block", height=height)["header"]["height"] == height
                else:
                    assert reason(lambda: member.rpc.call("chain_block", height=height)) == "pruned", height
            # Where it is final is known for good, in which block; its bytes are gone with the block.
            status = member.rpc.value("tx_status", hash=first)
            assert (status["state"], status["height"]) == ("final", load.final[first][0])
            if member is pruned:
                assert reason(lambda: member.rpc.call("tx_get", hash=first)) == "pruned"

        is_answered(pruned)
        is_answered(archive)
        # Killed and started again it goes on; without the setting nothing more is removed.
        pruned.kill()
        pruned.start()
        is_answered(pruned)
        # A newcomer that knows both gets from the one what the other lacks.
        newcomer = network.add("newcomer", join(network, "newcomer", pruned, archive))
        network.await_height(head, [newcomer], 120)
        network.compare([archive, newcomer])
        assert "peer banned" not in newcomer.log.read_text()
        # One that knows only the pruned node says why it waits.
        alone = Member(network, len(network.members), "alone", join(network, "alone", pruned))
        network._release_ports()
        network.members.append(alone)
        alone.start([f"p2p.peers={pruned.contact}"])
        def why():
            status = alone.status()
            return not status["isReady"] and "no connected peer has block 1" in status["notReadyBecause"]

        until(why, 30, lambda: str(alone.status()))
        assert "no connected peer has block 1" in alone.operator.get("/readyz")[1]
        for member in network.members:
            member.stop()
        assert "Verified" in verify(archive)
        said = verify(pruned)
        assert f"blocks below {lowest} were pruned" in said and "headers" in said, said


def verify(member):
    done = subprocess.run(
        [BINARIES / "mednexusd", "verify", "--home", member.home], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("value, code", [("999", 3), ("1", 3), ("-1", 3), ("many", 3)])
def test_too_few_blocks_are_refused_with_the_reason(tmp_path, value, code):
    done = subprocess.run(
        [BINARIES / "mednexusd", "config", "show", "--home", tmp_path, "--set", f"storage.keep-blocks={value}"],
        capture_output=True, text=True, timeout=60)
    assert done.returncode == code and "1000" in done.stderr, done.stderr
