"""How large what the state holds can be, by the schema alone: a chunk of a snapshot must have room for any of it."""

import re
from re import _parser

import schema

# StateChunk.maximumBytes, less its siblings (512 of 34 bytes) and a key.
CHUNK_ROOM = (4 << 20) - 512 * 34 - 1024 - 64

# Canonical bytes that the rules bound (Sources/Consents/ConsentsLimits.swift), where the schema's lists contain themselves.
BOUNDED = {"consent-policy": 4 * 1024, "set-policies": 8 * 1024 + 8}

# Values that are no records, or those of another row.
PLAIN = {"identifier", "timestamp", "amount", "the id of", "the disclosure's id", "the same of"}


def head(number):
    """Bytes of a CBOR head."""
    return 1 + (number >= 24) + (number >= 1 << 8) + 2 * (number >= 1 << 16) + 4 * (number >= 1 << 32)


def values(type):
    """How many values a kind has."""
    while type[0] == "name":
        type = schema.PARSED[type[1]]
    assert type[0] == "range", f"a list of {type} without a bound"
    return type[2] - type[1] + 1


def largest(type):
    """The most bytes that a value of the type has in CBOR."""
    match type:
        case ("name", "null" | "bool"):
            return 1
        case ("name", "uint"):
            return 9
        case ("name", name):
            assert name in schema.PARSED, f"{name} has no bound"
            return BOUNDED.get(name) or largest(schema.PARSED[name])
        case ("constant", value):
            return head(value)
        case ("range", _, most):
            return head(most)
        case ("control", _, ".le", _):
            return 9
        case ("control", _, ".cbor", argument):
            return 9 + largest(argument)
        case ("control", _, ".regexp", pattern):
            most = _parser.parse(pattern.strip('"')).getwidth()[1]
            return head(most) + most
        case ("control", base, ".size", argument):
            most = argument[-1]
            return 1 + most if base == "uint" else head(most) + most
        case ("choice", choices):
            return max(map(largest, choices))
        case ("array", members):
            # A list without a bound is one of distinct kinds.
            counts = [values(one) if most is None else most for _, most, one in members]
            return head(sum(counts)) + sum(most * largest(one) for most, (_, _, one) in zip(counts, members))
    raise AssertionError(type)


def state_records():
    """The rules that the domains' tables name for what lies under a state key."""
    pages = [*sorted((schema.ROOT / "Specs" / "domains").glob("*.md")), schema.ROOT / "Specs" / "disputes.md"]
    for page in pages:
        for row in re.findall(r"^\| (`\[\d+, ?\d+.*)$", page.read_text(), re.M):
            cells = [cell.strip() for cell in row.split(" | ")]
            yield cells[0], cells[1].strip(" |")


def test_every_record_of_the_state_fits_a_chunk():
    sizes = {}
    for keys, what in state_records():
        rules = [name for name in re.findall(r"`([a-z-]+)`", what) if name in schema.PARSED]
        if not rules:
            assert "…" in keys or any(plain in what for plain in PLAIN), f"{keys}: {what}"
        for rule in rules:
            sizes[rule] = largest(("name", rule))
    assert len(sizes) > 70
    assert max(sizes.values()) < CHUNK_ROOM, sorted((size, rule) for rule, size in sizes.items())[-5:]
    # What is said in Specs/state.md, Snapshots.
    assert {rule for rule, size in sizes.items() if size > 72 << 10} == {"disclosure-record"}
    assert sizes["disclosure-record"] < 1 << 20
