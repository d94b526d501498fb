"""Nothing of a patient's case stands in what a node stores, logs, counts or answers: every byte is looked at after cases were
registered and sold, for every text, identifier, date and code of theirs. A word that is planted is found.

MEDNEXUS_HEALTH names a folder with similarity/phenopackets, of which MEDNEXUS_CASES (12) files are registered, `all` for all.
"""

import json
import os
import pathlib
import re
import urllib.request

import pytest

from conftest import ROOT, Devnet

HOSPITAL = ("--from", "hospital", "--acting-for", "hospital-org")


def files():
    found = [ROOT / "Tests" / "Story" / "case.json"]
    health = os.environ.get("MEDNEXUS_HEALTH")
    conformance = os.environ.get("MEDNEXUS_CONFORMANCE")
    folder = pathlib.Path(health) if health else pathlib.Path(conformance) / "health" if conformance else None
    if folder is not None and folder.exists():
        more = sorted((folder / "similarity" / "phenopackets").rglob("*.json"))
        count = os.environ.get("MEDNEXUS_CASES", "12")
        found += more if count == "all" else more[:: max(1, len(more) // int(count))]
    return found


def words(value, key=""):
    """Every text of a record that tells something of a person: not the names of ontologies and their addresses."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in ("resources", "phenopacketSchemaVersion", "sex", "karyotypicSex", "status", "progressStatus"):
                yield from words(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from words(inner, key)
    elif isinstance(value, str) and len(value) >= 6 and not re.fullmatch(r"[A-Z_]+", value):
        yield value


def ask(network, method, **params):
    return json.dumps(network.node.call(method, **params)).encode()


def everything(network):
    """Name and bytes of all that a node keeps, logs, counts and answers."""
    for path in sorted(network.home.glob("node-*/**/*")):
        if path.is_file():
            yield str(path), path.read_bytes()
    yield "log", network.home.with_suffix(".log").read_bytes()
    operator = network.network["nodes"][0]["operator"]
    with urllib.request.urlopen(f"{operator}/metrics", timeout=10) as answer:
        yield "metrics", answer.read()
    head = network.node.call("chain_head")["value"]["height"]
    for height in range(head + 1):
        block = network.node.call("chain_block", height=height)
        yield f"block {height}", json.dumps(block).encode() + bytes.fromhex(block["value"]["encodedBlock"])
    cursor = None
    for _ in range(1_000):
        params = {"limit": 100} | ({"cursor": cursor} if cursor else {})
        page = network.node.call("chain_events", **params)
        yield "events", json.dumps(page).encode()
        if page.get("next") in (None, cursor) or not page["items"]:
            break
        cursor = page["next"]
    for name in ("hospital", "developer", "patient"):
        address = network.accounts[name]["address"]
        yield name, ask(network, "account_transactions", party=address, limit=100)
        yield name, ask(network, "account_tasks", party=address, limit=100)
    yield "catalog", ask(network, "inft_list", limit=100)
    yield "status", ask(network, "node_status")


def found(network, needles):
    hits = set()
    for name, data in everything(network):
        lower = data.lower()
        hits |= {(name, needle) for needle in needles if needle.lower().encode() in lower}
        # As JSON writes what is no ASCII.
        hits |= {
            (name, needle) for needle in needles
            if not needle.isascii() and json.dumps(needle)[1:-1].lower().encode() in lower}
    return hits


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    network = Devnet(tmp_path_factory.mktemp("scan") / "devnet")
    yield network
    network.stop()


def test_nothing_of_a_case_is_to_be_found(network, tmp_path):
    def act(*arguments):
        return network.wallet(*map(str, arguments), "--yes")

    act("consent", "grant", "general-research", "--custodian", "hospital-org", "--from", "patient", "--as", "consent")
    act("consent", "countersign", "consent", *HOSPITAL)
    act("consent", "set", "create", "consent", *HOSPITAL, "--as", "cohort")
    act("terms", "new", "--preset", "research-only", "--research-aim", "general", "--fee", "1.00", "--asset", "EURX",
        *HOSPITAL, "--as", "case-terms")
    needles = set().union(*(words(json.loads(path.read_text())) for path in files()))
    # What a network without any case says (patient, genetics) tells nothing of one.
    needles -= {needle for _, needle in found(network, needles)}
    assert len(needles) >= 8
    for number, path in enumerate(files()):
        act("case", "register", path, "--report", tmp_path / f"{number}.json", "--consent-set", "cohort", "--field",
            "genetics", "--terms", "case-terms", "--price", "1.00", "--asset", "EURX", "--as", f"case-{number}",
            *HOSPITAL)
    # One is sold, delivered, opened; then the patient withdraws, and asks for erasure.
    act("license", "buy", "case-0", "--purpose", "HRESCH", "--research-aim", "general", "--from", "developer", "--as",
        "study")
    act("license", "deliver", "study", *HOSPITAL)
    act("license", "open", "study", "--out", tmp_path / "case.json", "--from", "developer")
    opened = json.loads((tmp_path / "case.json").read_text())
    assert opened["phenotypicFeatures"][0]["type"]["id"] == "HP:0001250"
    act("consent", "withdraw", "consent", "--erase", "--from", "patient")
    act("inft", "erase", "case-0", "--consent", "consent", *HOSPITAL)
    assert found(network, needles) == set()
    # The scan can fail: a diagnosis that somebody writes into a title is found, in store and answers.
    planted = "Seizure"
    assert planted in needles
    act("inft", "mint", "--file", "README.md", "--class", "report", "--title", f"A case of {planted}", "--from", "author")
    places = {name for name, needle in found(network, needles) if needle == planted}
    assert "catalog" in places and any("data.mdb" in name for name in places) and any(
        name.startswith("block") for name in places)
