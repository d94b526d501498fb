"""A protocol that was found harmful: recalled, answered, proven who has not answered, and lifted; with the wallet that people
have."""

import json
import shutil

import pytest

from conftest import Devnet


@pytest.fixture()
def network(tmp_path):
    network = Devnet(tmp_path / "devnet")
    yield network
    network.stop()


def test_a_harmful_protocol_is_recalled_down_to_its_descendants(network, tmp_path):
    def act(*arguments, check=True):
        return network.wallet(*map(str, arguments), "--yes", check=check)

    def value(*arguments):
        return json.loads(network.wallet(*map(str, arguments), "--json"))

    def balance(name):
        return network.wallet("revenue", "balance", "--from", name)

    protocol, child, notice = tmp_path / "protocol.txt", tmp_path / "child.txt", tmp_path / "notice.txt"
    protocol.write_text("give ten times the dose")
    child.write_text("the same, for children")
    notice.write_text("The dose is ten times too high. Stop at once.")
    act("inft", "mint", "--file", protocol, "--class", "protocol", "--title", "Sepsis protocol", "--terms",
        "derivatives-allowed", "--price", "10.00", "--asset", "EURX", "--as", "protocol", "--from", "author")
    act("license", "buy", "protocol", "--commercial", "--from", "developer", "--as", "developers")
    act("inft", "mint", "--file", child, "--class", "protocol", "--title", "Sepsis protocol for children", "--parent",
        "developers", "--terms", "commercial", "--price", "20.00", "--asset", "EURX", "--as",
        "child", "--from", "developer")
    act("license", "buy", "child", "--commercial", "--from", "clinic", "--as", "clinics")
    assert network.wallet("license", "check", "clinics")

    nobody = act("inft", "recall", "protocol", "--reason", "harm", "--notice", notice, "--from", "clinic", check=False)
    assert nobody.returncode == 1 and "may_not_recall" in nobody.stderr
    act("inft", "recall", "protocol", "--reason", "harm", "--notice", notice, "--answer-by", "2d", "--as", "recall",
        "--from", "author")

    # In that very block, with nobody's further act.
    checked = network.wallet("license", "check", "clinics", check=False)
    assert checked.returncode == 1 and "suspendedByRecall" in checked.stdout
    assert value("license", "show", "clinics")["state"] == "suspended"
    sold = act("license", "buy", "child", "--commercial", "--from", "clinic", check=False)
    assert sold.returncode == 1 and "inft_not_active" in sold.stderr
    assert "recalledByOwner" in network.wallet("inft", "show", "child")
    assert "by way of" in network.wallet("inft", "show", "child")
    before = balance("clinic")
    paid = act("revenue", "pay", "child", "1.00", "--asset", "EURX", "--from", "clinic", check=False)
    assert paid.returncode == 1 and "inft_not_active" in paid.stderr
    assert balance("clinic") == before

    # Who has not answered, proven without a node that is trusted.
    inbox = network.wallet("account", "inbox", "--from", "clinic")
    assert "was recalled; say what you did about it" in inbox
    (line,) = [one for one in value("account", "inbox", "--from", "clinic") if one["act"] == "license.acknowledgeRecall"]
    (recall,) = value("inft", "recalls")
    assert f'"answerBy": {line["deadline"]}' in json.dumps(recall) and line["deadlineText"] in inbox
    # The answer is the licensee's own to give.
    assert "--answer ANSWER" in inbox and "--answer stopped" not in inbox
    folder = tmp_path / "evidence"
    status = value("inft", "recall-status", "recall", "--proofs", folder)
    assert (status["awaited"], status["answered"], status["missing"]) == (2, 0, 0)
    act("inft", "acknowledge", "--answer", "destroyed", "--from", "clinic")
    again = act("inft", "acknowledge", "--answer", "destroyed", "--from", "clinic", check=False)
    assert again.returncode == 2 and "no recall waits" in again.stderr
    status = value("inft", "recall-status", "recall")
    assert (status["awaited"], status["answered"]) == (1, 1)
    answered = next(one for one in status["licenses"] if one["standing"] == "answered")
    assert answered["answer"] == "destroyed" and not answered["isLate"]

    # The folder says what was true then, and a page that is missing or changed is found.
    kept = value("inft", "recall-check", folder)
    assert (kept["awaited"], kept["answered"]) == (2, 0)
    pages = sorted(folder.iterdir())
    assert len(pages) == 2
    lacking = tmp_path / "lacking"
    shutil.copytree(folder, lacking)
    (lacking / pages[1].name).unlink()
    assert network.wallet("inft", "recall-check", str(lacking), check=False).returncode == 6
    spoiled = bytearray(pages[0].read_bytes())
    spoiled[-40] ^= 1
    (lacking / pages[0].name).write_bytes(bytes(spoiled))
    assert network.wallet("inft", "recall-check", str(lacking), check=False).returncode == 6

    act("inft", "lift-recall", "recall", "--reason", "corrected", "--from", "author")
    assert network.wallet("license", "check", "clinics")
    assert "corrected" in json.dumps(value("inft", "recalls"))
    act("license", "buy", "child", "--commercial", "--from", "clinic")


def test_a_payment_that_is_held_goes_back(network, tmp_path):
    def act(*arguments):
        return network.wallet(*map(str, arguments), "--yes")

    before = network.wallet("revenue", "balance", "--from", "clinic")
    scan, notice = tmp_path / "scan.txt", tmp_path / "notice.txt"
    scan.write_text("a scan")
    notice.write_text("of another patient")
    act("inft", "mint", "--file", scan, "--seal", "--class", "report", "--title", "A scan", "--terms", "commercial", "--price",
        "25.00", "--asset", "EURX", "--dispute-window", "1m", "--as", "scan", "--from", "author")
    act("license", "buy", "scan", "--from", "clinic", "--as", "license")
    act("license", "deliver", "license", "--from", "author")
    act("inft", "recall", "scan", "--reason", "unreliable", "--notice", notice, "--from", "author")
    network.advance("2m")
    network.settle(lambda: json.loads(network.wallet("license", "show", "license", "--json"))["state"] == "refunded")
    assert network.wallet("revenue", "balance", "--from", "clinic") == before
