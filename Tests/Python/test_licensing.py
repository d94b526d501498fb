"""A rights holder, a licensee and a sublicensee with the built wallet: terms, offer, quote, a trial that is returned, a
purchase, seats, sublicenses, renewal, transfer, and the uses that are refused. What each sees and has is asserted, to the
unit."""

import json
import subprocess
import time

import pytest

from conftest import BINARIES, Devnet


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    network = Devnet(tmp_path_factory.mktemp("licensing") / "devnet")
    yield network
    network.stop()


def act(network, *arguments):
    return network.wallet(*map(str, arguments), "--yes")


def refused(network, *arguments, code=1):
    done = network.wallet(*map(str, arguments), "--yes", check=False)
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stderr


def value(network, *arguments):
    return json.loads(network.wallet(*map(str, arguments), "--json"))


def balance(network, name):
    """In smallest units of EURX."""
    found = value(network, "revenue", "balance", "--from", name)["balances"]
    return sum(int(entry["amount"]) for entry in found if entry["code"] == "EURX")


def advance(network, duration):
    done = subprocess.run(
        [BINARIES / "mednexusd", "devnet", "advance", duration, "--home", network.home], capture_output=True, timeout=60)
    assert done.returncode == 0


def wait(condition):
    for _ in range(80):
        if condition():
            return
        time.sleep(0.25)
    raise AssertionError("it did not come to be")


def covered(network, license, *use):
    done = network.wallet("license", "check", license, *map(str, use), check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode == 0


def test_seats_trial_and_sublicenses_of_a_course(network, tmp_path):
    course = tmp_path / "course.json"
    course.write_text(json.dumps({"course": "stroke"}))
    act(network, "terms", "new", "--commercial", "--purpose", "TREAT", "--territory", "DE,AT", "--seats", 3, "--duration", "1y",
        "--renewable", "--transferable", "--sublicensable", "--trial", "7d", "--fee", "90.00", "--asset", "EURX",
        "--revocable-for", "breach-of-terms", "--from", "author", "--as", "course-terms")
    sentences = network.wallet("terms", "show", "course-terms")
    assert "Once, it can be given back within 7 days" in sentences and "to some of its seats" in sentences
    act(network, "inft", "mint", "--file", course, "--class", "protocol", "--title", "Stroke course", "--from", "author",
        "--as", "course")
    act(network, "offer", "create", "course", "--terms", "course-terms", "--price", "90.00", "--from", "author", "--as", "offer")

    quote = network.wallet("license", "quote", "course", "--from", "clinic")
    assert "given back within 7 days for the whole price" in quote and "90.00 EURX to author" in quote
    before = balance(network, "clinic")
    act(network, "license", "buy", "course", "--purpose", "TREAT", "--territory", "DE", "--from", "clinic", "--as", "first")
    assert balance(network, "clinic") == before - 9_000
    assert value(network, "license", "show", "first")["license"].get("trialUntil") is not None
    assert "license surrender gives 90.00 EURX back" in network.wallet("license", "show", "first")
    until = value(network, "license", "show", "first")["license"]["trialUntil"]
    (trial,) = [one for one in value(network, "account", "inbox", "--from", "clinic") if one["act"] == "license.surrender"]
    assert "is on trial: until then it can go back, and 90.00 EURX with it" in trial["what"] and trial["deadline"] == until
    (waits,) = [one for one in value(network, "account", "inbox", "--from", "author") if one["act"] == "license.trialEnds"]
    assert waits["what"].startswith("90.00 EURX of clinic") and "are held until the trial ends" in waits["what"]
    assert waits["deadline"] == until
    assert "trial" in refused(network, "license", "sublicense", "first", "--to", "developer", "--seats", 1, "--from", "clinic",
                              "--co-sign", "developer")
    shown = act(network, "license", "surrender", "first", "--from", "clinic")
    assert "90.00 EURX come back" in shown
    assert balance(network, "clinic") == before
    assert value(network, "license", "show", "first")["state"] == "returned"
    assert not covered(network, "first", "--purpose", "TREAT", "--territory", "DE")

    # Once: the next purchase says so, and is paid out at once.
    assert "No trial" in network.wallet("license", "quote", "course", "--from", "clinic")
    act(network, "license", "buy", "course", "--purpose", "TREAT", "--territory", "DE", "--from", "clinic", "--as", "second")
    assert value(network, "license", "show", "second")["license"].get("trialUntil") is None

    act(network, "license", "seat", "assign", "second", "coauthor", "--from", "clinic")
    assert "coauthor" in network.wallet("license", "seat", "list", "second")
    assert covered(network, "second", "--user", "coauthor", "--purpose", "TREAT", "--territory", "DE")
    assert not covered(network, "second", "--user", "developer", "--purpose", "TREAT", "--territory", "DE")

    # Two of the three seats go to a sublicensee, for nothing: they are paid for. Not three, and nothing wider.
    below = ["license", "sublicense", "second", "--to", "developer", "--from", "clinic", "--co-sign", "developer"]
    said = refused(network, *below, "--seats", 3)
    assert "3 are asked for, and 2 of the license's 3 seats are free" in said, said
    assert "territories" in refused(network, *below, "--seats", 2, "--purpose", "TREAT", "--territory", "AT")
    money = balance(network, "developer")
    words = act(network, *below, "--seats", 2, "--until", "90d", "--as", "below")
    assert "If the license above ends, it ends" in words
    assert balance(network, "developer") == money
    assert "3 of 3 taken" in network.wallet("license", "show", "second")
    use = ("--purpose", "TREAT", "--territory", "DE")
    assert not covered(network, "below", *use)
    act(network, "license", "seat", "assign", "below", "developer", "--from", "developer")
    assert covered(network, "below", *use)
    assert not covered(network, "below", "--purpose", "TREAT", "--territory", "AT")
    assert not covered(network, "below", "--purpose", "HRESCH", "--territory", "DE")
    listed = value(network, "license", "list", "--above", "second")
    assert [item["license"]["under"]["seats"] for item in listed] == [2]
    assert "a sublicense of it is in force" in refused(network, "license", "surrender", "second", "--from", "clinic")

    end = value(network, "license", "show", "second")["license"]["expiresAt"]
    said = act(network, "license", "renew", "second", "--from", "clinic")
    assert "Pay at most 90.00 EURX, by the offer offer" in said, said
    assert value(network, "license", "show", "second")["license"]["expiresAt"] > end
    act(network, "license", "transfer", "second", "--to", "coauthor", "--from", "clinic", "--co-sign", "coauthor")
    assert not covered(network, "second", "--user", "clinic", *use) and covered(network, "second", *use)
    assert covered(network, "below", *use)

    # Revoked above, it is over below at once.
    act(network, "license", "revoke", "second", "--cause", "breach-of-terms", "--evidence", "README.md", "--from", "author")
    assert value(network, "license", "show", "below")["state"] == "endedAbove"
    assert not covered(network, "below", *use)


def test_a_sublicense_of_sealed_content_pays_the_vault(network, tmp_path):
    scan = tmp_path / "scan.txt"
    scan.write_text("a scan")
    act(network, "terms", "new", "--commercial", "--sublicensable", "--revenue-share", 50, "--duration", "1y", "--fee",
        "50.00", "--asset", "EURX", "--from", "author", "--as", "scan-terms")
    act(network, "inft", "mint", "--file", scan, "--seal", "--class", "report", "--title", "A scan", "--terms", "scan-terms",
        "--price", "50.00", "--dispute-window", "2d", "--from", "author", "--as", "scan")
    act(network, "license", "buy", "scan", "--commercial", "--from", "clinic", "--as", "scan-license")
    # Two transactions, one document.
    delivered = json.loads(act(network, "license", "deliver", "scan-license", "--from", "author", "--json"))
    assert [one["state"] for one in delivered["transactions"]] == ["final", "final"]
    assert len({one["transaction"] for one in delivered["transactions"]}) == 2
    act(network, "revenue", "transfer", "100.00", "--to", "coauthor", "--asset", "EURX", "--from", "clinic")
    before = {name: balance(network, name) for name in ("clinic", "coauthor")}
    grant = ["license", "sublicense", "scan-license", "--to", "coauthor", "--from", "clinic", "--co-sign", "coauthor"]
    assert "what the license cost" in network.wallet("license", "sublicense", "--help")
    assert "price_below_fee" in refused(network, *grant, "--price", "49.99")
    words = act(network, *grant, "--price", "70.00", "--as", "scan-below")
    assert "pays 70.00 EURX: what the license cost" in words
    assert "10.00 EURX to clinic" in words and "60.00 EURX to author" in words
    assert value(network, "license", "show", "scan-below")["state"] == "pending"
    assert balance(network, "coauthor") == before["coauthor"] - 7_000
    act(network, "license", "deliver", "scan-below", "--from", "clinic")
    network.wallet("license", "open", "scan-below", "--out", str(tmp_path / "opened"), "--from", "coauthor")
    assert (tmp_path / "opened").read_text() == "a scan"
    assert "held until" in network.wallet("license", "show", "scan-below")
    advance(network, "3d")
    wait(lambda: balance(network, "clinic") == before["clinic"] + 1_000)
    assert "paid out" in network.wallet("license", "show", "scan-below")
    vault = value(network, "revenue", "vault", "scan")
    assert sum(int(account["total"]) for account in vault["accounts"]) == 5_000 + 6_000


def test_what_can_not_be_bought_is_not_shown_as_open(network, tmp_path):
    score = tmp_path / "score.json"
    score.write_text("{}")
    act(network, "inft", "mint", "--file", score, "--class", "algorithm", "--title", "Score", "--terms", "commercial", "--price",
        "1.00", "--asset", "EURX", "--from", "author", "--as", "score")
    assert value(network, "offer", "list", "--inft", "score")
    act(network, "inft", "retire", "score", "--from", "author")
    assert not value(network, "offer", "list", "--inft", "score")
    closed = value(network, "offer", "list", "--inft", "score", "--all")
    assert [offer["obstacle"]["reason"] for offer in closed] == ["inft_not_active"]
    assert "retired" in refused(network, "license", "quote", "score", "--from", "clinic")
