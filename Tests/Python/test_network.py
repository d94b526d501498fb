"""Four real validators: whatever happens to one of them, the others go on and it comes back; nothing final is lost.

The tests with cut links need root and /dev/net/tun (see network.Relay); the others run everywhere.
"""

import subprocess
import time

import pytest

import ledger
from network import BINARIES, Load, Network, Relay, until

BLOCKS = 5


@pytest.fixture(scope="module")
def loopback(tmp_path_factory):
    with Network(tmp_path_factory.mktemp("network") / "four") as network, Load(network) as load:
        network.await_height(3)
        yield network, load
        finish(network, load)


@pytest.fixture(scope="module")
def namespaces(tmp_path_factory):
    with Relay(4, delay=5) as relay, Network(tmp_path_factory.mktemp("network") / "cut", relay=relay) as network:
        with Load(network) as load:
            network.await_height(3)
            yield network, load
            finish(network, load)


def finish(network, load):
    """What was final anywhere is final everywhere, in the same blocks, and each chain replays."""
    load.stop()
    network.await_height(network.highest())
    network.compare()
    for member in network.members:
        load.check(member)
        member.stop()
        member.verify()


def progress(network, members=None, blocks=BLOCKS, seconds=60):
    """These members (default: all that are up) get so many more final blocks."""
    network.await_height(network.highest() + blocks, members, seconds)


def others(network, member):
    return [other for other in network.members if other is not member]


def await_vote(network, member, seconds=180):
    """Another sees a vote of this member in a view that it enters from now on. Views begin anew in each epoch."""
    witness = others(network, member)[0]

    def place():
        status = witness.status()
        return status["epoch"], status["view"]

    start = place()

    def has_voted():
        epoch, vote = place()[0], witness.votes()[member.name]
        return vote is not None and (epoch, vote) > start and place()[0] == epoch

    until(
        has_voted, seconds,
        lambda: f"a vote of {member.name} after (epoch, view) {start}: {place()}, {witness.votes()}; "
        f"{network.describe()}\n{member.tail()}")


def finalizes_nothing(network, members, seconds=6):
    """Blocks that were under way may still become final; after that none does for so long."""
    height = -1
    deadline = time.monotonic() + 20
    steady = time.monotonic()
    while time.monotonic() - steady < seconds:
        assert time.monotonic() < deadline, f"blocks still become final: {network.describe()}"
        now = max(member.height() for member in members)
        if now != height:
            height, steady = now, time.monotonic()
        time.sleep(0.1)
    return height


@pytest.mark.parametrize("index", range(4))
def test_any_one_may_be_killed(loopback, index):
    network, load = loopback
    member = network.members[index]
    member.kill()
    progress(network, others(network, member))
    member.start()
    progress(network)
    await_vote(network, member)
    network.compare()
    load.check(member, last=50)


@pytest.mark.parametrize("index", range(4))
def test_any_one_may_be_suspended(loopback, index):
    network, _ = loopback
    member = network.members[index]
    member.suspend()
    progress(network, others(network, member))
    member.resume()
    progress(network)
    await_vote(network, member)
    network.compare()


def test_one_may_be_stopped_in_order_and_come_back(loopback):
    network, load = loopback
    member = network.members[1]
    member.stop()
    progress(network, others(network, member))
    member.start()
    progress(network)
    await_vote(network, member)
    load.check(member, last=50)


def test_one_may_lose_its_disk_and_votes_again_after_watching_an_epoch(loopback):
    network, load = loopback
    member = network.members[2]
    member.kill()
    member.wipe()
    progress(network, others(network, member))
    member.recover_guard()
    member.start()
    progress(network)
    await_vote(network, member)
    member.compared = 0
    network.compare()
    load.check(member)


def test_all_killed_at_once_resume(loopback):
    network, load = loopback
    before = network.compare()
    for member in network.members:
        member.process.kill()
    for member in network.members:
        member.kill()
    network.start()
    progress(network)
    for member in network.members:
        member.compared = 0
        load.check(member)
    network.compare(known=before)


def test_with_two_down_nothing_becomes_final_and_it_resumes_when_they_return(loopback):
    network, _ = loopback
    down, up = network.members[:2], network.members[2:]
    for member in down:
        member.kill()
    finalizes_nothing(network, up)
    reasons = until(
        lambda: [reason for member in up if (reason := member.status().get("stalledBecause"))], 60,
        lambda: f"status says why the chain stalls: {network.describe()}")
    assert any("2 of 4 unreachable" in reason and "need 3" in reason for reason in reasons), reasons
    assert all(member.name in reasons[0] for member in down), reasons
    for member in down:
        member.start()
    progress(network)
    network.compare()


def test_a_validator_behind_a_firewall_votes_by_connections_that_it_made(loopback):
    network, _ = loopback
    member = network.members[3]
    member.stop()
    member.start(["p2p.listen=", "p2p.advertise="])
    progress(network)
    await_vote(network, member)
    member.stop()
    member.start()
    progress(network)


def test_an_observer_follows_serves_and_forwards(loopback):
    network, load = loopback
    home = network.folder / "observer"
    joined = subprocess.run(
        [
            BINARIES / "mednexusd", "join", "--observer", "--home", home, "--genesis", network.folder / "genesis.json",
            "--genesis-hash", network.network_id.hex(), "--peer", network.members[0].contact,
        ],
        capture_output=True, text=True, timeout=60)
    assert joined.returncode == 0, joined.stderr
    observer = network.add("observer", home)
    try:
        network.await_height(network.highest() + BLOCKS, [observer])
        assert not observer.status()["isValidator"]
        network.compare([observer, network.members[0]])
        load.check(observer)
        # A payment that only the observer was given reaches a leader.
        sender, recipient = network.key("developer"), network.key("author")
        address = ledger.bech32m("tmnx", sender.address)
        sequence = observer.rpc.value("account_sequence", address=address)["sequence"]
        operation = ledger.transfer(load.asset, recipient.address, 1)
        data, digest = ledger.transaction(network.network_id, sender, sequence, [operation])
        observer.rpc.call("tx_submit", bytes=data.hex())
        until(
            lambda: observer.rpc.value("tx_status", hash=digest.hex())["state"] == "final", 30,
            lambda: f"the observer's payment is final: {network.describe()}")
        observer.stop()
        observer.verify()
    finally:
        network.members.remove(observer)
        if observer.alive:
            observer.kill()


@pytest.mark.parametrize("index", [0, 3])
def test_any_one_may_be_disconnected(namespaces, index):
    network, load = namespaces
    member = network.members[index]
    network.relay.isolate(index)
    progress(network, others(network, member))
    network.relay.rejoin(index)
    progress(network, seconds=120)
    await_vote(network, member)
    network.compare()
    load.check(member, last=50)


def test_a_link_between_two_may_be_dead_in_one_direction(namespaces):
    network, _ = namespaces
    network.relay.command("cut-one", 0, 1)
    progress(network, others(network, network.members[1]))
    progress(network, seconds=120)
    network.relay.command("heal")
    progress(network)
    network.compare()


def test_a_network_in_halves_stands_still_and_joins_again(namespaces):
    network, _ = namespaces
    for near in (0, 1):
        for far in (2, 3):
            network.relay.command("cut", near, far)
    finalizes_nothing(network, network.members)
    network.relay.command("heal")
    progress(network, seconds=120)
    network.compare()


def test_a_lossy_network_goes_on(namespaces):
    network, _ = namespaces
    network.relay.command("loss", 0.1)
    progress(network, seconds=120)
    network.relay.command("loss", 0)
    progress(network)
    network.compare()
