"""A hospital buys a quota for an algorithm, an agent records its uses, the hospital reports how one ended, and what was not
used comes back: by the wallet, as the people concerned would do it."""

import hashlib
import json
import subprocess
import time

import pytest

from conftest import BINARIES, Devnet

HOSPITAL = ("--from", "clinic", "--acting-for", "clinic-org")


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    network = Devnet(tmp_path_factory.mktemp("use") / "devnet")
    yield network
    network.stop()


def test_a_quota_is_bought_used_reported_on_and_returned(network, tmp_path):
    def act(*arguments, check=True):
        return network.wallet(*map(str, arguments), "--yes", check=check)

    def value(*arguments):
        return json.loads(network.wallet(*map(str, arguments), "--json"))

    def refused(reason, *arguments):
        done = act(*arguments, check=False)
        assert done.returncode == 1 and reason in done.stderr, f"{arguments}: {done.returncode} {done.stderr}"

    def balance():
        (line,) = value("revenue", "balance", "clinic-org")["balances"]
        return int(line["amount"])

    def vault():
        (account,) = value("revenue", "vault", "triage")["accounts"]
        return int(account["total"])

    case, result, measure = tmp_path / "case.json", tmp_path / "result.json", tmp_path / "measure.md"
    case.write_text("age 71, fever")
    result.write_text("sepsis: 85 %")
    measure.write_text("Sepsis by the criteria of 2016 within 72 hours of triage.")

    # Terms: 50.00 with a hundred uses at 0.30 in it, and 20.00 if what is reported agrees.
    start = balance()
    act("inft", "mint", "--file", "README.md", "--class", "algorithm", "--title", "Triage", "--as", "triage", "--from", "author")
    act("terms", "new", "--asset", "EURX", "--fee", "50.00", "--per-use-fee", "0.30", "--prepaid-uses", "100", "--purpose",
        "TREAT", "--outcome-measure", sha256(measure), "--outcome-threshold", "50", "--outcome-amount", "20.00",
        "--outcome-within", "30d", "--outcome-basis", "own", "--as", "metered", "--from", "author")
    act("offer", "create", "triage", "--terms", "metered", "--from", "author")
    quote = network.wallet("license", "quote", "triage", *HOSPITAL)
    assert "30.00 EURX are set aside for 100 uses" in quote and "Each use: 0.30 EURX" in quote
    assert "In all you need 70.00 EURX" in quote
    refused("price_above_maximum", "license", "buy", "triage", "--max-price", "69.99", *HOSPITAL)
    # In the offer's own units, which the operation does not name.
    assert "Pay at most 70.00 EURX" in act("license", "buy", "triage", "--as", "score", *HOSPITAL)
    assert balance() == start - 7_000 and vault() == 2_000
    assert "100 uses left" in network.wallet("license", "show", "score")
    # Both sides are told until when reports count.
    for who, party in (HOSPITAL, "clinic-org"), (("--from", "author"), "author"):
        (waits,) = [one for one in value("account", "inbox", *who) if one["act"] == "license.outcomePriceSettled"]
        assert "20.00 EURX wait for outcomes of triage" in waits["what"] and waits["deadline"], party

    # The agent needs two words.
    act("key", "new", "bot")
    act("account", "sponsor", "bot", "--kind", "service", "--from", "hospital", "--acting-for", "hospital-org")
    use = ("license", "use", "score", "--input", case, "--output", result, "--purpose", "TREAT", "--prediction", "85")
    refused("use_not_covered", *use, "--opening", tmp_path / "a.json", "--from", "bot")
    act("inft", "authorize", "triage", "bot", "--purpose", "TREAT", "--until", "20d", "--from", "author")
    shown = network.wallet("inft", "show", "triage")
    assert "May run it:" in shown and "for TREAT until" in shown
    assert "to run triage is about to end" in network.wallet("account", "inbox", "--from", "author")
    act("license", "agent", "score", "bot", "--allowance", "2", *HOSPITAL)
    said = act(*use, "--opening", tmp_path / "uses.json", "--from", "bot")
    assert "1 use at 0.30 EURX" in said and "Prepaid uses left: 99" in said
    refused("use_not_covered", *use[:-4], "--purpose", "HMARKT", "--opening", tmp_path / "b.json", "--from", "bot")
    act(*use, "--opening", tmp_path / "again.json", "--from", "bot")
    refused("quota_spent", *use, "--opening", tmp_path / "c.json", "--from", "bot")
    assert vault() == 2_060 and "bot" in network.wallet("license", "agent", "score")
    listed = value("license", "use", "score", "--list")
    assert [item["number"] for item in listed] == [1, 0] and all(item["uses"] == 1 for item in listed)
    # Nothing of the case is on the ledger, and what opens the commitments is in the file alone.
    assert "fever" not in json.dumps(listed)

    # How the case ended: once.
    outcome = ("license", "outcome", "score", "--measure", measure, "--agrees", "--observed")
    act(*outcome, "--opening", tmp_path / "uses.json", "--case", "2027/0815", *HOSPITAL)
    refused("outcome_reported", *outcome, "--opening", tmp_path / "uses.json", "--case", "2027/0816", *HOSPITAL)
    refused("outcome_reported", *outcome, "--opening", tmp_path / "again.json", "--case", "2027/0815", *HOSPITAL)
    refused("not_enrolled", *outcome, "--opening", tmp_path / "again.json", "--case", "2027/0816", "--from", "author")
    everyone, clinic = value("inft", "outcomes", "triage")
    assert everyone["totals"]["reports"] == clinic["totals"]["reports"] == 1 and everyone["uses"] == 2
    assert everyone["agreement"] == 1_000_000 and everyone["totals"]["bins"][8] == {"predicted": 1, "observed": 1}
    # |1 − 0.85|, in millionths.
    assert everyone["calibrationError"] == 150_000
    assert "1 of 1" in network.wallet("license", "show", "score")

    # More uses, then none: 98 + 10 are left, at 0.30 each.
    assert "Set aside at most 3.00 EURX" in act("license", "top-up", "score", "10", *HOSPITAL)
    before = balance()
    said = act("license", "surrender", "score", *HOSPITAL)
    assert "32.40 EURX come back: 32.40 EURX for 108 prepaid uses" in said, said
    assert balance() == before + 108 * 30
    refused("use_not_covered", *use, "--opening", tmp_path / "d.json", *HOSPITAL)
    # The outcome price is decided by itself, whatever became of the license.
    subprocess.run([BINARIES / "mednexusd", "devnet", "advance", "31d", "--home", network.home], check=True, timeout=60)
    deadline = time.monotonic() + 90
    while "paid" not in network.wallet("license", "show", "score").partition("Outcomes:")[2].partition("\n")[0]:
        assert time.monotonic() < deadline, network.wallet("license", "show", "score")
        act("revenue", "transfer", "0.01", "--to", "developer", "--asset", "EURX", "--from", "clinic", check=False)
    assert vault() == 2_060 + 2_000 and balance() == before + 108 * 30


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()
