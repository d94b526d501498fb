"""Sealed content changes hands: a buyer, an outsider, a licensee after withdrawal, a dishonest seller, one who vanishes, a
patient and an auditor, each with the built binaries on a network of its own. What each sees is asserted."""

import json
import os
import re
import subprocess
import time

import cbor2
import pytest
from fhir.resources.R4B import auditevent

import content
import content_client
import ledger
import sealed_keys
from conftest import BINARIES, Devnet

USE = ("--purpose", "HRESCH", "--research-aim", "general")
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
    act(network, "terms", "new", "--preset", "research-only", "--research-aim", "general", "--fee", "40.00", "--asset",
        "EURX", *HOSPITAL, "--as", "case-terms")
    act(network, "case", "register", "Tests/Story/case.json", "--report", folder / "removed.json", "--consent-set",
        "cohort", "--field", "neurology", "--terms", "case-terms", "--price", "40.00", "--asset", "EURX", "--as",
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


def amount(network, name):
    (held,) = value(network, "revenue", "balance", "--from", name)["balances"]
    return held["amount"]


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
    funds = amount(network, "clinic")
    shown = network.wallet("license", "show", "late")
    assert "it can't be made: a consent behind" in shown, shown
    assert "mednexus license refund late gives the price back now" in shown, shown
    (waits,) = [one for one in value(network, "account", "inbox", "--from", "clinic") if one["act"] == "license.refund"]
    assert "can't be delivered: a consent behind" in waits["what"] and "take 40.00 EURX back" in waits["what"], waits
    assert waits["command"] == "mednexus license refund late --from clinic"
    said = act(network, *waits["command"].split()[1:])
    assert "40.00 EURX go back to clinic" in said and "You decline" not in said, said
    assert state(network, "late") == "refunded" and int(amount(network, "clinic")) == int(funds) + 4000
    # What ended says when, and not until when it was once bought.
    ends = {row.split()[0]: row for row in network.wallet("license", "list", "--inft", "case").splitlines()[1:]}
    assert " ended 20" in ends["late"] and " suspended 20" in ends["before"], ends
    # Nor can it be sold any more.
    refused(network, "license", "buy", "case", *USE, "--from", "developer")


def test_the_patient_sees_who_got_it(network, case):
    found = json.loads(network.wallet("consent", "disclosures", "consent", "--from", "patient", "--json"))
    items = found["items"] if isinstance(found, dict) else found
    assert len(items) == 2
    assert network.accounts["developer"]["address"] in json.dumps(items)
    # The institution's audit says the same, as FHIR that another library reads.
    bundle = json.loads(network.wallet("audit", "disclosures", "--institution", "hospital-org", "--fhir"))
    events = [auditevent.AuditEvent.model_validate(entry["resource"]) for entry in bundle["entry"]]
    assert len(events) == 2


def test_an_auditor_proves_it_without_a_node(network, case):
    proof = case / "license.proof"
    network.wallet("license", "check", "bought", "--proof", str(proof), check=False)
    done = network.wallet("proof", "verify", str(proof), check=False)
    assert done.returncode == 1 and "the proof is valid" in done.stderr, done.stderr
    # It was in force when it was delivered, and the record of today proves that, too.
    delivered = value(network, "license", "show", "bought")["license"]["activeFrom"]
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(delivered // 1000 + 1))
    then = case / "then.proof"
    network.wallet("license", "check", "bought", "--at", moment, "--proof", str(then))
    assert network.wallet("proof", "verify", str(then), "--max-age", "any", check=False).returncode == 0
    damaged = bytearray(proof.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (case / "damaged.proof").write_bytes(damaged)
    assert network.wallet("proof", "verify", str(case / "damaged.proof"), check=False).returncode in (2, 6)



# Sellers who cheat


class Seller:
    """Mints sealed content and delivers it from the specifications alone, with an account of the network."""

    def __init__(self, network, name):
        self.network, self.name = network, name
        self.key = network.key(name)
        self.node = network.node
        self.address = network.accounts[name]["address"]
        self.genesis = bytes.fromhex(self.node.call("node_status")["value"]["network"])
        self.secret, self.salt = os.urandom(32), os.urandom(32)
        self.point = sealed_keys.generator_times(os.urandom(32))
        self.party = (0, self.key.address)

    def sequence(self):
        return self.node.call("account_sequence", address=self.address)["value"]["sequence"]

    def send(self, *operations):
        """What becomes of it: final, or the reason why the ledger refuses it."""
        try:
            built = self.node.call("tx_build", sender=self.address, operations=list(operations))["value"]
            body = bytes.fromhex(built["bytes"])
            digest = ledger.tagged_hash("mednexus/tx", body)
            assert digest.hex() == built["hash"]
            signatures = cbor2.dumps([[self.key.address, self.key.sign(digest)]])
            self.node.call("tx_submit", bytes=(b"\x82" + body + signatures).hex())
        except ledger.RPCError as error:
            return error.data["reason"], None
        for _ in range(400):
            status = self.node.call("tx_status", hash=digest.hex())["value"]
            if status["state"] != "pending":
                break
            time.sleep(0.05)
        return status["state"], digest

    def mint(self, file):
        keys = content.Keys(self.point, self.salt)
        sealed = content.seal(keys, content.stream("report.txt", "text/plain", file))
        root = content.root(sealed)
        port = int(self.network.url.rsplit(":", 1)[1])
        answer = content_client.Client(port, self.genesis, self.key).put(root, sealed)
        assert answer.status in (200, 201, 204), answer.body
        here = sealed_keys.here(self.key.address, self.sequence(), 0)
        statement = sealed_keys.Statement(self.genesis, 0, here, 1, here, self.party, self.party)
        public = sealed_keys.generator_times(self.secret)
        self.sealed, r = sealed_keys.seal(self.point, public, os.urandom(32))
        possession = sealed_keys.prove_possession(self.secret, statement, os.urandom(32))
        origin = sealed_keys.prove_origin(r, self.sealed, public, statement, os.urandom(32))
        outcome, digest = self.send({
            "type": "inft.mint", "class": "report", "content": {"sealed": {
                "root": root.hex(), "size": len(sealed), "mediaType": "text/plain", "cipherSuite": "aes256GCMStream",
                "keyCommitment": keys.commitment.hex(), "salt": self.salt.hex(), "sealingKey": public.hex(),
                "sealedKey": sealed_json(self.sealed), "possession": proof_json(possession),
                "origin": proof_json(origin)}},
            "metadata": {"title": "A report"},
            "creators": [{"party": self.address, "contribution": 1_000_000, "roles": []}],
            "holders": [{"party": self.address, "share": 1_000_000}], "parents": [], "hasHumanData": False})
        assert outcome == "final", outcome
        return next(
            item["id"] for item in self.node.call("inft_list", owner=self.address)["items"] if item["class"] == "report")

    def deliver(self, record, randomness, point=None):
        """D and proof for a delivery; with `point`, of another content key than the one that was sold."""
        statement = sealed_keys.Statement(
            self.genesis, 3, ledger.from_bech32m(record["inft"]), record["version"],
            ledger.from_bech32m(record["id"]), self.party, (0, ledger.from_bech32m(record["to"])))
        sealed = self.sealed
        if point is not None:
            sealed, _ = sealed_keys.seal(point, sealed_keys.generator_times(self.secret), os.urandom(32))
        return sealed_keys.deliver(
            sealed, self.secret, bytes.fromhex(record["sealingKey"]), statement, randomness)

    def begin(self, record, commitment):
        return self.send({
            "type": "license.begin", "delivery": record["id"],
            "sealingKey": sealed_keys.generator_times(self.secret).hex(), "commitment": commitment.hex()})[0]

    def complete(self, record, delivered, proof):
        return self.send({
            "type": "license.complete", "delivery": record["id"], "sealedKey": sealed_json(delivered),
            "proof": {
                "challenge": proof[0].hex(), "ownerResponse": proof[1].hex(), "deliveryResponse": proof[2].hex()}})[0]


def sealed_json(pair):
    return {"first": pair[0].hex(), "second": pair[1].hex()}


def proof_json(pair):
    return {"challenge": pair[0].hex(), "response": pair[1].hex()}


def delivery(network, license):
    return value(network, "license", "show", license)["delivery"]["delivery"]


@pytest.fixture(scope="module")
def seller(network):
    seller = Seller(network, "coauthor")
    seller.inft = seller.mint(b"what was promised " * 500)
    act(network, "offer", "create", seller.inft, "--terms", "commercial", "--price", "10.00", "--asset", "EURX",
        "--deliver-within", "12h", "--dispute-window", "0m", "--from", "coauthor", "--as", "report")
    return seller


def test_offers_and_quotes_say_that_nobody_can_judge_disputes(network, seller):
    nobody = "no arbiter is enrolled on this network, and it takes 3 to judge a dispute"
    said = act(network, "offer", "create", seller.inft, "--terms", "commercial", "--price", "12.00", "--asset", "EURX",
               "--dispute-window", "2d", "--buyer", "clinic", "--from", "coauthor", "--as", "disputable")
    assert f"Payments are held 2 days for disputes, which nobody can raise as things are: {nobody}." in said, said
    assert f"within 2 days after delivery, but not as things are: {nobody}" in network.wallet("offer", "show", "disputable")
    quote = network.wallet("license", "quote", "disputable", "--from", "clinic")
    assert f"Bad content can be disputed in that time, but not as things are: {nobody}." in quote, quote
    # Where nothing is held nothing can be disputed, whoever is enrolled.
    assert "none: nothing is held after delivery" in network.wallet("offer", "show", "report")
    assert "no arbiter is" not in network.wallet("license", "quote", "report", "--from", "developer")
    act(network, "offer", "cancel", "disputable", "--from", "coauthor")


def test_a_seller_who_will_not_deliver_gives_the_money_back_at_once(network, seller):
    funds = amount(network, "developer")
    record = purchase(network, "declined")
    assert int(amount(network, "developer")) == int(funds) - 1000
    shown = network.wallet("license", "show", "declined")
    assert re.search(r"from 20\S+ \S+.* on, mednexus license refund declined gives the price back", shown), shown
    (waits,) = [one for one in value(network, "account", "inbox", "--from", "developer") if one["act"] == "license.refund"]
    assert "or from then on by mednexus license refund declined" in waits["what"], waits
    # The buyer waits for the deadline; who sold need not.
    assert "refund_not_due" in refused(network, "license", "refund", "declined", "--from", "developer")
    assert "refund_not_due" in refused(network, "license", "refund", "declined", "--from", "clinic")
    (due,) = [one for one in value(network, "account", "inbox", "--from", "coauthor") if one["act"] == "license.begin"]
    assert f"mednexus license refund {record['id']} --from coauthor" in due["what"], due
    said = act(network, "license", "refund", "declined", "--from", "coauthor")
    assert "You decline to deliver" in said and "10.00 EURX go back to developer" in said, said
    assert state(network, "declined") == "refunded" and amount(network, "developer") == funds
    assert "no delivery" in refused(network, "license", "refund", "declined", "--from", "coauthor", code=2)


def purchase(network, name, buyer="developer"):
    act(network, "license", "buy", "report", "--from", buyer, "--as", name)
    return delivery(network, name)


def test_a_stranger_sells_by_the_specifications(network, seller, tmp_path):
    record = purchase(network, "honest")
    delivered, proof = seller.deliver(record, os.urandom(32))
    assert seller.begin(record, sealed_keys.commitment(delivered, proof)) == "final"
    assert seller.complete(record, delivered, proof) == "final"
    act(network, "license", "open", "honest", "--out", tmp_path / "report.txt", "--from", "developer")
    assert (tmp_path / "report.txt").read_bytes() == b"what was promised " * 500
    assert "paid out" in network.wallet("license", "show", "honest")
    # Whoever holds shares sees which license it was that earned.
    (earned,) = network.wallet("revenue", "earnings", seller.inft, "--from", "coauthor").splitlines()[1:]
    assert " sale " in earned and earned.split()[-1] == "honest", earned


def test_a_dishonest_seller_gets_nothing(network, seller):
    record = purchase(network, "cheated")
    # Before begin nothing can be completed, and what is shown then binds nobody.
    right = seller.deliver(record, os.urandom(32))
    assert seller.complete(record, *right) == "delivery_not_begun"
    # Another content key: the proof is made for what the seller pretends that the sealed key was.
    wrong = seller.deliver(record, os.urandom(32), point=sealed_keys.generator_times(os.urandom(32)))
    assert seller.begin(record, sealed_keys.commitment(*wrong)) == "final"
    assert seller.complete(record, *wrong) == "proof_invalid"
    # Nor anything else than what was committed to, the right one included.
    assert seller.complete(record, *right) == "commitment_differs"
    assert state(network, "cheated") == "pending"
    # Nobody else can be made to: it waits for its deadline, and the price comes back by itself.
    funds = balance(network, "developer")
    advance(network, "2h")
    produce(network, seller, 102)
    advance(network, "2m")
    until_state(network, seller, "cheated", "refunded")
    assert balance(network, "developer") != funds


def test_a_seller_who_vanishes_keeps_nothing(network, seller):
    purchase(network, "forgotten", buyer="clinic")
    funds = balance(network, "clinic")
    assert "refund_not_due" in refused(network, "license", "refund", "forgotten", "--from", "clinic")
    advance(network, "13h")
    until_state(network, seller, "forgotten", "refunded")
    assert balance(network, "clinic") != funds


def advance(network, time_):
    done = subprocess.run(
        [BINARIES / "mednexusd", "devnet", "advance", time_, "--home", network.home], capture_output=True, text=True,
        timeout=60)
    assert done.returncode == 0, done.stderr


def produce(network, seller, blocks):
    start = seller.node.call("chain_head")["value"]["height"]
    for _ in range(4 * blocks):
        if seller.node.call("chain_head")["value"]["height"] >= start + blocks:
            return
        outcome, _ = seller.send({
            "type": "inft.setMetadata", "inft": seller.inft, "metadata": {"title": f"A report, {os.urandom(4).hex()}"}})
        assert outcome == "final", outcome
    raise AssertionError("the chain does not move")


def until_state(network, seller, license, expected):
    """Due work needs a block, and any transaction makes one."""
    for _ in range(40):
        if state(network, license) == expected:
            return
        time.sleep(0.25)
    raise AssertionError(f"{license} is {state(network, license)}")
