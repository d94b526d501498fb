"""What waits at a stop is there after a start, and a suspended node goes on when it wakes."""

import signal
import time

import ledger
from conftest import Devnet
from test_kill import Node, value


def test_the_pool_survives_a_restart_and_a_gap_is_filled_after_it(tmp_path):
    devnet = Devnet(tmp_path / "network")
    sender, recipient = devnet.key("clinic"), devnet.key("author")
    asset = ledger.from_bech32m(devnet.node.call("asset_list")["items"][0]["asset"]["id"])
    network = bytes.fromhex(devnet.network["network"])
    devnet.stop()
    node = Node(tmp_path / "network" / "node-a")

    def payment(sequence):
        return ledger.transaction(network, sender, sequence, [ledger.transfer(asset, recipient.address, 1)])

    # Sequence 1 without 0 can only wait.
    second, second_hash = payment(1)
    node.rpc.call("tx_submit", bytes=second.hex())
    assert value(node.rpc.call("tx_status", hash=second_hash.hex()))["state"] == "pending"
    node.process.send_signal(signal.SIGTERM)
    assert node.process.wait(30) == 0

    node.start()
    for _ in range(100):
        if value(node.rpc.call("tx_status", hash=second_hash.hex()))["state"] == "pending":
            break
        time.sleep(0.05)
    first, first_hash = payment(0)
    node.rpc.call("tx_submit", bytes=first.hex())
    for digest in (first_hash, second_hash):
        for _ in range(100):
            status = value(node.rpc.call("tx_status", hash=digest.hex()))
            if status["state"] == "final":
                break
            time.sleep(0.05)
        assert status["state"] == "final" and status["definitive"], status
    # The same bytes again change nothing.
    assert node.rpc.call("tx_submit", bytes=first.hex())["state"] == "final"
    node.process.send_signal(signal.SIGTERM)
    assert node.process.wait(30) == 0


def test_a_suspended_node_goes_on_when_it_wakes(tmp_path):
    devnet = Devnet(tmp_path / "network")
    sender, recipient = devnet.key("clinic"), devnet.key("author")
    asset = ledger.from_bech32m(devnet.node.call("asset_list")["items"][0]["asset"]["id"])
    network = bytes.fromhex(devnet.network["network"])
    devnet.stop()
    node = Node(tmp_path / "network" / "node-a")
    # Longer than any snapshot lives.
    node.process.send_signal(signal.SIGSTOP)
    time.sleep(33)
    node.process.send_signal(signal.SIGCONT)
    data, digest = ledger.transaction(network, sender, 0, [ledger.transfer(asset, recipient.address, 1)])
    node.rpc.call("tx_submit", bytes=data.hex())
    for _ in range(100):
        if value(node.rpc.call("tx_status", hash=digest.hex()))["state"] == "final":
            break
        time.sleep(0.05)
    else:
        raise AssertionError("not final after the node woke")
    node.process.send_signal(signal.SIGTERM)
    assert node.process.wait(30) == 0
