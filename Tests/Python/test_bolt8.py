"""Somebody else's BOLT-8 completes the handshake with a running node; a scanner that lacks its key or network fails."""

import os
import time

import coincurve
import pytest

from bolt8 import Peer
from network import Network, until


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    with Network(tmp_path_factory.mktemp("bolt8") / "network", validators=1) as network:
        yield network.members[0]


def dial(node, secret=None, genesis=None, key=None, version=1):
    return Peer(
        node.p2p, key or bytes.fromhex(node.transport_key), genesis or node.network.network_id,
        secret or coincurve.PrivateKey().secret, version)


def test_core_lightnings_handshake_and_messages_work(node):
    with dial(node) as peer:
        peer.shake()
        for _ in range(3):
            data = os.urandom(8)
            peer.ping(data)
            peer.await_pong(data)
        until(lambda: node.metric("mednexus_p2p_peers") == 1, 5, "the node counts the peer")


def test_keys_change_after_500_messages_in_both_directions(node):
    with dial(node) as peer:
        peer.shake()
        for number in range(520):
            # A hundred at once, then twenty a second: more would be a flood.
            if number > 90:
                time.sleep(0.055)
            peer.ping(number.to_bytes(8, "big"))
            peer.await_pong(number.to_bytes(8, "big"))


@pytest.mark.parametrize("wrong", ["key", "genesis", "version"])
def test_a_stranger_gets_no_byte(node, wrong):
    failed = node.metric("mednexus_p2p_handshakes_failed_total")
    arguments = {
        "key": {"key": coincurve.PrivateKey().public_key.format(compressed=True)},
        "genesis": {"genesis": os.urandom(32)}, "version": {"version": 2},
    }[wrong]
    with dial(node, **arguments) as peer:
        peer.socket.sendall(peer.handshake_act_one_initiator())
        # Not even act two: nothing tells a scanner what listens here.
        assert peer.socket.recv(1) == b""
    # Counted behind the close.
    until(lambda: node.metric("mednexus_p2p_handshakes_failed_total") > failed, 5, "the failure is counted")


def test_act_three_must_prove_the_callers_key(node):
    with dial(node) as peer:
        peer.socket.sendall(peer.handshake_act_one_initiator())
        peer.handshake_act_two_initiator(peer.connection.recv(50))
        third = bytearray(peer.handshake_act_three_initiator())
        third[-1] ^= 1
        peer.socket.sendall(third)
        assert peer.is_closed()
