"""Floods from loopback: memory stays bounded, honest peers notice nothing, offenders are limited and counted."""

import contextlib
import os
import random
import socket
import struct
import threading
import time

import cbor2
import coincurve
import pytest

from bolt8 import BLOCKS, CONSENSUS, SYNC, TRANSACTIONS, Peer
from network import Load, Network, until

MEBIBYTE = 1 << 20
GARBAGE = 3000
# The largest message may be received once for each of a few connections; a leak of 3,000 connections would be more.
MEMORY_MARGIN = 96 * MEBIBYTE
# Length and its tag, frame and its tag.
PONG_BYTES = 18 + 9 + 16


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with Network(tmp_path_factory.mktemp("flood") / "network") as network, Load(network):
        network.await_height(5)
        yield network


@pytest.fixture
def target(network):
    """The attacked node; afterwards it has its honest peers, its memory, and the chain goes on."""
    member = network.members[0]
    memory = member.memory()
    yield member
    network.await_height(network.highest() + 3)
    # Honest connections were never given up for others.
    assert member.status()["peerCount"] >= 3, network.describe()
    assert member.memory() - memory < MEMORY_MARGIN, (memory, member.memory())


def dial(member, secret=None, source="127.0.0.1"):
    peer = Peer(
        member.p2p, bytes.fromhex(member.transport_key), member.network.network_id,
        secret or coincurve.PrivateKey().secret, source=source)
    peer.shake()
    return peer


def is_ended(connection, seconds):
    """Whether the node closes this connection within this time."""
    connection.settimeout(seconds)
    try:
        while connection.recv(4096):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def test_thousands_of_connections_with_garbage(network, target):
    failed = target.metric("mednexus_p2p_handshakes_failed_total")
    start, heights = time.monotonic(), network.highest()
    noise = random.Random(1)
    for _ in range(GARBAGE):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", target.p2p), 10) as connection:
            connection.sendall(noise.randbytes(noise.choice([1, 49, 50, 51, 500, 20_000])))
    seconds = time.monotonic() - start
    until(
        lambda: target.metric("mednexus_p2p_handshakes_failed_total") - failed >= GARBAGE * 0.9, 30,
        lambda: f"failures are counted: {target.metric('mednexus_p2p_handshakes_failed_total') - failed}")
    print(f"{GARBAGE} connections in {seconds:.1f} s; {network.highest() - heights} blocks meanwhile")
    assert network.highest() > heights


@pytest.mark.parametrize("addresses", [1, 60])
def test_half_handshakes_hold_no_place(network, target, addresses):
    """From one address, or from so many that all places for strangers are taken."""
    held = []
    heights = network.highest()
    try:
        for number in range(600):
            with contextlib.suppress(OSError):
                source = (f"127.0.1.{number % addresses + 1}", 0)
                connection = socket.create_connection(("127.0.0.1", target.p2p), 10, source)
                held.append(connection)
                connection.sendall(bytes(25))
        # While they wait, an honest newcomer is served…
        with dial(target, source="127.0.0.2") as peer:
            peer.ping(b"honestly")
            peer.await_pong(b"honestly")
        # … and all are ended soon after the five seconds that a handshake may take.
        deadline = time.monotonic() + 15
        assert all(is_ended(connection, max(0.1, deadline - time.monotonic())) for connection in held)
        assert network.highest() > heights
    finally:
        for connection in held:
            connection.close()


OVERSIZE = {
    "a message of 2 GiB is announced": lambda peer: peer.fragment(CONSENSUS, bytes(100), 1 << 31, last=False),
    "a message above its channel's limit": lambda peer: peer.fragment(CONSENSUS, bytes(100), (1 << 20) + 1, last=False),
    "a message above the protocol's limit": lambda peer: peer.fragment(SYNC, bytes(100), (8 << 20) + 1, last=False),
    "more bytes than announced": lambda peer: peer.fragment(BLOCKS, bytes(1000), 10),
    "a fragment of nothing begun": lambda peer: peer.fragment(BLOCKS, bytes(10), first=False),
    "an unknown frame": lambda peer: peer.send_message(b"\xff" + bytes(20)),
    "an unknown channel": lambda peer: peer.fragment(9, bytes(10)),
    "credit beyond any window": lambda peer: peer.send_message(b"\x01\x00" + struct.pack(">I", 0xFFFF_FFFF)),
    "an empty frame": lambda peer: peer.send_message(b""),
}


@pytest.mark.parametrize("case", OVERSIZE)
def test_what_breaks_the_framing_ends_the_connection_and_bans_the_key(target, case):
    secret = coincurve.PrivateKey().secret
    banned = target.metric("mednexus_p2p_banned_total")
    with dial(target, secret) as peer:
        with contextlib.suppress(OSError):
            OVERSIZE[case](peer)
        assert peer.is_closed(), case
    until(lambda: target.metric("mednexus_p2p_banned_total") > banned, 5, "the ban is counted")
    with contextlib.suppress(OSError), dial(target, secret) as again:
        assert again.is_closed(2), "a banned key is served"


JUNK = {
    "random bytes": lambda: os.urandom(300),
    "a kind that does not exist": lambda: cbor2.dumps([99, 1, 2]),
    "a known kind with nothing in it": lambda: cbor2.dumps([1]),
    "deep nesting": lambda: b"\x81" * 5000,
    "an array of 2^62 elements": lambda: b"\x9b" + struct.pack(">Q", 1 << 62),
}


@pytest.mark.parametrize("channel", [CONSENSUS, BLOCKS, TRANSACTIONS, SYNC])
@pytest.mark.parametrize("case", JUNK)
def test_what_is_provably_no_message_bans_the_key(target, case, channel):
    banned = target.metric("mednexus_p2p_banned_total")
    with dial(target) as peer:
        peer.fragment(channel, JUNK[case]())
        assert peer.is_closed(), case
    until(lambda: target.metric("mednexus_p2p_banned_total") > banned, 5, "the ban is counted")


def test_who_pings_without_end_is_read_no_faster_than_its_rate_and_then_ended(network, target):
    """Twenty a second after a hundred at once; what is sent above that waits in the sender's own socket."""
    heights, seconds = network.highest(), 8
    pongs = 0
    with dial(target) as peer:
        sender = threading.Thread(target=ping_without_end, args=(peer,), daemon=True)
        sender.start()
        start = time.monotonic()
        peer.socket.settimeout(1)
        with contextlib.suppress(OSError):
            while time.monotonic() - start < seconds:
                with contextlib.suppress(TimeoutError):
                    pongs += len(peer.socket.recv(4096)) / PONG_BYTES
        elapsed = time.monotonic() - start
    sender.join(10)
    print(f"{pongs:.0f} pongs in {elapsed:.1f} s")
    # Whoever is ahead of its rate is not read for as long as it owes; the burst and what one read took come on top.
    assert 0 < pongs < 2000, pongs
    assert network.highest() > heights


def ping_without_end(peer):
    with contextlib.suppress(OSError, ValueError):
        for _ in range(200_000):
            peer.ping(b"pingping")
