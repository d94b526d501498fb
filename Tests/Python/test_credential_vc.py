"""Credentials as Verifiable Credentials: exported by the wallet, verified by it without a node, and by a reader of
Specs/credentials.md who has nothing but the page, the schema and proofs.py."""

import datetime
import json
import re

import pytest

import ledger
import proofs

TYPES = ["affiliation", "researcherStatus", "acceptedTerms", "controlledAccess", "accreditation", "medicalLicense", "specialty",
         "ethicsBoard", "arbiter", "assetIssuer", "guardianship", "regulator"]


@pytest.fixture(scope="module")
def exported(devnet, tmp_path_factory):
    """A license as a document, and the block that is trusted."""
    folder = tmp_path_factory.mktemp("vc")
    devnet.wallet(
        "credential", "offer", "author", "medicalLicense", "--jurisdiction", "DE", "--jurisdiction", "CH", "--valid-until", "1y",
        "--from", "accreditor", "--as", "vc-license", "--yes")
    block = devnet.node.call("chain_block", height=0)["value"]["header"]
    trust = f"0:{block['hash']}"
    early = devnet.wallet("credential", "export", "vc-license", "--vc", "--checkpoint", trust, check=False)
    assert early.returncode == 1 and "offered" in early.stderr
    devnet.wallet("credential", "accept", "vc-license", "--from", "author", "--yes")
    path = folder / "license.vc.json"
    said = devnet.wallet("credential", "export", "vc-license", "--vc", "--out", str(path), "--checkpoint", trust)
    assert "verify-vc" in said
    return path, trust


def verified(devnet, path, trust, *more):
    return devnet.wallet("credential", "verify-vc", str(path), "--checkpoint", trust, *more, check=False)


def test_a_person_reads_what_limits_it(devnet, exported):
    path, trust = exported
    done = verified(devnet, path, trust)
    assert done.returncode == 0, done.stderr
    said = done.stdout
    assert re.search(r"Attests:\s+medicalLicense\n", said) and re.search(r"For:\s+CH, DE\n", said), said
    assert re.search(r"Of:\s+tmnx1\w+\n", said) and re.search(r"By:\s+tmnx1\w+\n", said), said
    assert re.search(r"Until:\s+\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", said), said


def instant(milliseconds):
    time = datetime.datetime.fromtimestamp(milliseconds // 1000, datetime.timezone.utc)
    return f"{time:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03}Z"


def made(proof, trust):
    """The document, from the page alone, but for what is not in the records: how the status was found."""
    height, block_hash = trust.split(":")
    said = proofs.verify(proof, int(height), bytes.fromhex(block_hash))
    genesis = said.header.network.hex()

    def url(kind, data):
        return f"mednexus:{genesis}/{ledger.bech32m('tmnx' + kind, data)}"

    def party(value):
        return url(("", "org")[value[0]], value[1])

    # State key [1, 2, credential] of identities.md.
    (record,) = [
        proofs.decode(value, "record") for key, value in said.reads.items()
        if value is not None and proofs.decode(key, "key")[:2] == [1, 2]]
    identifier, issuer, delegation, claim, offered, accepted, declined, revocation = record
    subject, kind, (jurisdictions, specialties, role), start, end, evidence, identifiers, concerning, resource = claim
    assert declined is None and revocation is None and delegation is None and accepted is not None
    about = {"id": party(subject), "attests": TYPES[kind], "jurisdictions": jurisdictions}
    assert not (specialties or role or evidence or identifiers or concerning or resource)
    return said, {
        "@context": ["https://www.w3.org/ns/credentials/v2", {"@vocab": "mednexus:vocabulary#"}],
        "id": url("cred", identifier), "type": ["VerifiableCredential", "MedNexusCredential"], "issuer": party(issuer),
        "validFrom": instant(max(start, accepted)), "validUntil": instant(end), "credentialSubject": about,
        "credentialStatus": {
            "type": "MedNexusLedgerStatus", "status": "accepted", "asOf": instant(said.header.time),
            "height": said.header.height, "offered": instant(offered), "accepted": instant(accepted)},
        "proof": {
            "type": "MedNexusLedgerProof", "proofPurpose": "assertionMethod", "created": instant(said.header.time),
            "verificationMethod": f"mednexus:{genesis}/checkpoint/{trust}", "proofValue": "f" + proof.hex()},
    }


def test_the_wallet_verifies_without_a_node(devnet, exported, tmp_path):
    path, trust = exported
    done = verified(devnet, path, trust, "--json", "--node", "http://127.0.0.1:1")
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    assert value["valid"] and value["status"] == "accepted"
    assert value["credentialSubject"]["jurisdictions"] == ["CH", "DE"]
    other = f"0:{'11' * 32}"
    assert verified(devnet, path, other).returncode == 6
    assert verified(devnet, path, trust, "--max-age", "0s").returncode in (2, 6)


def test_a_reader_of_the_page_makes_the_same_document(exported):
    path, trust = exported
    document = json.loads(path.read_text())
    proof = bytes.fromhex(document["proof"]["proofValue"].removeprefix("f"))
    said, expected = made(proof, trust)
    assert said.subject == "state" and document == expected


def test_nothing_in_the_document_can_be_changed(devnet, exported, tmp_path):
    path, trust = exported
    original = json.loads(path.read_text())

    def leaves(value, way=()):
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from leaves(inner, (*way, key))
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                yield from leaves(inner, (*way, index))
        else:
            yield way

    changes = []
    for way in leaves(original):
        changed = json.loads(json.dumps(original))
        place = changed
        for step in way[:-1]:
            place = place[step]
        old = place[way[-1]]
        place[way[-1]] = old + 1 if isinstance(old, int) else old[:-1] + ("0" if old[-1] != "0" else "1")
        changes.append(changed)
    for member in ("validUntil", "credentialStatus", "proof"):
        changes.append({key: value for key, value in original.items() if key != member})
    changes.append({**original, "name": "Chief physician"})
    for index, changed in enumerate(changes):
        forged = tmp_path / f"{index}.json"
        forged.write_text(json.dumps(changed))
        assert verified(devnet, forged, trust).returncode == 6, changed
    # The order of members means nothing.
    shuffled = tmp_path / "shuffled.json"
    shuffled.write_text(json.dumps(dict(reversed(original.items()))))
    assert verified(devnet, shuffled, trust).returncode == 0


def test_what_was_revoked_is_not_exported(devnet, exported):
    path, trust = exported
    devnet.wallet(
        "credential", "revoke", "vc-license", "--reason", "ended", "--from", "accreditor", "--yes")
    late = devnet.wallet("credential", "export", "vc-license", "--vc", "--checkpoint", trust, check=False)
    assert late.returncode == 1 and "revoked" in late.stderr
    # The old document is genuine, and says as of when.
    assert verified(devnet, path, trust).returncode == 0
