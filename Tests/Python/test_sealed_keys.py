"""Sealed keys by somebody else: every vector of Specs/vectors/sealed-keys.json, which the Swift tests (SealedKeyVectorTests)
reproduce and verify too, so that each implementation verifies the proofs of the other."""

import json
import os

import cbor2
import pytest

import schema
import sealed_key_vectors
import sealed_keys as keys
from sealed_key_vectors import Scene, flipped, rebound

VECTORS = json.loads(keys.VECTORS.read_text())
VERIFIERS = {
    "possession": lambda one, statement, proof: keys.verify_possession(one["sealingKey"], proof, statement),
    "origin": lambda one, statement, proof: keys.verify_origin(one["sealedKey"], one["sealingKey"], proof, statement),
    "delivery": lambda one, statement, proof: keys.verify_delivery(
        one["sealingKey"], one["sealedKey"], one["recipientKey"], one["delivered"], proof, statement),
}


def raw(value):
    return [bytes.fromhex(one) for one in value] if isinstance(value, list) else bytes.fromhex(value)


def statement(fields):
    def party(value):
        return ["account", "organization"].index(value["kind"]), raw(value["id"])

    return keys.Statement(
        raw(fields["network"]), keys.ACTS.index(fields["act"]), raw(fields["inft"]), fields["version"],
        raw(fields["subject"]), party(fields["from"]), party(fields["to"]))


def verify(one):
    names = ("sealingKey", "sealedKey", "recipientKey", "delivered", "proof")
    values = {name: raw(one[name]) for name in names if name in one}
    VERIFIERS[one["relation"]](values, statement(one["statement"]), values["proof"])


def fresh(act=3):
    scene = Scene(f"fresh/{os.urandom(16).hex()}", act)
    print(scene.draw.name)  # shown when the test fails
    return scene


def test_the_file_is_what_its_script_writes():
    """The chain of a thousand deliveries included, whose hash the Swift implementation computes as well."""
    assert keys.VECTORS.read_text() == sealed_key_vectors.written()


def test_proofs_of_the_vectors_verify():
    assert len(VECTORS["foreign"]) == 90
    for one in VECTORS["foreign"]:
        verify(one)
    for one in VECTORS["deliveries"]:
        said, sealed = statement(one["statement"]), raw(one["sealedKey"])
        keys.verify_possession(raw(one["ownerKey"]), raw(one["possession"]), said)
        keys.verify_origin(sealed, raw(one["ownerKey"]), raw(one["origin"]), said)
        keys.verify_delivery(
            raw(one["ownerKey"]), sealed, raw(one["buyerKey"]), raw(one["delivered"]), raw(one["delivery"]), said)
        opened = keys.open_sealed(raw(one["delivered"]), raw(one["buyerSecret"]))
        assert opened == raw(one["contentPoint"]) == keys.open_sealed(sealed, raw(one["ownerSecret"]))


@pytest.mark.parametrize("one", VECTORS["refused"], ids=lambda one: f"{one['relation']}: {one['name']}")
def test_what_is_wrong_is_refused(one):
    with pytest.raises(keys.Refused) as refused:
        verify(one)
    assert (refused.value.reason, refused.value.field) == (one["reason"], one["field"])


@pytest.mark.parametrize("one", VECTORS["openings"], ids=lambda one: one.get("reason", "opens"))
def test_openings(one):
    if "reason" in one:
        with pytest.raises(keys.Refused) as refused:
            keys.open_sealed(raw(one["sealedKey"]), raw(one["secret"]))
        assert (refused.value.reason, refused.value.field) == (one["reason"], one["field"])
    else:
        assert keys.open_sealed(raw(one["sealedKey"]), raw(one["secret"])) == raw(one["contentPoint"])


def test_statements_are_the_schemas_canonical_bytes():
    for one in VECTORS["deliveries"]:
        said = statement(one["statement"])
        fields = [
            said.network, said.act, said.inft, said.version, said.subject, list(said.sender), list(said.receiver)]
        assert said.encoded.hex() == one["encodedStatement"]
        assert cbor2.dumps(fields, canonical=True) == said.encoded
        schema.Rule("sealing-statement").validate_cbor(said.encoded)


def test_every_bit_of_a_delivery_counts():
    scene = fresh()
    parts = [*scene.sealed, *scene.delivered, scene.owner, scene.buyer, *scene.proof]

    def check(parts):
        c1, c2, d1, d2, owner, buyer, *proof = parts
        keys.verify_delivery(owner, (c1, c2), buyer, (d1, d2), proof, scene.statement)

    check(parts)
    for index, part in enumerate(parts):
        for bit in range(len(part) * 8):
            with pytest.raises(keys.Refused):
                check([*parts[:index], flipped(part, bit), *parts[index + 1:]])


@pytest.mark.parametrize("act", range(9), ids=keys.ACTS)
def test_a_proof_holds_for_its_statement_only(act):
    for _ in range(10):
        scene = fresh(act)
        arguments = (scene.owner, scene.sealed, scene.buyer, scene.delivered, scene.proof)
        keys.verify_delivery(*arguments, scene.statement)
        for other in rebound(scene.statement).values():
            for check in (
                lambda: keys.verify_delivery(*arguments, other),
                lambda: keys.verify_possession(scene.owner, scene.possession, other),
                lambda: keys.verify_origin(scene.sealed, scene.owner, scene.origin, other),
            ):
                with pytest.raises(keys.Refused):
                    check()


def test_two_answers_to_one_commitment_give_the_secrets_away():
    """Special soundness, by calculation: why a nonce must never serve twice."""
    scene = fresh()
    s, nonces = scene.draw(), (scene.draw(), scene.draw())
    delivered = (keys.generator_times(s), keys.total(scene.content, keys.times(scene.buyer, s)))
    statements = [scene.statement, rebound(scene.statement)["version"]]
    (e, z_a, z_s), (f, y_a, y_s) = (
        map(keys.number, keys.prove_delivery(scene.a, s, scene.sealed, scene.buyer, delivered, one, nonces))
        for one in statements)
    inverse = pow(e - f, -1, keys.ORDER)
    assert (z_a - y_a) * inverse % keys.ORDER == keys.number(scene.a)
    assert (z_s - y_s) * inverse % keys.ORDER == keys.number(s)
