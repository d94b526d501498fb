"""FHIR as others read it, and the wallet's commands for health records.

MEDNEXUS_HEALTH names a folder with similarity/phenopackets (of monarch-initiative/phenopacket-store) and consent/fhir-r4
(the examples of FHIR R4 4.0.1); without it, what needs real files is skipped.
"""

import datetime
import json
import os
import pathlib
import re
import subprocess

import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.consent import Consent

from conftest import BINARIES, ROOT

TYPES = {"Consent": Consent, "AuditEvent": AuditEvent, "Bundle": Bundle}
HEALTH = os.environ.get("MEDNEXUS_HEALTH")


def resources():
    return json.loads((ROOT / "Specs/vectors/fhir.json").read_text())["resources"]


def check(resource):
    """Valid by the library, which reads back every element that was written."""
    parsed = TYPES[resource["resourceType"]].model_validate(resource)
    return json.loads(parsed.model_dump_json())


def elements(value, path=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from elements(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from elements(inner, f"{path}[{index}]")
    else:
        yield path


def test_what_is_exported_is_valid_fhir():
    found = resources()
    assert len(found) == 26
    for resource in found:
        assert set(elements(resource)) == set(elements(check(resource)))


def test_the_library_does_refuse():
    broken = resources()[0]
    broken["status"] = "perhaps"
    broken["invented"] = 1
    with pytest.raises(Exception):
        check(broken)
    broken = resources()[24]
    del broken["agent"]
    with pytest.raises(Exception):
        check(broken)


def without_pseudonyms(text):
    """Random digits can look like any number."""
    return re.sub("[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", "", text)


def deidentify(tmp_path, source, *arguments):
    out, report = tmp_path / "clean.json", tmp_path / "report.json"
    done = subprocess.run(
        [BINARIES / "mednexus", "case", "deidentify", source, "--out", out, "--report", report, *arguments],
        capture_output=True, text=True, timeout=60, env=dict(os.environ, MEDNEXUS_WALLET_HOME=str(tmp_path / "wallet")))
    return done, out, report


CASE = {
    "id": "case of Ada Example", "subject": {"id": "Ada Example", "sex": "FEMALE", "dateOfBirth": "1980-02-03T00:00:00Z"},
    "phenotypicFeatures": [
        {"type": {"id": "HP:0001250", "label": "Seizure"}, "description": "since her move to Springfield",
         "onset": {"timestamp": "1990-02-03T08:00:00Z"}}],
    "metaData": {"created": "2026-01-02T03:04:05Z", "createdBy": "Dr. Example", "phenopacketSchemaVersion": "2.0",
                 "externalReferences": [{"id": "PMID:1234567", "description": "Ada"}]},
}


def test_a_case_is_deidentified_at_the_command_line(tmp_path):
    source = tmp_path / "case.json"
    source.write_text(json.dumps(CASE))
    done, out, report = deidentify(tmp_path, source)
    assert done.returncode == 0, done.stderr
    for file in (out, report):
        assert file.stat().st_mode & 0o777 == 0o600
    clean = json.loads(out.read_text())
    assert clean["phenotypicFeatures"][0]["type"] == {"id": "HP:0001250"}
    birth, onset = clean["subject"]["dateOfBirth"], clean["phenotypicFeatures"][0]["onset"]["timestamp"]
    assert int(onset[:4]) - int(birth[:4]) in (9, 10, 11) and birth[:4] < "1101"
    for text in (out.read_text(), report.read_text(), done.stdout, done.stderr):
        assert not re.search("Ada|Example|Springfield|1234567|1980|1990|2026", without_pseudonyms(text)), text
    removed = {(line["path"], line["rule"]) for line in json.loads(report.read_text())["removed"]}
    assert ("phenotypicFeatures[].description", "freeText") in removed
    # Two runs have nothing in common but the codes.
    first = clean["subject"]["id"]
    # What is there is not written over.
    assert deidentify(tmp_path, source)[0].returncode == 2
    out.unlink()
    report.unlink()
    deidentify(tmp_path, source)
    assert json.loads(out.read_text())["subject"]["id"] != first


def coded(system, code, display):
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}


def test_a_deidentified_bundle_is_still_fhir(tmp_path):
    snomed, loinc = "http://snomed.info/sct", "http://loinc.org"
    subject = {"reference": "Patient/p7", "display": "Ada Example"}
    encounter = {"reference": "https://hospital.example/fhir/Encounter/e1"}
    performer = [{"reference": "Practitioner/d1", "display": "Dr. Example"}]
    entries = [
        {"resourceType": "Patient", "id": "p7", "name": [{"family": "Example", "given": ["Ada"]}], "gender": "female",
         "birthDate": "1980-02-03", "address": [{"city": "Springfield", "postalCode": "01234"}],
         "identifier": [{"system": "https://hospital.example/mrn", "value": "7412589"}]},
        {"resourceType": "Encounter", "id": "e1", "status": "finished", "subject": subject,
         "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
         "period": {"start": "2019-05-06T07:00:00+02:00", "end": "2019-05-09T12:00:00+02:00"},
         "serviceProvider": {"display": "Example Hospital"}},
        {"resourceType": "Condition", "id": "c1", "subject": subject, "encounter": encounter,
         "code": coded(snomed, "44054006", "Diabetes of Ada"), "onsetDateTime": "2018-11",
         "note": [{"text": "Ada moved from Springfield in 2018"}]},
        {"resourceType": "Observation", "id": "o1", "status": "final", "subject": subject, "performer": performer,
         "code": coded(loinc, "4548-4", "HbA1c"), "effectiveDateTime": "2019-05-07T08:30:00+02:00",
         "valueQuantity": {"value": 7.25, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}},
        {"resourceType": "MedicationRequest", "id": "m1", "status": "active", "intent": "order", "subject": subject,
         "medicationCodeableConcept": coded("http://www.nlm.nih.gov/research/umls/rxnorm", "860975", "metformin"),
         "requester": performer[0], "authoredOn": "2019-05-09"},
        {"resourceType": "Practitioner", "id": "d1", "name": [{"family": "Example"}]},
    ]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [
        {"fullUrl": f"https://hospital.example/fhir/{entry['resourceType']}/{entry['id']}", "resource": entry}
        for entry in entries]}
    Bundle.model_validate(bundle)
    source = tmp_path / "bundle.json"
    source.write_text(json.dumps(bundle))
    done, out, report = deidentify(tmp_path, source)
    assert done.returncode == 0, done.stderr
    text = out.read_text()
    told = without_pseudonyms(text)
    for word in ["Ada", "Example", "Springfield", "01234", "7412589", "hospital", "Diabetes", "HbA1c"]:
        assert word not in told and word not in report.read_text() and word not in done.stdout, word
    assert not re.search(r"(19|20)\d\d-", told)
    clean = json.loads(text)
    Bundle.model_validate(clean)
    patient, stay, condition, observation, drug = [entry["resource"] for entry in clean["entry"]]
    uris = {entry["resource"]["id"]: entry["fullUrl"] for entry in clean["entry"]}
    for resource in (stay, condition, observation, drug):
        assert resource["subject"]["reference"] == uris[patient["id"]]
    assert condition["encounter"]["reference"] == uris[stay["id"]]
    assert condition["code"] == {"coding": [{"system": snomed, "code": "44054006"}]}
    assert observation["valueQuantity"]["value"] == 7.25

    def day(text):
        return datetime.date.fromisoformat(text)

    assert (day(stay["period"]["end"]) - day(stay["period"]["start"])).days == 3
    assert (day(drug["authoredOn"]) - day(observation["effectiveDateTime"])).days == 2
    true = (datetime.date(2019, 5, 6) - datetime.date(1980, 2, 3)).days
    assert (day(stay["period"]["start"]) - day(patient["birthDate"])).days == true


def test_what_is_no_case_is_refused_and_nothing_written(tmp_path):
    source = tmp_path / "case.json"
    for text in ["", "[1", "{}", '{"resourceType":"Patient"}', "[" * 100_000, '{"id":1,"id":1}']:
        source.write_text(text)
        done, out, report = deidentify(tmp_path, source)
        assert done.returncode == 2, (text[:40], done)
        assert not out.exists() and not report.exists()
    done, _, _ = deidentify(tmp_path, tmp_path / "missing.json")
    assert done.returncode == 2
    source.write_text(json.dumps(CASE))
    done, out, _ = deidentify(tmp_path, source, "--out", source)
    assert done.returncode == 2 and json.loads(source.read_text()) == CASE


def test_a_consent_goes_out_as_fhir_and_comes_back(devnet, tmp_path):
    devnet.wallet("consent", "grant", "general-research", "--custodian", "hospital-org", "--from", "patient", "--as", "fhir-out",
                  "--yes")
    resource = json.loads(devnet.wallet("consent", "export-fhir", "fhir-out"))
    assert resource["status"] == "proposed"
    check(resource)
    file = tmp_path / "consent.json"
    file.write_text(json.dumps(resource))
    read = json.loads(devnet.wallet("consent", "import-fhir", file, "--dry-run", "--json"))
    shown = json.loads(devnet.wallet("consent", "show", "fhir-out", "--json"))["consent"]
    assert read["grant"]["policy"] == shown["policy"]
    assert read["grant"]["subject"] == shown["subject"] and read["grant"]["custodian"] == shown["custodian"]
    devnet.wallet("consent", "import-fhir", file, "--from", "patient", "--as", "fhir-back", "--yes")
    back = json.loads(devnet.wallet("consent", "show", "fhir-back", "--json"))["consent"]
    assert back["policy"] == shown["policy"]


def test_a_foreign_consent_is_imported_or_refused_by_name(devnet, tmp_path):
    def concept(system, code):
        return {"coding": [{"system": system, "code": code}]}

    permit = {
        "type": "permit", "action": [concept("http://terminology.hl7.org/CodeSystem/consentaction", "access")],
        "class": [{"system": "http://hl7.org/fhir/resource-types", "code": "MedicationRequest"}]}
    resource = {
        "resourceType": "Consent", "status": "active",
        "scope": concept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        "category": [concept("http://loinc.org", "59284-0")], "patient": {"reference": "Patient/p"},
        "organization": [{"reference": "Organization/o"}],
        "policyRule": concept("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTOUT"),
        "provision": {"provision": [permit]}}
    check(resource)
    file, opening = tmp_path / "foreign.json", tmp_path / "opening.json"
    file.write_text(json.dumps(resource))
    done = devnet.wallet("consent", "import-fhir", file, "--dry-run", check=False)
    assert done.returncode == 2
    assert "Patient/p" in done.stderr and "organization[0]" in done.stderr
    maps = ["--map", "Patient/p=patient", "--map", "Organization/o=hospital-org"]
    # Without a place for the opening nothing is signed.
    done = devnet.wallet("consent", "import-fhir", file, *maps, "--from", "patient", "--yes", check=False)
    assert done.returncode == 2 and "--opening" in done.stderr
    devnet.wallet("consent", "import-fhir", file, *maps, "--opening", opening, "--from", "patient", "--as", "foreign", "--yes")
    record = json.loads(devnet.wallet("consent", "show", "foreign", "--json"))["consent"]
    assert [entry["commitment"] for entry in record["commitments"]] == [
        entry["commitment"] for entry in json.loads(opening.read_text())]
    assert "MedicationRequest" in opening.read_text() and "MedicationRequest" not in json.dumps(record)
    permit["securityLabel"] = [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PSY"}]
    file.write_text(json.dumps(resource))
    done = devnet.wallet("consent", "import-fhir", file, *maps, "--dry-run", check=False)
    assert done.returncode == 2 and "provision.provision[0].securityLabel" in done.stderr


@pytest.mark.skipif(not HEALTH, reason="MEDNEXUS_HEALTH names no folder")
def test_every_published_phenopacket_is_deidentified(tmp_path):
    files = sorted(pathlib.Path(HEALTH, "similarity/phenopackets").rglob("*.json"))
    assert len(files) >= 354
    for file in files:
        done, out, report = deidentify(tmp_path, file)
        assert done.returncode == 0, (file, done.stderr)
        packet, clean = json.loads(file.read_text()), out.read_text()
        meta = packet["metaData"]
        planted = [packet["id"], meta["created"], meta["createdBy"]]
        planted += [text for reference in meta["externalReferences"] for text in reference.values()]
        for text in planted:
            for place in (clean, report.read_text(), done.stdout, done.stderr):
                assert text not in place, (file, text)
        assert not re.search(r"PMID|[12]\d{3}-\d\d-\d\d|https?:", without_pseudonyms(clean)), file
