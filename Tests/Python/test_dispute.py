"""Bad content, told by arbiters whom a lot names: the buyer shows them the key, the price comes back, and the key is never
on the chain."""

import json
import re
import subprocess
import time

import pytest

from conftest import BINARIES, ROOT, Devnet

ARBITERS = ["rita", "sam", "tom", "uma"]


@pytest.fixture()
def network(tmp_path):
    network = Devnet(tmp_path / "devnet")
    yield network
    network.stop()


def enroll(act):
    for name in ARBITERS:
        act("key", "new", name)
        act("account", "sponsor", name, "--kind", "arbiter", "--from", "hospital", "--acting-for", "hospital-org")
        act("credential", "offer", name, "arbiter", "--from", "accreditor", "--as", f"credential-{name}")
        act("credential", "accept", f"credential-{name}", "--from", name)
        act("arbiter", "enroll", "--from", name)


def test_bad_content_is_judged_and_refunded(network, tmp_path):
    def act(*arguments, check=True):
        return network.wallet(*map(str, arguments), "--yes", check=check)

    def value(*arguments):
        return json.loads(network.wallet(*map(str, arguments), "--json"))

    def balance():
        return network.wallet("revenue", "balance", "--from", "clinic")

    def told(name, act):
        """What the inbox of `name` says of `act`, and that its deadline is the ledger's."""
        (line,) = [one for one in value("account", "inbox", "--from", name) if one["act"] == act]
        waits = [one for one in value("dispute", "show", "dispute")["waitsFor"] if one["act"] == act]
        assert not waits or line["deadline"] in [one["deadline"] for one in waits], (line, waits)
        assert line["deadlineText"] in network.wallet("account", "inbox", "--from", name)
        # Whose address stands behind a name is no matter here.
        return re.sub(r" \([^)]*\)", "", line["what"])

    enroll(act)
    bad = tmp_path / "bad.txt"
    bad.write_text("not what was promised")
    before = balance()
    act("inft", "mint", "--file", bad, "--seal", "--class", "report", "--title", "A scan", "--terms", "commercial", "--price",
        "25.00", "--asset", "EURX", "--dispute-window", "2d", "--as", "scan", "--from", "author")
    said = act("license", "buy", "scan", "--from", "clinic", "--as", "license")
    assert "Set aside at most 25.00 EURX" in said and "smallest units" not in said, said
    # The buyer is told what it waits for, and then until when it can dispute what came.
    inbox = network.wallet("account", "inbox", "--from", "clinic")
    assert "waits for author" in inbox and "25.00 EURX come back by themselves" in inbox, inbox
    act("license", "deliver", "license", "--from", "author")
    inbox = network.wallet("account", "inbox", "--from", "clinic")
    assert "until then you can dispute what came" in inbox and "dispute raise license" in inbox, inbox
    assert "held until" in network.wallet("license", "show", "license")
    said = act("dispute", "raise", "license", "--evidence", "README.md", "--as", "dispute", "--from", "clinic")
    # A tenth of 25.00.
    assert "The bond is 2.50 EURX" in said and "smallest units" not in said, said
    statement = network.wallet("revenue", "statement", "clinic")
    assert "bond in the dispute dispute" in statement, statement
    named = value("dispute", "show", "dispute")["dispute"]["id"]
    assert f"bond:{named}," in network.wallet("revenue", "statement", "clinic", "--csv")
    assert told("author", "dispute.respond") == "clinic disputes; who does not answer in time loses"
    assert told("author", "license.distributed") == "25.00 EURX of clinic are held while it is disputed"
    act("dispute", "respond", "dispute", "--from", "author")
    for name, other in ("clinic", "author"), ("author", "clinic"):
        assert told(name, "dispute.revealNonce") == (
            f"the dispute with {other} waits for your nonce; who does not reveal it loses")
        act("dispute", "reveal", "dispute", "--from", name)
    # Whoever was not drawn has no part in it.
    called = [name for name in ARBITERS if "drawn as arbiter" in network.wallet("account", "inbox", "--from", name)]
    assert all("accept, or decline" in told(name, "dispute.accept") for name in called)
    drawn = [name for name in ARBITERS if act("dispute", "accept", "dispute", "--from", name, check=False).returncode == 0]
    assert len(drawn) == 3 and drawn == called
    early = network.wallet("dispute", "open", "dispute", "--out", str(tmp_path / "early"), "--from", drawn[0], check=False)
    assert early.returncode == 2
    assert "waits for the content key" in network.wallet("account", "inbox", "--from", "clinic")
    act("dispute", "show-key", "dispute", "--from", "clinic")
    for name in drawn:
        network.wallet("dispute", "open", "dispute", "--out", str(tmp_path / name), "--from", name)
        assert (tmp_path / name).read_text() == bad.read_text()
        assert told(name, "dispute.commitVote") == "an arbiter's vote is due"
        act("dispute", "vote", "dispute", "--uphold", "--from", name)
    for name in drawn:
        assert told(name, "dispute.revealVote") == "an arbiter's vote is to be revealed; else it does not count"
        act("dispute", "reveal", "dispute", "--from", name)
    assert told("author", "dispute.appeal") == "lost against clinic; an appeal is possible, with twice the bond"
    said = act("dispute", "appeal", "dispute", "--from", "author", "--build-only", tmp_path / "appeal.json")
    assert "The bond is 5.00 EURX" in said, said
    assert "upheld: majority" in network.wallet("dispute", "show", "dispute")
    # Nobody appeals.
    done = subprocess.run(
        [BINARIES / "mednexusd", "devnet", "advance", "8d", "--home", network.home], capture_output=True, timeout=60)
    assert done.returncode == 0
    for _ in range(60):
        if value("license", "show", "license")["state"] == "annulled":
            break
        time.sleep(0.25)
    assert value("license", "show", "license")["state"] == "annulled"
    assert balance() == before
    assert network.wallet("license", "check", "license", check=False).returncode == 1


def test_a_claim_stands_against_all_that_derives_until_it_is_settled(network, tmp_path):
    def act(*arguments, check=True):
        return network.wallet(*map(str, arguments), "--yes", check=check)

    def stands(against):
        return "improperRegistration" in network.wallet("inft", "recalls", against)

    enroll(act)
    for name in ("paper", "translation"):
        (tmp_path / name).write_text(f"the {name}")
    act("inft", "mint", "--file", tmp_path / "paper", "--class", "publication", "--title", "A paper", "--terms",
        "derivatives-allowed", "--price", "10.00", "--asset", "EURX", "--as", "paper", "--from", "author")
    act("license", "buy", "paper", "--commercial", "--from", "developer", "--as", "license")
    act("inft", "mint", "--file", tmp_path / "translation", "--class", "localization", "--title", "A translation",
        "--parent", "license", "--terms", "commercial", "--price", "20.00", "--asset", "EURX", "--as", "translation", "--from",
        "developer")
    small = act("dispute", "claim", "paper", "--ground", "improperRegistration", "--evidence", "README.md", "--bond", "1.00",
                "--from", "clinic", check=False)
    assert small.returncode == 1 and "bond_too_small" in small.stderr
    act("dispute", "claim", "paper", "--ground", "improperRegistration", "--evidence", "README.md", "--bond", "100.00",
        "--from", "clinic", "--as", "claim")
    act("dispute", "respond", "claim", "--evidence", "LICENSE" if (ROOT / "LICENSE").exists() else "CHANGELOG.md", "--from",
        "author")
    act("dispute", "reveal", "claim", "--from", "clinic")
    act("dispute", "reveal", "claim", "--from", "author")
    drawn = [name for name in ARBITERS if act("dispute", "accept", "claim", "--from", name, check=False).returncode == 0]
    assert len(drawn) == 3
    for name in drawn:
        act("dispute", "vote", "claim", "--uphold", "--from", name)
    for name in drawn:
        act("dispute", "reveal", "claim", "--from", name)
    assert not stands("translation")
    network.advance("8d")
    network.settle(lambda: stands("translation"))
    sold = act("license", "buy", "translation", "--commercial", "--from", "clinic", check=False)
    assert sold.returncode == 1 and "inft_not_active" in sold.stderr
    act("dispute", "settle", "claim", "--from", "clinic")
    assert not stands("paper") and not stands("translation")
    act("license", "buy", "translation", "--commercial", "--from", "clinic")
