"""Consents as patient, custodian, clinician, reviewer and auditor meet them: the built programs on a local network."""

import csv
import io
import json
import re
import time

import cbor2
import coincurve
import jsonschema
import pytest

import ledger

HOSPITAL = ("--from", "hospital", "--acting-for", "hospital-org")


class People:
    """The devnet with a licensed clinician, and what the tests ask of it."""

    def __init__(self, devnet):
        self.devnet, self.node = devnet, devnet.node
        if "clinician" not in devnet.wallet("key", "list", "--json"):
            devnet.wallet("key", "new", "clinician")
            self.act("account", "sponsor", "clinician", "--kind", "professional", *HOSPITAL)
            self.act("credential", "offer", "clinician", "medicalLicense", "--from", "accreditor", "--as", "may-treat")
            self.act("credential", "accept", "may-treat", "--from", "clinician")

    def act(self, *arguments):
        return self.devnet.wallet(*arguments, "--yes")

    def refused(self, *arguments):
        """The reason for which the ledger refuses."""
        done = self.devnet.wallet(*arguments, "--yes", "--json", check=False)
        assert done.returncode == 1, (arguments, done.returncode, done.stdout, done.stderr)
        return json.loads(done.stderr.splitlines()[-1])["reason"]

    def json(self, *arguments):
        return json.loads(self.devnet.wallet(*arguments, "--json"))

    def consent(self, name, template, *more):
        self.act("consent", "grant", template, "--custodian", "hospital-org", "--from", "patient", "--as", name, *more)
        self.act("consent", "countersign", name, *HOSPITAL)
        return self.json("consent", "show", name)["consent"]["id"]

    def read(self, method, **params):
        """The answer, which must be what the OpenRPC document says."""
        document = self.node.call("rpc.discover")
        described = next(one for one in document["methods"] if one["name"] == method)
        answer = self.node.call(method, **params)
        jsonschema.validate(answer, dict(described["result"]["schema"], components=document.get("components", {})))
        return answer["value"] if "value" in answer else answer["items"]


@pytest.fixture(scope="module")
def people(devnet):
    return People(devnet)


def test_the_published_forms_are_shown_in_words(people):
    listed = people.devnet.wallet("consent", "templates")
    for line in listed.splitlines()[1:]:
        words = people.devnet.wallet("consent", "templates", line.split()[0])
        assert "Everything is denied but what follows." in words and "1. The custodian may" in words
    assert people.devnet.wallet("consent", "templates", "nothing", check=False).returncode == 2


def test_a_disclosure_is_gated_recorded_and_accounted_for(people):
    consent = people.consent("treated", "treatment-only")
    use = ("--action", "access", "--purpose", "treatment")
    assert people.refused("consent", "disclose", "treated", "--to", "author", *use, *HOSPITAL) == "release_denied"
    disclose = ("consent", "disclose", "treated", "--to", "clinician")
    assert people.refused(*disclose, *use, "--from", "clinic") == "threshold_not_met"
    people.act(*disclose, *use, *HOSPITAL, "--as", "to-clinician")
    glass = ("--action", "access", "--purpose", "breakTheGlass")
    assert people.refused(*disclose, *glass, *HOSPITAL) == "break_glass_only"

    own = people.read("consent_disclosures", consent=consent)
    assert [one["disclosure"]["requests"][0]["purposes"] for one in own] == [["TREAT"]]
    assert own[0]["disclosure"]["decisions"][0]["path"] == [1] and own[0]["consent"] == consent
    seen = people.devnet.wallet("consent", "disclosures", "treated")
    assert "clinician" in seen and "TREAT" in seen and "treated (2)" in seen

    start = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 2 * 86400))
    audit = ("audit", "disclosures", "--institution", "hospital-org", "--from", start)
    rows = list(csv.DictReader(io.StringIO(people.devnet.wallet(*audit, "--csv"))))
    assert any(row["to"].startswith("clinician") and row["why"] == "TREAT" for row in rows)
    assert len(json.loads(people.devnet.wallet(*audit, "--json"))) == len(rows)
    assert people.devnet.wallet(*audit, "--to", "2001-01-01", check=False).returncode == 2
    received = people.devnet.wallet("audit", "disclosures", "--institution", "clinician", "--received", "--csv")
    assert "TREAT" in received


def test_needs_are_met_by_signatures_that_a_third_party_verifies(people, tmp_path):
    opening, answers = tmp_path / "opening.json", tmp_path / "answers.json"
    people.consent("committed", "disease-research", "--disease", "mondo:0005148", "--opening", str(opening))
    use = ("--action", "analyze", "--purpose", "research", "--aim", "healthMedicalBiomedical")
    plain = ("--action", "analyze", "--purpose", "research", "--disease", "mondo:0005148")
    check = people.json("consent", "check", "committed", "--actor", "author", *plain)
    assert check["decision"]["outcome"] == "needs" and check["decision"]["needs"][0]["type"] == "restriction"
    assert people.json("consent", "check", "committed", "--actor", "author", *use)["decision"]["outcome"] == "deny"

    # The disease itself may not be named in a disclosure about one person; a methods study of the same data names none.
    methods = ("--action", "analyze", "--purpose", "research", "--aim", "methods")
    assert people.json("consent", "check", "committed", "--actor", "author", *methods)["decision"]["outcome"] == "needs"
    reference = "5a" * 32
    disclose = ("consent", "disclose", "committed", "--to", "author", *methods, "--reference", reference, *HOSPITAL)
    assert people.refused(*disclose) == "need_unmet"
    named = ("consent", "disclose", "committed", "--to", "author", *plain, *HOSPITAL)
    assert people.refused(*named) == "reveals_diagnosis"

    people.act("consent", "answer", "committed", "--to", "author", *methods, "--reference", reference, "--until", "3d",
               "--by", "hospital-org", "--out", str(answers), "--from", "hospital")
    written = json.loads(answers.read_text())
    answer, = written["answers"]
    assert written["question"]["subject"] == reference and written["question"]["revision"] == 1
    record = people.json("consent", "show", "committed")["consent"]
    author, hospital = people.devnet.accounts["author"], people.devnet.accounts["hospital"]

    def raw(text):
        return ledger.from_bech32m(text)

    organization = people.json("org", "show", "hospital-org")
    by = answer["evidence"]["by"]
    assert by in json.dumps(organization)
    request = [[0, raw(author["address"])], 3, [36], [[3], [], False, False, [], None], None, False, None, None, []]
    requests = ledger.tagged_hash("mednexus/use-requests", cbor2.dumps([request]))
    need = [0, answer["need"]["index"], bytes.fromhex(answer["need"]["commitment"])]
    statement = [
        bytes.fromhex(people.devnet.network["network"]), [0, raw(record["id"])], record["revision"], requests,
        bytes.fromhex(reference), [0, raw(author["address"])], need, [1, raw(by)], answer["evidence"]["validUntil"]]
    message = ledger.tagged_hash("mednexus/need-answer", cbor2.dumps(statement))
    signature, = answer["evidence"]["signatures"]
    assert signature["signer"] == hospital["address"]
    key = coincurve.PublicKeyXOnly(raw(signature["signer"]))
    assert key.verify(bytes.fromhex(signature["signature"]), message)

    other = ("consent", "disclose", "committed", "--to", "developer", *methods, "--reference", reference, *HOSPITAL)
    done = people.devnet.wallet(*other, "--answers", str(answers), "--yes", check=False)
    assert done.returncode == 2 and re.search(r"to author.*, which is another", done.stderr), done.stderr
    # More answers go into a file of the same question, and into no other.
    again = ("consent", "answer", "committed", "--to", "author", *methods, "--until", "3d", "--by", "hospital-org",
             "--out", str(answers), "--from", "hospital")
    done = people.devnet.wallet(*again, "--reference", "5b" * 32, "--yes", check=False)
    assert done.returncode == 2 and f"holds answers for the release {reference} to author" in done.stderr, done.stderr
    assert json.loads(answers.read_text()) == written
    people.act(*disclose, "--answers", str(answers))
    met = people.read("consent_disclosures", consent=record["id"])[0]["disclosure"]["met"]
    assert [one["signers"] for one in met] == [[hospital["address"]]]
    assert people.refused(*disclose, "--answers", str(answers)) == "reference_used"


def test_broken_glass_is_reviewed(people, tmp_path):
    reason = tmp_path / "emergency.txt"
    reason.write_text("unconscious, allergy unknown")
    glass = ("--reason", str(reason), "--for", "24h", "--from", "clinician")
    people.consent("closed", "treatment-only")
    assert people.refused("consent", "break-glass", "closed", *glass) == "release_denied"
    consent = people.consent("open", "treatment-and-emergency")
    unlicensed = ("consent", "break-glass", "open", "--reason", str(reason), "--from", "author")
    assert people.refused(*unlicensed) == "release_denied"
    people.act("consent", "break-glass", "open", *glass, "--as", "glass")
    salt = bytes.fromhex((tmp_path / "emergency.txt.salt").read_text().strip())
    view, = people.read("consent_disclosures", consent=consent)
    assert view["disclosure"]["reference"] == ledger.tagged_hash("mednexus/statement", salt + reason.read_bytes()).hex()
    assert "closing" not in view["review"]

    party = view["disclosure"]["custodian"]
    tasks = people.read("account_tasks", party=party)
    assert [task["disclosure"] for task in tasks if task["act"] == "consent.review"] == [view["disclosure"]["id"]]
    assert "open" in people.devnet.wallet("consent", "review", "--reviewer", "hospital-org")
    assert people.refused("consent", "review", "glass", "justified", "--from", "clinician") == "not_reviewer"
    people.act("consent", "review", "glass", "unjustified", *HOSPITAL)
    assert "emergency, unjustified" in people.devnet.wallet("consent", "disclosures", "open")
    assert not [task for task in people.read("account_tasks", party=party) if task["act"] == "consent.review"]
    shown = people.devnet.wallet("consent", "reviewers", "--custodian", "hospital-org")
    assert "ethics boards alone" in shown and "as consents say" in shown


def test_a_consent_is_narrowed_and_its_past_is_kept(people):
    consent = people.consent("wide", "general-research")
    question = ("--actor", "author", "--action", "analyze", "--purpose", "research", "--aim", "general")
    before = people.node.call("chain_head")["value"]["time"]
    assert people.json("consent", "check", "wide", *question)["decision"]["outcome"] == "permit"
    people.act("consent", "narrow", "wide", "--deny-purpose", "research", "--from", "patient")
    assert people.json("consent", "check", "wide", *question)["decision"]["outcome"] == "deny"
    request = {"actor": people.devnet.accounts["author"]["address"], "action": "analyze", "purposes": ["HRESCH"],
               "dataUse": {"aims": ["general"]}}
    past = people.read("consent_check", request=request, consent=consent, at=before)
    assert past["decision"]["outcome"] == "permit"
    items = people.read("consent_export", consent=consent)
    assert [sorted(key for key, value in item.items() if value is not None) for item in items] == [
        ["consent"], ["earlierPolicy"]]


def test_withdrawal_shows_what_it_does_and_asks_for_erasure(people, tmp_path):
    consent = people.consent("cohort-member", "general-research")
    people.act("consent", "set", "create", "cohort-member", *HOSPITAL, "--as", "small-cohort")
    mint = ("inft", "mint", "--file", "LICENSE", "--class", "dataset", "--human-data", "--consent-set", "small-cohort")
    assert people.refused(*mint, "--title", "A cohort of one", *HOSPITAL) == "case_metadata"
    impact = people.read("consent_impact", consent=consent)
    assert [one["isStale"] for one in impact["sets"]] == [False] and impact["deliveries"] == 0
    preview = people.devnet.wallet("consent", "impact", "cohort-member")
    assert "small-cohort becomes stale" in preview and "No license rests on it." in preview
    said = people.act("consent", "withdraw", "cohort-member", "--erase", "--from", "patient")
    assert "small-cohort becomes stale" in said and "destroy its key" in said
    record = people.read("consent_get", consent=consent)
    assert record["status"] == "withdrawn" and record["consent"]["erasure"]["requestedAt"] > 0
    out = tmp_path / "export.json"
    people.devnet.wallet("consent", "export", "--subject", "patient", "--out", str(out))
    items = json.loads(out.read_text())["items"]
    assert consent in {item["consent"]["consent"]["id"] for item in items if item.get("consent")}
    assert any(item.get("membership") and item["set"]["isStale"] for item in items)
