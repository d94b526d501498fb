"""What consents ask before they permit: answered for a delivery, carried by hand, and answered anew when the policies behind
the content change. With the wallet that people have."""

import csv
import json
import re
import time

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

    consent("one", "patient", "mondo:0005148")
    consent("two", "patient-2", "mondo:0004992")
    act("consent", "set", "create", "one", *HOSPITAL, "--as", "cohort")
    data = tmp_path / "data.csv"
    data.write_text("a,b\n1,2\n")
    act("terms", "new", "--preset", "research-only", "--research-aim", "methods", "--fee", "5.00", "--asset", "EURX", *HOSPITAL,
        "--as", "data-terms")
    act("inft", "mint", "--file", data, "--seal", "--class", "dataset", "--human-data", "--consent-set", "cohort", "--terms",
        "data-terms", *HOSPITAL, "--as", "data")
    # Before anything is paid: what the terms promise and the consents don't give.
    asks = "its consents ask for answers, which are given for a delivery alone"
    quote = network.wallet("license", "quote", "data", "--purpose", "HRESCH", "--research-aim", "methods", "--from", "clinic")
    assert "and can be renewed." in quote, quote
    assert f"It can't be renewed, although its terms allow it: {asks}. Who needs it longer buys another" in quote, quote
    act("license", "buy", "data", "--purpose", "HRESCH", "--research-aim", "methods", "--from", "clinic", "--as", "methods")
    # Who delivers is told what comes before it, who answers, and what is typed.
    (line,) = [one for one in value("account", "inbox", *HOSPITAL) if one["act"] == "license.begin"]
    assert re.search(r"before, hospital-org answers memberRestrictions, then mednexus license deliver tmnxdelivery1\w+ --answers "
                     r"answers-\w{8}\.json --from hospital --acting-for hospital-org$", line["what"]), line
    assert line["command"].startswith("mednexus consent answer --delivery tmnxdelivery1"), line
    assert re.search(r" --opening FILE --out answers-\w{8}\.json --from hospital --acting-for hospital-org$", line["command"]), line
    said = act("license", "deliver", "methods", *HOSPITAL, check=False)
    assert said.returncode == 1 and "need_unmet" in said.stderr
    assert "hospital-org answers memberRestrictions. mednexus consent answer --delivery tmnxdelivery1" in said.stderr, said.stderr
    assert "; then mednexus license deliver tmnxdelivery1" in said.stderr
    answers, later = tmp_path / "answers.json", tmp_path / "later.json"
    sign = ("consent", "answer", "--delivery", "methods", "--by", "hospital-org", "--until", "90d", "--from", "hospital")
    assert "--delivery says who asks" in act(*sign, "--to", "clinic", "--out", answers, check=False).stderr
    said = act(*sign, "--opening", tmp_path / "one.json", "--out", answers)
    assert "Every need is answered" in said, said
    assert re.search(r"Next, hospital-org: mednexus license deliver tmnxdelivery1\w+ --answers .*answers.json\.", said), said
    # Nobody signs what nobody would take.
    done = act("consent", "answer", "--delivery", "methods", "--by", "hospital-org", "--out", tmp_path / "no.json", "--from", "author",
               check=False)
    assert done.returncode == 2 and "author" in done.stderr and "does not sign answers of hospital-org" in done.stderr, done.stderr
    done = act("consent", "answer", "--delivery", "methods", "--out", tmp_path / "no.json", "--from", "author", check=False)
    assert done.returncode == 2 and "is answered by hospital-org" in done.stderr and not (tmp_path / "no.json").exists(), done.stderr
    # What is signed for is shown.
    for words in (
        " answers memberRestrictions (it keeps within what the consents only commit to) for a release to clinic",
        "Content: data (", "License: methods (", "to be delivered.",
        "Consents: the set cohort (", "of 1 consent, kept by hospital-org", "one (", ") of patient",
        "It is restricted to a disease that only a commitment tells of: mondo:0005148.",
        "To access for HRESCH, by clinic", "For research with the aims: methods", "In: any place", " until ",
    ):
        assert words in said, (words, said)
    assert [one["need"]["type"] for one in json.loads(answers.read_text())["answers"]] == ["memberRestrictions"]
    act("license", "deliver", "methods", "--answers", answers, *HOSPITAL)
    assert covered() and not waiting()
    assert f"; can't be renewed: {asks}" in network.wallet("license", "show", "methods")
    done = act("license", "renew", "methods", "--from", "clinic", check=False)
    assert done.returncode == 1 and asks in done.stderr and "mednexus license quote data" in done.stderr, done.stderr
    # What was signed for the delivery's own release is not for the uses since.
    assert refused("license", "answer", "methods", "--answers", answers, "--from", "clinic") == "answer_invalid"

    # Another member, with a restriction that who answered could not know: said before, and to who keeps the data after.
    said = act("consent", "set", "add", "cohort", "two", *HOSPITAL)
    assert "brings restrictions that only commitments tell of." in said, said
    assert "what was answered so far under the set ends with it" in said and "1 license of what was offered" in said, said
    assert not covered()
    (line,) = [one for one in value("account", "inbox", *HOSPITAL) if one["act"] == "consent.answer"]
    assert "methods of clinic counts no more: hospital-org answers memberRestrictions; clinic brings" in line["what"], line
    assert re.search(r"; clinic brings it with mednexus license answer tmnxlic1\w+$", line["what"]), line
    # The license is in force, and its uses are not.
    said = act("license", "check", "methods")
    assert "In force: yes, as a license" in said and "they ask for memberRestrictions anew: hospital-org answers" in said, said
    assert "mednexus license answer methods --answers answers-methods.json" in said
    copy = tmp_path / "copy.csv"
    done = act("license", "open", "methods", "--out", copy, "--from", "clinic", check=False)
    assert done.returncode == 1 and "not its uses: they ask for memberRestrictions anew" in done.stderr, done.stderr
    assert not copy.exists()
    act("license", "open", "methods", "--out", copy, "--outside-license", "--from", "clinic")
    assert copy.read_text() == data.read_text()
    (line,) = waiting()
    assert "wait for an answer that its consents ask for; hospital-org answers memberRestrictions (mednexus consent answer --delivery tmnxdelivery1" in line["what"]
    assert line["command"] == "mednexus license answer methods --answers FILE --from clinic" and "deadline" not in line
    assert refused("license", "answer", "methods", "--answers", answers, "--from", "clinic") == "answer_invalid"
    assert "which answers?" in act("license", "answer", "methods", "--from", "clinic", check=False).stderr
    act(*sign, "--out", later)
    # A check that says too little names the option.
    done = act("license", "check", "methods", "--purpose", "HRESCH", check=False)
    assert done.returncode == 1 and "Said by --field: mednexus help license check." in done.stderr, done.stderr
    surplus = tmp_path / "surplus.json"
    twice = json.loads(later.read_text())
    surplus.write_text(json.dumps(twice | {"answers": twice["answers"] * 2}))
    done = act("license", "answer", "methods", "--answers", surplus, "--from", "clinic", check=False)
    assert done.returncode == 1 and "answer_unneeded" in done.stderr, done.stderr
    assert "In all it asks for memberRestrictions: hospital-org answers" in done.stderr
    assert re.search(r"; then mednexus license answer methods --answers answers-\w{8}\.json", done.stderr), done.stderr
    said = act("license", "answer", "methods", "--answers", later, "--from", "clinic")
    assert "memberRestrictions: answered by hospital-org" in said and ", until" in said, said
    assert covered() and not waiting()
    disclosed = value("consent", "disclosures", "two")
    assert [one["disclosure"]["occasion"] for one in disclosed] == ["uses"]
    rows = list(csv.DictReader(network.wallet("audit", "disclosures", "--institution", "hospital-org", "--csv").splitlines()))
    assert [(row["how"], row["occasion"]) for row in rows] == [
        ("license", "license"), ("uses answered anew, no copy", "uses")], rows

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


def test_research_of_a_disease_is_sold_by_name_and_by_commitment(network, tmp_path):
    """Of a dataset the disease stands in terms and in the purchase; of a few people's data only a commitment tells of it, and
    who answers sees what it stands for before signing."""
    def act(*arguments, check=True):
        return network.wallet(*map(str, arguments), "--yes", check=check)

    def refused(*arguments):
        done = act(*arguments, check=False)
        assert done.returncode == 1, (arguments, done.stdout, done.stderr)
        return done.stderr

    data = tmp_path / "data.csv"
    data.write_text("a,b\n1,2\n")

    # A dataset, given for a disease.
    act("consent", "grant", "dataset-ds", "--custodian", "hospital-org", "--disease", "mondo:0005148", *HOSPITAL, "--as", "given")
    act("consent", "set", "create", "given", *HOSPITAL, "--as", "cohort")
    terms = ("terms", "new", "--preset", "research-only", "--fee", "5.00", "--asset", "EURX", *HOSPITAL)
    act(*terms, "--research-aim", "general", "--as", "wide-terms")
    mint = ("inft", "mint", "--file", data, "--seal", "--class", "dataset", "--human-data", *HOSPITAL)
    said = refused(*mint, "--title", "Data", "--consent-set", "cohort", "--terms", "wide-terms")
    assert "wider_than_consent" in said and "state the aim disease, and the disease" in said, said
    # Nothing was signed, so nothing stays behind of what was to be minted.
    assert json.loads(network.wallet("content", "secrets", "--json", "--from", "hospital")) == []
    assert "wider_than_consent" in refused(*mint, "--title", "Data", "--consent-set", "cohort", "--terms", "wide-terms")
    assert not list((network.home / "wallet" / "secrets").glob("*.secret"))
    # But what others were to sign may be all that they need, so its keys stay, whatever went wrong.
    had = 0
    for place in (data / "request.json", tmp_path / "request.json"):
        act("inft", "mint", "--file", data, "--seal", "--class", "dataset", "--title", "Data", "--from", "hospital",
            "--build-only", place, check=False)
        kept = json.loads(network.wallet("content", "secrets", "--json", "--from", "hospital"))
        assert len(kept) > had, (place, kept)
        had = len(kept)
    assert (tmp_path / "request.json").exists()
    said = act(*terms, "--research-aim", "disease", "--disease", "mondo:0005148", "--as", "terms")
    assert "Research only of the diseases: mondo:0005148." in act("terms", "show", "terms")
    act(*mint, "--title", "Data", "--consent-set", "cohort", "--terms", "terms", "--as", "data")
    buy = ("license", "buy", "data", "--purpose", "HRESCH", "--from", "clinic")
    said = refused(*buy, "--research-aim", "disease", "--disease", "mondo:0004992")
    assert "purpose_not_allowed" in said and "They allow: mondo:0005148." in said, said
    assert "purpose_not_allowed" in refused(*buy, "--research-aim", "disease")
    said = act(*buy, "--research-aim", "disease", "--disease", "mondo:0005148", "--as", "ward")
    assert "Of the diseases: mondo:0005148" in said, said
    act("license", "deliver", "ward", *HOSPITAL)

    # One person's, for a disease that the ledger must not know.
    act("consent", "grant", "disease-research", "--disease", "mondo:0005148", "--opening", tmp_path / "given.json",
        "--custodian", "hospital-org", "--from", "patient", "--as", "own")
    # Who takes it on sees what it permits.
    said = act("consent", "countersign", "own", *HOSPITAL)
    assert "Everything is denied but what follows." in said and "What opens its commitments is a file that patient" in said, said
    act("consent", "set", "create", "own", *HOSPITAL, "--as", "few")
    assert "on data about few people would tell of their health" in refused(*mint, "--consent-set", "few", "--terms", "terms")
    act(*terms, "--research-aim", "disease", "--as", "few-terms")
    act(*mint, "--consent-set", "few", "--terms", "few-terms", "--as", "case")
    buy = ("license", "buy", "case", "--purpose", "HRESCH", "--research-aim", "disease", "--disease", "mondo:0005148", "--from", "clinic")
    said = refused(*buy)
    assert "about few people" in said and "State the aim disease alone" in said and "--opening FILE" in said, said
    opening = tmp_path / "use.json"
    # Without a person's word there is nothing to open.
    assert network.wallet(*map(str, buy), "--opening", str(opening), check=False).returncode == 2
    assert not opening.exists()
    act(*buy, "--opening", opening, "--as", "study")
    assert "mondo" not in network.wallet("license", "show", "study", "--json")
    (kept,) = json.loads(opening.read_text())
    assert kept["kind"] == "use" and kept["terms"] == ["mondo:0005148"]
    # Of the same diseases it is the same use, which is not bought twice unawares; of others it is another file's.
    again = tmp_path / "again.json"
    act(*buy, "--opening", opening, "--build-only", again)
    assert kept["commitment"] in network.wallet("tx", "decode", str(again), "--json")
    assert act(*buy, "--disease", "mondo:0004992", "--opening", opening, check=False).returncode == 2
    assert json.loads(opening.read_text()) == [kept]
    answers = tmp_path / "answers.json"
    sign = ("consent", "answer", "--delivery", "study", "--until", "90d", "--out", answers, *HOSPITAL)
    said = act(*sign, "--opening", opening, "--opening", tmp_path / "given.json")
    assert "Which stands for the diseases mondo:0005148" in said, said
    assert "only a commitment tells of: mondo:0005148." in said
    assert "--opening shows it" in act(*sign)
    # The patient's and the buyer's diseases have to be the same; what opens nothing here is no help to who signs.
    act(*buy[:-4], "--disease", "mondo:0004992", "--opening", tmp_path / "other.json", "--from", "clinic", "--as", "other-study")
    other = ("consent", "answer", "--delivery", "other-study", "--out", tmp_path / "others.json", *HOSPITAL)
    done = act(*other, "--opening", tmp_path / "other.json", "--opening", tmp_path / "given.json", check=False)
    assert done.returncode == 2, done.stderr
    assert re.search(r"the use is for mondo:0004992, and own .* is restricted to mondo:0005148", done.stderr), done.stderr
    assert "--ontology EDGES" in done.stderr and not (tmp_path / "others.json").exists()
    done = act(*other, "--opening", opening, check=False)
    assert done.returncode == 2 and "opens neither what these consents are restricted to" in done.stderr, done.stderr
    # What is for one delivery is neither changed by, nor taken for, another.
    held = answers.read_text()
    done = act("consent", "answer", "--delivery", "other-study", "--out", answers, *HOSPITAL, check=False)
    assert done.returncode == 2 and "holds answers for the delivery" in done.stderr and answers.read_text() == held, done.stderr
    done = act("license", "deliver", "other-study", "--answers", answers, *HOSPITAL, check=False)
    assert done.returncode == 2 and "answers for the delivery" in done.stderr and "which is another" in done.stderr, done.stderr
    # Which disease it is stands in no question to the node.
    done = act("license", "check", "study", "--purpose", "HRESCH", "--field", "research", "--disease", "mondo:0005148", check=False)
    assert done.returncode == 2 and "only has a commitment to the diseases" in done.stderr, done.stderr
    shown = act("license", "show", "ward")
    assert re.search(r"Research: +For research with the aims: disease", shown) and "Of the diseases: mondo:0005148" in shown, shown
    check = ("license", "check", "ward", "--purpose", "HRESCH", "--field", "research", "--research-aim", "disease")
    assert "yes" in act(*check, "--disease", "mondo:0005148")
    done = act(*check, "--disease", "mondo:0004992", check=False)
    assert done.returncode == 1 and "diseaseNotLicensed" in done.stdout and "--disease" in done.stderr, (done.stdout, done.stderr)
    act("license", "deliver", "study", "--answers", answers, *HOSPITAL)
    out = tmp_path / "out.csv"
    act("license", "open", "study", "--out", out, "--from", "clinic")
    assert out.read_text() == data.read_text()
    check = ("license", "check", "study", "--purpose", "HRESCH", "--field", "research", "--opening", opening, "--disease")
    assert "yes" in act(*check, "mondo:0005148")
    done = act(*check, "mondo:0004992", check=False)
    assert done.returncode == 1 and "is for research of mondo:0005148, and not of mondo:0004992" in done.stderr, done.stderr


def test_of_two_deliveries_somebody_says_which_is_answered(network, tmp_path):
    def act(*arguments, check=True):
        return network.wallet(*map(str, arguments), "--yes", check=check)

    act("consent", "grant", "disease-research", "--disease", "mondo:0005148", "--opening", tmp_path / "one.json",
        "--custodian", "hospital-org", "--from", "patient", "--as", "one")
    act("consent", "countersign", "one", *HOSPITAL)
    act("consent", "set", "create", "one", *HOSPITAL, "--as", "cohort")
    data, answers = tmp_path / "data.csv", tmp_path / "answers.json"
    data.write_text("a,b\n1,2\n")
    act("terms", "new", "--preset", "research-only", "--research-aim", "disease", "--revisions", "--fee", "5.00", "--asset", "EURX",
        *HOSPITAL, "--as", "terms")
    act("inft", "mint", "--file", data, "--seal", "--class", "dataset", "--human-data", "--consent-set", "cohort", "--terms",
        "terms", *HOSPITAL, "--as", "data")
    act("license", "buy", "data", "--purpose", "HRESCH", "--research-aim", "disease", "--from", "clinic", "--as", "study")
    sign = ("consent", "answer", "--until", "90d", *HOSPITAL)
    act(*sign, "--delivery", "study", "--out", answers)
    act("license", "deliver", "study", "--answers", answers, *HOSPITAL)
    act("inft", "revise", "data", "--file", data, "--seal", *HOSPITAL)
    act("license", "request-version", "study", "--from", "clinic")
    newer = tmp_path / "newer.json"
    done = act(*sign, "--delivery", "study", "--out", newer, check=False)
    assert done.returncode == 2 and "the license has two deliveries" in done.stderr, done.stderr
    ids = re.findall(r"--delivery (tmnxdelivery1\w+)", done.stderr)
    assert len(set(ids)) == 2 and not newer.exists()
    done = act(*sign, "--delivery", ids[0], "--out", answers, check=False)
    assert done.returncode == 2 and "Name another file with --out." in done.stderr, done.stderr
    act(*sign, "--delivery", ids[0], "--out", newer)
    act("license", "deliver", ids[0], "--answers", newer, *HOSPITAL)
    act(*sign, "--delivery", "study", "--out", tmp_path / "again.json")
    # Who says no end answers for as long as the license lasts, or for a year.
    long = tmp_path / "long.json"
    act("consent", "answer", "--delivery", "study", "--out", long, *HOSPITAL)
    (answer,) = json.loads(long.read_text())["answers"]
    ends = json.loads(network.wallet("license", "show", "study", "--json"))["license"].get("expiresAt")
    assert answer["evidence"]["validUntil"] == ends if ends else answer["evidence"]["validUntil"] > 1000 * (time.time() + 364 * 86400)
    # Who signed alone may sign for another time.
    assert "Every need is answered" in act(*sign, "--delivery", "study", "--out", long)


def test_an_organization_of_two_delivers_in_one_command(network, tmp_path):
    """Of the two transactions of a delivery the first is the organization's, and anyone's is the second."""
    def act(*arguments):
        return network.wallet(*map(str, arguments), "--yes")

    act("org", "create", "A Laboratory of Two", "--jurisdiction", "DE", "--member", "hospital=administrator", "--member",
        "clinic=administrator", "--policy", "administration=2", "--from", "hospital", "--co-sign", "clinic", "--as", "two")
    both = ("--from", "hospital", "--acting-for", "two", "--co-sign", "clinic")
    data = tmp_path / "data.csv"
    data.write_text("a,b\n1,2\n")
    act("terms", "new", "--preset", "research-only", "--fee", "5.00", "--asset", "EURX", "--from", "hospital", "--as", "terms")
    act("inft", "mint", "--file", data, "--seal", "--class", "dataset", "--title", "Data", "--terms", "terms", *both, "--as", "data")
    act("license", "buy", "data", "--purpose", "HRESCH", "--from", "author", "--as", "bought")
    (line,) = [one for one in json.loads(network.wallet("account", "inbox", "two", "--from", "hospital", "--json"))
               if one["act"] == "license.begin"]
    assert line["command"].endswith(" --from hospital --acting-for two --co-sign NAME"), line
    act("license", "deliver", "bought", *both)
    out = tmp_path / "out.csv"
    act("license", "open", "bought", "--out", out, "--from", "author")
    assert out.read_text() == data.read_text()
