"""A wallet and an auditor that share no line of code with MedNexus: bytes, schema and sockets only."""

import json
import time

import cbor2
import pytest

import ledger
from schema import Rule as schema


def wait_final(node, digest):
    for _ in range(200):
        status = node.call("tx_status", hash=digest.hex())
        state = status["value"]["state"] if "value" in status else status["state"]
        if state == "final":
            return status.get("value", status)
        assert state in ("pending", "unknown"), status
        time.sleep(0.05)
    raise AssertionError("not final after ten seconds")


def sequence_of(node, key, network_kind_prefix):
    return node.call("account_sequence", address=ledger.bech32m(network_kind_prefix, key.address))["value"]["sequence"]


def submit_transfer(devnet, sender, recipient, units):
    key, other = devnet.key(sender), devnet.key(recipient)
    asset = ledger.from_bech32m(devnet.node.call("asset_list")["items"][0]["asset"]["id"])
    network = bytes.fromhex(devnet.network["network"])
    data, digest = ledger.transaction(
        network, key, sequence_of(devnet.node, key, "tmnx"), [ledger.transfer(asset, other.address, units)])
    return data, digest


def test_a_transaction_built_from_the_specification_becomes_final(devnet):
    data, digest = submit_transfer(devnet, "clinic", "author", 1234)
    schema("transaction").validate_cbor(data)
    answer = devnet.node.call("tx_submit", bytes=data.hex())
    assert answer["hash"] == digest.hex()
    final = wait_final(devnet.node, digest)

    block = devnet.node.call("chain_block", height=final["height"])["value"]
    encoded = bytes.fromhex(block["encodedBlock"])
    schema("block").validate_cbor(encoded)
    header, transactions, _, _ = cbor2.loads(encoded)
    assert ledger.tagged_hash("mednexus/header", cbor2.dumps(header)).hex() == block["header"]["hash"]
    assert ledger.merkle_root(transactions) == header[8]
    assert data in transactions

    certificate = bytes.fromhex(block["certificate"]["encodedCertificate"])
    schema("certificate").validate_cbor(certificate)


def test_what_the_node_decodes_is_what_was_written(devnet):
    data, digest = submit_transfer(devnet, "clinic", "author", 5)
    decoded = devnet.node.call("tx_decode", bytes=data.hex())
    value = decoded.get("value", decoded)
    assert value["hash"] == digest.hex()
    assert "revenue.transfer" in json.dumps(value)


@pytest.mark.parametrize(
    "change, code",
    [
        (lambda data: data + b"\x00", 1000),  # trailing byte
        (lambda data: data[:-1], 1000),  # cut short
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), 1004),  # signature
        (lambda data: b"\x9f" + data[1:] + b"\xff", 1000),  # indefinite length
        (lambda data: b"\x98\x02" + data[1:], 1000),  # overlong head
        (lambda data: b"\x81" * 40 + data, 1000),  # over-deep
        (lambda data: data + b"\x00" * 70_000, 1001),  # oversize
    ],
)
def test_every_other_encoding_is_refused(devnet, change, code):
    data, _ = submit_transfer(devnet, "clinic", "author", 7)
    with pytest.raises(ledger.RPCError) as refused:
        devnet.node.call("tx_submit", bytes=change(data).hex())
    assert refused.value.code == code


def test_another_network_is_refused(devnet):
    key = devnet.key("clinic")
    data, _ = ledger.transaction(b"\x07" * 32, key, 0, [ledger.transfer(b"\x00" * 32, key.address, 1)])
    with pytest.raises(ledger.RPCError) as refused:
        devnet.node.call("tx_submit", bytes=data.hex())
    assert refused.value.code == 1002
    assert refused.value.data["field"] == "network"


def test_every_final_block_follows_the_schema_and_chains_by_hash(devnet):
    head = devnet.node.call("chain_head")
    height = head.get("value", head)["height"]
    rule = schema("block")
    parent = None
    for number in range(0, height + 1):
        encoded = bytes.fromhex(devnet.node.call("chain_block", height=number)["value"]["encodedBlock"])
        rule.validate_cbor(encoded)
        header, transactions, evidence, restart = cbor2.loads(encoded)
        assert parent is None or header[3] == parent
        assert header[8] == ledger.merkle_root(transactions)
        leaves = evidence + ([] if restart is None else [restart])
        assert header[10] == ledger.merkle_root([cbor2.dumps(one) for one in leaves])
        parent = ledger.tagged_hash("mednexus/header", cbor2.dumps(header))


def test_the_openrpc_document_is_valid_and_answers_follow_it(devnet):
    import jsonschema

    document = devnet.node.call("rpc.discover")
    assert document["openrpc"].startswith("1.3")
    names = {method["name"] for method in document["methods"]}
    assert {"tx_submit", "inft_list", "license_quote", "consent_check", "chain_events"} <= names
    for name in ["chain_head", "node_status", "inft_list", "asset_list"]:
        method = next(method for method in document["methods"] if method["name"] == name)
        result = devnet.node.call(name)
        contained = dict(method["result"]["schema"], components=document.get("components", {}))
        jsonschema.validate(result, contained)
