"""What consents ask before they permit: answered for a delivery, carried by hand, and answered anew when the policies behind
the content change. With the wallet that people have."""

import json

import pytest

from conftest import Devnet

HOSPITAL = ("--from", "hospital", "--acting-for", "hospital-org")


@pytest.fixture()
def network(tmp_path):
    network = Devnet(tmp_path / "devnet")
    yield network
    network.stop()


def test_answers_hold_until_the_policies_change_and_are_then_given_anew(network, tmp_path):
    def act(*arguments, check=True):
        return network.wallet(*map(str, arguments), "--yes", check=check)

    def refused(*arguments):
        done = network.wallet(*map(str, arguments), "--yes", "--json", check=False)
        assert done.returncode == 1, (arguments, done.returncode, done.stdout, done.stderr)
        return json.loads(done.stderr.splitlines()[-1])["reason"]

    def value(*arguments):
        return json.loads(network.wallet(*map(str, arguments), "--json"))

    def consent(name, patient, disease):
        act("consent", "grant", "disease-research", "--disease", disease, "--opening", tmp_path / f"{name}.json",
            "--custodian", "hospital-org", "--from", patient, "--as", name)
        act("consent", "countersign", name, *HOSPITAL)

    def covered():
        done = network.wallet("license", "check", "methods", "--purpose", "HRESCH", "--field", "research", check=False)
        assert done.returncode in (0, 1), done.stderr
        return done.returncode == 0

    def waiting():
        return [one for one in value("account", "inbox", "--from", "clinic") if one["act"] == "license.answerNeeds"]

    act("key", "new", "second-patient")
    act("account", "sponsor", "second-patient", "--kind", "patient", *HOSPITAL)
    consent("one", "patient", "mondo:0005148")
    consent("two", "second-patient", "mondo:0004992")
    act("consent", "set", "create", "one", *HOSPITAL, "--as", "cohort")
    data = tmp_path / "data.csv"
    data.write_text("a,b\n1,2\n")
    act("terms", "new", "--preset", "research-only", "--research-aim", "methods", "--fee", "5.00", "--asset", "EURX", *HOSPITAL,
        "--as", "data-terms")
    act("inft", "mint", "--file", data, "--seal", "--class", "dataset", "--human-data", "--consent-set", "cohort", "--terms",
        "data-terms", *HOSPITAL, "--as", "data")
    act("license", "buy", "data", "--purpose", "HRESCH", "--research-aim", "methods", "--from", "clinic", "--as", "methods")
    assert refused("license", "deliver", "methods", *HOSPITAL) == "need_unmet"
    answers, later = tmp_path / "answers.json", tmp_path / "later.json"
    sign = ("consent", "answer", "--delivery", "methods", "--by", "hospital-org", "--until", "90d", "--from", "hospital")
    assert "--delivery says who asks" in act(*sign, "--to", "clinic", "--out", answers, check=False).stderr
    said = act(*sign, "--out", answers)
    assert "Every need is answered" in said, said
    assert [one["need"]["type"] for one in json.loads(answers.read_text())] == ["memberRestrictions"]
    act("license", "deliver", "methods", "--answers", answers, *HOSPITAL)
    assert covered() and not waiting()
    # What was signed for the delivery's own release is not for the uses since.
    assert refused("license", "answer", "methods", "--answers", answers, "--from", "clinic") == "answer_invalid"

    # Another member, with a restriction that who answered could not know.
    act("consent", "set", "add", "cohort", "two", *HOSPITAL)
    assert not covered()
    (line,) = waiting()
    assert "wait for an answer that its consents ask for; hospital-org" in line["what"], line
    assert line["command"] == "license answer methods --answers … --from clinic" and "deadline" not in line
    assert refused("license", "answer", "methods", "--answers", answers, "--from", "clinic") == "answer_invalid"
    assert "which answers?" in act("license", "answer", "methods", "--from", "clinic", check=False).stderr
    act(*sign, "--out", later)
    said = act("license", "answer", "methods", "--answers", later, "--from", "clinic")
    assert "memberRestrictions: answered by hospital-org" in said and ", until" in said, said
    assert covered() and not waiting()
    disclosed = value("consent", "disclosures", "two")
    assert [one["disclosure"]["occasion"] for one in disclosed] == ["uses"]

    # Before the answers run out the licensee is told.
    network.advance("70d")
    (line,) = waiting()
    assert "about to run out" in line["what"] and line["deadlineText"]
    # And has them signed anew while they hold: for longer, since no answer of the same length is taken.
    short, long = tmp_path / "short.json", tmp_path / "long.json"
    again = ("consent", "answer", "--delivery", "methods", "--by", "hospital-org", "--from", "hospital")
    act(*again, "--until", "1d", "--out", short)
    assert refused("license", "answer", "methods", "--answers", short, "--from", "clinic") == "answers_unneeded"
    act(*again, "--until", "90d", "--out", long)
    act("license", "answer", "methods", "--answers", long, "--from", "clinic")
    assert covered() and not waiting()
