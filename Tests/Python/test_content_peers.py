"""Content between nodes: what a version on the ledger names is fetched from the node that has it, and proven on the way."""

import json
import os
import subprocess
import time

import coincurve
import pytest

import content_client as content
import ledger
from content_client import CHUNK
from network import Member, Network, until
from test_content_store import blob, client_of, settings

sealed_keys = pytest.importorskip("sealed_keys")

ALGORITHM = 3


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with Network(tmp_path_factory.mktemp("peers") / "network", validators=4, settings=settings()) as network:
        yield network


def sealed_content(network, key, sequence, root, size):
    """The content of a mint that stands alone in its transaction."""
    secret, salt = os.urandom(32), os.urandom(32)
    sealing_key = coincurve.PrivateKey(secret).public_key.format(compressed=True)
    point = coincurve.PrivateKey(os.urandom(32)).public_key.format(compressed=True)
    here = sealed_keys.here(key.address, sequence, 0)
    owner = (0, key.address)
    statement = sealed_keys.Statement(network.network_id, 0, here, 1, here, owner, owner)
    sealed, r = sealed_keys.seal(point, sealing_key, os.urandom(32))
    possession = sealed_keys.prove_possession(secret, statement, os.urandom(32))
    origin = sealed_keys.prove_origin(r, sealed, sealing_key, statement, os.urandom(32))
    return [1, [
        root, size, "application/octet-stream", 1, os.urandom(32), salt, sealing_key, list(sealed), list(possession),
        list(origin)]]


def mint(network, name, root, size):
    """Makes a version final that names the content; the versions that do."""
    key, rpc = network.key(name), network.members[0].rpc
    address = ledger.bech32m("tmnx", key.address)
    sequence = rpc.value("account_sequence", address=address)["sequence"]
    party = [0, key.address]
    metadata = ["A sealed algorithm", "", None, 0, 0, [], []]
    operation = [4, [0, [
        ALGORITHM, sealed_content(network, key, sequence, root, size), metadata, [[party, 1_000_000, []]],
        [[party, 1_000_000]], [], False, None]]]
    data, digest = ledger.transaction(network.network_id, key, sequence, [operation])
    try:
        rpc.call("tx_submit", bytes=data.hex())
    except ledger.RPCError as refused:
        if "sealed_not_yet" in str(refused):
            pytest.skip("this ledger takes no sealed content yet")
        raise
    until(lambda: rpc.value("tx_status", hash=digest.hex())["state"] == "final", 30, "the mint is final")
    height = rpc.value("tx_status", hash=digest.hex())["height"]
    network.await_height(height)
    return rpc.value("content_info", root=root.hex())["namedBy"]


def test_what_a_version_names_comes_from_the_node_that_has_it(network):
    first, second, third, fourth = network.members
    author = client_of(network, "author", first)
    readers = [client_of(network, "clinic", member) for member in network.members]
    data, root = blob(100 * CHUNK + 700, 60)
    assert author.put(root, data).status == 201
    # Nothing names it: another node does not even ask for it.
    assert readers[1].get(root).status == 404
    named = mint(network, "author", root, len(data))
    assert [entry["version"] for entry in named] == [1]
    found = second.rpc.value("content_info", inft=named[0]["inft"])
    assert (found["root"], found["here"], found["size"]) == (root.hex(), "absent", len(data))
    # Served while it comes, and kept.
    assert readers[1].get(root).body == data
    until(lambda: second.rpc.value("content_info", root=root.hex())["here"] == "whole", 10, "the copy is whole")
    assert second.metric("mednexus_content_copy_bytes") == len(data)
    # A range of it as well, and the proof of one waits for the copy.
    assert readers[2].get(root, 50 * CHUNK - 9, 51 * CHUNK).body == data[50 * CHUNK - 9:51 * CHUNK + 1]
    found = json.loads(readers[3].proof(root, 33, 40).body)
    siblings = [bytes.fromhex(text) for text in found["siblings"]]
    assert content.proven(data[33 * CHUNK:73 * CHUNK], 33, len(data), siblings, root)
    # With the first node gone, and its content, the others have it.
    first.stop()
    assert readers[3].get(root).body == data
    first.start()
    for member in (second, third, fourth):
        log = (member.home / "content" / "access" / "access-00000001.log").read_text()
        assert f" fetch node {root.hex()} 0 {len(data)} " in log
    assert f" peer-get {second.transport_key} {root.hex()} " in \
        (first.home / "content" / "access" / "access-00000001.log").read_text()


def test_what_no_node_has_is_absent_at_once(network):
    data, root = blob(3 * CHUNK, 61)
    mint(network, "author", root, len(data))
    started = time.monotonic()
    answer = client_of(network, "clinic", network.members[1]).get(root)
    assert (answer.status, answer.reason) == (404, "absent")
    assert time.monotonic() - started < 5
    assert network.members[1].metric("mednexus_content_uploads") == 0


def test_a_stranger_is_given_nothing(network, tmp_path):
    """An observer that no operator named follows the chain, and finds no content."""
    data, root = blob(4 * CHUNK, 62)
    assert client_of(network, "author").put(root, data).status == 201
    mint(network, "author", root, len(data))
    home = tmp_path / "observer"
    first = network.members[0]
    done = subprocess.run(
        first.command(
            "join", "--home", home, "--genesis", network.folder / "genesis.json", "--genesis-hash",
            network.network_id.hex(), "--peer", first.contact, "--observer"), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    stranger = Member(network, len(network.members), "stranger", home, validator=False)
    network._release_ports()
    stranger.start()
    try:
        until(lambda: stranger.height() >= first.height() - 2, 60, "it follows")
        until(lambda: stranger.rpc.value("content_info", root=root.hex())["namedBy"], 30, "it knows the version")
        answer = client_of(network, "clinic", stranger).get(root)
        assert (answer.status, answer.reason) == (404, "absent")
    finally:
        stranger.stop()
