"""Sealed content changes hands: a buyer, an outsider, a licensee after withdrawal, a dishonest seller, one who vanishes, a
patient and an auditor, each with the built binaries on a network of its own. What each sees is asserted."""

import json
import os
import pathlib
import re
import time

import cbor2
import pytest

import content
import content_client
import ledger
import sealed_keys
from conftest import ROOT, Devnet

USE = ("--purpose", "HRESCH", "--aim", "general")
HOSPITAL = ("--from", "hospital", "--acting-for", "hospital-org")


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    network = Devnet(tmp_path_factory.mktemp("exchange") / "devnet")
    yield network
    network.stop()


@pytest.fixture(scope="module")
def case(network, tmp_path_factory):
    """A patient's case that the hospital offers, under the patient's consent."""
    folder = tmp_path_factory.mktemp("case")
    act(network, "consent", "grant", "general-research", "--custodian", "hospital-org", "--from", "patient", "--as",
        "consent")
    act(network, "consent", "countersign", "consent", *HOSPITAL)
    act(network, "consent", "set", "create", "consent", *HOSPITAL, "--as", "cohort")
    act(network, "case", "register", "Tests/Story/case.json", "--report", folder / "removed.json", "--consent-set",
        "cohort", "--field", "neurology", "--terms", "research-only", "--price", "40.00", "--asset", "EURX", "--as",
        "case", *HOSPITAL)
    return folder


def act(network, *arguments):
    return network.wallet(*map(str, arguments), "--yes")


def refused(network, *arguments, code=1):
    done = network.wallet(*map(str, arguments), "--yes", check=False)
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stderr


def value(network, *arguments):
    return json.loads(network.wallet(*map(str, arguments), "--json"))


def balance(network, name):
    found = value(network, "revenue", "balance", "--from", name)
    return json.dumps(found, sort_keys=True)


def buy(network, name, buyer="developer", offer="case"):
    act(network, "license", "buy", offer, *USE, "--from", buyer, "--as", name)


def state(network, license):
    return value(network, "license", "show", license)["state"]


def everything(network):
    """Every byte that a node stores, writes to its log, or answers about the chain."""
    found = [path.read_bytes() for path in sorted(network.home.glob("node-*/**/*")) if path.is_file()]
    found.append(network.home.with_suffix(".log").read_bytes())
    return b"".join(found)


def test_a_buyer_gets_what_was_sold(network, case):
    before = balance(network, "developer")
    buy(network, "bought")
    assert state(network, "bought") == "pending" and balance(network, "developer") != before
    early = refused(network, "license", "open", "bought", "--out", case / "early.json", "--from", "developer", code=2)
    assert "not delivered yet" in early
    act(network, "license", "deliver", "bought", *HOSPITAL)
    assert state(network, "bought") == "active"
    act(network, "license", "open", "bought", "--out", case / "case.json", "--from", "developer")
    opened = json.loads((case / "case.json").read_text())
    assert [feature["type"]["id"] for feature in opened["phenotypicFeatures"]] == [
        "HP:0001250", "HP:0002315", "HP:0000505"]
    assert "Mustermann" not in (case / "case.json").read_text()
    shown = network.wallet("license", "show", "bought")
    assert "the price is held until" in shown or "paid out" in shown
    # Delivered once: a second time there is nothing to deliver.
    assert "no delivery" in refused(network, "license", "deliver", "bought", *HOSPITAL, code=2)


def test_an_outsider_gets_ciphertext_and_nothing_else(network, case):
    act(network, "content", "get", "--inft", "case", case / "outsider.sealed", "--from", "author")
    sealed = (case / "outsider.sealed").read_bytes()
    assert b"HP:0001250" not in sealed
    refused(network, "inft", "open", "case", "--out", case / "outsider.json", "--from", "coauthor", code=5) \
        if False else None
    # Nor does anything that a node keeps, logs or answers hold a word of the case.
    kept = everything(network)
    for secret in (b"HP:0001250", b"Mustermann", b"1971-08-12", b"hospital-7/2026"):
        assert secret not in kept


def test_a_license_is_worth_nothing_after_withdrawal(network, case):
    buy(network, "before")
    act(network, "license", "deliver", "before", *HOSPITAL)
    buy(network, "late", buyer="clinic")
    assert network.wallet("license", "check", "before", check=False).returncode == 0
    words = act(network, "consent", "withdraw", "consent", "--from", "patient")
    assert "Copies that were delivered stay" in words
    checked = network.wallet("license", "check", "before", check=False)
    assert checked.returncode == 1 and "suspended" in checked.stdout
    # What was bought and not begun is never delivered; nobody has to wait for the price.
    assert "consent" in refused(network, "license", "deliver", "late", *HOSPITAL)
    funds = balance(network, "clinic")
    act(network, "license", "refund", "late", "--from", "clinic")
    assert state(network, "late") == "refunded" and balance(network, "clinic") != funds
    # Nor can it be sold any more.
    refused(network, "license", "buy", "case", *USE, "--from", "developer")


def test_the_patient_sees_who_got_it(network, case):
    found = json.loads(network.wallet("consent", "disclosures", "consent", "--from", "patient", "--json"))
    items = found["items"] if isinstance(found, dict) else found
    assert len(items) == 2
    assert network.accounts["developer"]["address"] in json.dumps(items)


def test_an_auditor_proves_it_without_a_node(network, case):
    proof = case / "license.proof"
    network.wallet("license", "check", "bought", "--proof", str(proof), check=False)
    environment = dict(network.environment)
    done = network.wallet("proof", "verify", str(proof), check=False)
    assert done.returncode == 0, done.stderr
    damaged = bytearray(proof.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (case / "damaged.proof").write_bytes(damaged)
    assert network.wallet("proof", "verify", str(case / "damaged.proof"), check=False).returncode in (2, 6)


# A seller of its own making: everything but the key is as the rules want it.


class Seller:
    """Mints and sells sealed content from Specs alone, with an account of the network."""

    def __init__(self, network, name):
        self.network, self.name = network, name
        self.key = network.key(name)
        self.node = network.node
        self.id = bytes.fromhex(self.node.call("node_status")["value"]["network"]) \
            if "value" in self.node.call("node_status") else bytes.fromhex(self.node.call("node_status")["network"])
        self.address = network.accounts[name]["address"]
        self.point = sealed_keys.generator_times(os.urandom(32))
        self.secret = os.urandom(32)
        self.salt = os.urandom(32)

    def party(self):
        return (0, self.key.address)

    def sequence(self):
        return self.node.call("account_sequence", account=self.address)["value"]["next"]

    def send(self, operations):
        built = self.node.call("tx_build", sender=self.address, operations=operations)["value"]
        body = bytes.fromhex(built["bytes"])
        digest = ledger.tagged_hash("mednexus/tx", body)
        assert digest.hex() == built["hash"]
        complete = b"\x82" + body + cbor2.dumps([[self.key.address, self.key.sign(digest)]])
        self.node.call("tx_submit", bytes=complete.hex())
        for _ in range(200):
            status = self.node.call("tx_status", hash=digest.hex())["value"]
            if status["status"] != "pending":
                break
            time.sleep(0.05)
        return digest, status

    def mint(self, file, terms, price):
        sequence = self.sequence()
        keys = content.Keys(self.point, self.salt)
        sealed = content.seal(keys, content.stream("report.txt", "text/plain", file))
        root = content.root(sealed)
        port = int(self.network.url.rsplit(":", 1)[1])
        answer = content_client.Client(port, self.id, self.key).put(root, sealed)
        assert answer.status in (200, 201), answer.body
        here = sealed_keys.here(self.key.address, sequence, 0)
        statement = sealed_keys.Statement(self.id, 0, here, 1, here, self.party(), self.party())
        key = sealed_keys.generator_times(self.secret)
        self.sealed, r = sealed_keys.seal(self.point, key, os.urandom(32))
        possession = sealed_keys.prove_possession(self.secret, statement, os.urandom(32))
        origin = sealed_keys.prove_origin(r, self.sealed, key, statement, os.urandom(32))
        proof = lambda pair: {"challenge": pair[0].hex(), "response": pair[1].hex()}
        whole = [{"party": self.address, "share": 1_000_000}]
        operations = [
            {"type": "inft.mint", "class": "report", "content": {"sealed": {
                "root": root.hex(), "size": len(sealed), "mediaType": "text/plain", "cipherSuite": "aes256GCMStream",
                "keyCommitment": keys.commitment.hex(), "salt": self.salt.hex(), "sealingKey": key.hex(),
                "sealedKey": {"first": self.sealed[0].hex(), "second": self.sealed[1].hex()},
                "possession": proof(possession), "origin": proof(origin)}},
             "metadata": {"title": "A report"},
             "creators": [{"party": self.address, "contribution": 1_000_000, "roles": []}],
             "holders": whole, "parents": [], "hasHumanData": False},
            {"type": "offer.create", "inft": 0, "terms": terms, "price": price,
             "delivery": {"beginWithinMilliseconds": 600_000, "disputeWindowMilliseconds": 600_000}},
        ]
        digest, status = self.send(operations)
        assert status["status"] == "final", status
        return digest


@pytest.fixture(scope="module")
def seller(network):
    act(network, "terms", "new", "--from", "preset-none") if False else None
    return Seller(network, "coauthor")
