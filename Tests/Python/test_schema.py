"""Every record's bytes against the schema, seen by a CDDL tool and a CBOR library that know nothing of MedNexus.

Specs/vectors/encodings.json is made from the schema alone; the Swift tests (SchemaTests) read each sample with the type
of its rule and write the same bytes again. Here the other half: what the tool says of those bytes and of wrong ones.
"""

import json

import cbor2
import pytest

import schema

SAMPLES = [(sample["rule"], bytes.fromhex(sample["hex"])) for sample in json.loads(schema.VECTORS.read_text())]


def of(rule):
    return [data for name, data in SAMPLES if name == rule]


def test_there_are_samples_of_every_record():
    assert {rule for rule, _ in SAMPLES} == {rule for rule in schema.PARSED if schema.is_record(rule)} - {"state-key"}


def test_optional_fields_are_sampled_both_ways():
    """A rule with an optional field has a sample with a null, and one with fewer of them."""
    for rule, type in schema.PARSED.items():
        if type[0] == "array" and rule not in schema.MEANT and rule != "state-key":
            optional = sum(
                one[0] == "choice" and ("name", "null") in one[1] or one[0] == "name" and one[1].endswith("-or-null")
                for _, _, one in type[1])
            if optional:
                nulls = [cbor2.loads(data).count(None) for data in of(rule)]
                assert max(nulls) == optional and min(nulls) == 0, rule


@pytest.mark.parametrize("rule", sorted({rule for rule, _ in SAMPLES}))
def test_every_sample_follows_the_schema(rule):
    for data in of(rule):
        schema.Rule(rule).validate_cbor(data)
        assert cbor2.dumps(cbor2.loads(data)) == data


def refused(rule, value):
    data = cbor2.dumps(value)
    try:
        schema.Rule(rule).validate_cbor(data)
    except Exception:
        return True
    return False


def test_one_field_more_or_less_is_refused():
    for rule, data in SAMPLES:
        value, type = cbor2.loads(data), schema.PARSED[rule]
        if type[0] == "array" and all((least, most) == (1, 1) for least, most, _ in type[1]):
            assert refused(rule, value + [None]), rule
            if value:
                assert refused(rule, value[:-1]), rule


def test_a_value_of_another_type_is_refused_in_every_field():
    for rule, data in SAMPLES:
        value, type = cbor2.loads(data), schema.PARSED[rule]
        if type[0] == "array" and all((least, most) == (1, 1) for least, most, _ in type[1]):
            for index in range(len(value)):
                assert refused(rule, value[:index] + [1.5] + value[index + 1:]), (rule, index)


@pytest.mark.parametrize(
    "rule",
    ["operation", "identity-operation", "consent-operation", "revenue-operation", "inft-operation",
     "license-operation", "identity-event", "consent-event", "revenue-event", "inft-event", "license-event"])
def test_an_unknown_kind_is_refused(rule):
    for data in of(rule):
        value = cbor2.loads(data)
        assert refused(rule, [99] + value[1:])


def test_limits_of_sizes_are_refused():
    party = cbor2.loads(of("party")[0])
    assert refused("party", [party[0], party[1] + b"\0"])
    assert refused("party", [2, party[1]])
    header = cbor2.loads(of("block-header")[0])
    assert refused("block-header", [2] + header[1:])
    body = cbor2.loads(of("transaction-body")[0])
    assert refused("transaction-body", body[:6] + [[]])
    assert refused("transaction-body", body[:6] + [body[6] * 65])
    assert refused("share-holder", [party, 1_000_001])
