"""A network that can't vote any more begins a new epoch by what a quorum of its validators sign on their machines."""

import json
import shutil
import subprocess

import cbor2
import coincurve

import ledger
from network import BINARIES, Network, until


def run(*arguments):
    return subprocess.run([BINARIES / "mednexusd", *map(str, arguments)], capture_output=True, text=True, timeout=120)


def good(*arguments):
    done = run(*arguments)
    assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def refused(code, said, *arguments):
    done = run(*arguments)
    assert done.returncode == code and said in done.stderr, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"


def sign(member, out, *others, number=None):
    given = [word for other in others for word in ("--with", other)]
    given += ["--epoch", number] if number else []
    return good("epoch", "restart", "sign", "--home", member.home, "--no-other-copy", *given, "--out", out)


def lose_guard(member):
    shutil.rmtree(member.home / "guard")
    member.recover_guard()


def pay(network, amount):
    network.environment["MEDNEXUS_NODE"] = network.members[-1].rpc.url
    """One transaction becomes final; `amount` tells it from the others."""
    network.wallet("revenue", "transfer", f"{amount}.00", "--to", "clinic", "--asset", "EURX", "--from", "author", "--yes")


def check_restart(network, member, height):
    """By the schema's words alone: who signed that the epoch begins here, and that the header commits to it."""
    block = bytes.fromhex(member.rpc.value("chain_block", height=height)["encodedBlock"])
    header, _, evidence, restart = cbor2.loads(block)
    number, last, signatures = restart
    assert (number, last) == (header[5], header[3])
    assert header[10] == ledger.merkle_root([cbor2.dumps(one) for one in [*evidence, restart]])
    message = ledger.tagged_hash("mednexus/epoch-restart", cbor2.dumps([network.network_id, number, last]))
    genesis = json.loads((network.folder / "genesis.json").read_text())
    keys = [ledger.from_bech32m(one["key"]) for one in genesis["governance"]["validators"]]
    assert len(signatures) == 3
    for validator, signature in signatures:
        assert coincurve.PublicKeyXOnly(keys[validator]).verify(signature, message)


def epoch(member):
    return member.status()["epoch"]


def test_the_only_validator_lost_its_guard(tmp_path):
    with Network(tmp_path / "network", 1) as network:
        only = network.members[0]
        pay(network, 1)
        height = only.height()
        refused(8, "", "epoch", "restart", "sign", "--home", only.home, "--no-other-copy", "--out", tmp_path / "r")
        only.stop()
        lose_guard(only)
        only.start()
        until(lambda: only.height() == height, 10, "the chain as it was")
        only.stop()
        refused(2, "no other machine", "epoch", "restart", "sign", "--home", only.home, "--out", tmp_path / "r")
        assert "A quorum has signed" in sign(only, tmp_path / "r")
        good("epoch", "restart", "apply", "--home", only.home, tmp_path / "r")
        only.start()
        pay(network, 2)
        assert only.height() > height and epoch(only) == 1
        # A start later nothing is left of it.
        only.kill()
        only.start()
        pay(network, 3)
        only.stop()
        only.start()
        assert not (only.home / "epoch-restart").exists()
        only.stop()
        only.verify()
        refused(3, "has begun already", "epoch", "restart", "apply", "--home", only.home, tmp_path / "r")


def test_a_quorum_lost_its_guards_and_the_others_follow(tmp_path):
    with Network(tmp_path / "network", 4) as network:
        a, b, c, d = network.members
        pay(network, 4)
        network.await_height(network.highest())
        for member in (a, b):
            member.stop()
            lose_guard(member)
            member.start()
        until(lambda: a.status()["peerCount"] == 3 and b.status()["peerCount"] == 3, 60, network.describe)
        until(lambda: a.status()["watchesThroughEpoch"] == 1, 30, lambda: a.status())
        height = network.highest()
        network.await_height(height)
        for member in (b, c, d):
            member.stop()
        files = [tmp_path / f"r{number}" for number in range(3)]
        # An earlier restart came to nothing, and its numbers are used up.
        assert "Hand" in sign(b, files[0], number=4)
        assert "Hand" in sign(c, files[1], files[0])
        refused(3, "it takes 3", "epoch", "restart", "apply", "--home", b.home, files[1])
        # Somebody spoils another's signature on the way: what is bad is left out, and does not spoil the rest.
        spoilt = tmp_path / "spoilt"
        spoilt.write_bytes(files[1].read_bytes()[:-10] + bytes(10))
        assert "signed     2 of 4" in sign(d, tmp_path / "without-c", spoilt)
        damaged = tmp_path / "damaged"
        damaged.write_bytes(files[1].read_bytes()[:-3])
        refused(3, "no file of an epoch's restart", "epoch", "restart", "apply", "--home", b.home, damaged)
        said = sign(d, files[2], files[1])
        assert "A quorum has signed" in said and "signed     3 of 4" in said, said
        good("epoch", "restart", "apply", "--home", b.home, files[2])
        assert "Taken back" in good("epoch", "restart", "discard", "--home", b.home)
        refused(2, "no restart was applied", "epoch", "restart", "discard", "--home", b.home)
        for member in (b, c, d):
            good("epoch", "restart", "apply", "--home", member.home, files[2])
            member.start()
        # a was told nothing, and runs as it ran: the chain tells it. The epoch that its key was to watch never came.
        pay(network, 5)
        until(lambda: all(epoch(member) == 4 for member in network.members), 60, network.describe)
        until(lambda: a.status()["watchesThroughEpoch"] == 5, 30, lambda: a.status())
        network.await_height(height + 1)
        network.compare()
        check_restart(network, c, height + 1)
        # Who comes later, from nothing, verifies its way over the restart.
        d.stop()
        d.wipe(guard=False)
        d.start()
        network.await_height(network.highest())
        network.compare()
        for member in network.members:
            member.stop()
            member.verify()
