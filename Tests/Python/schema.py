"""The schema as an independent CDDL tool (zcbor) reads it, and samples of every rule.

zcbor was chosen over pycddl because it is exact where this schema lives, in optional arrays and in choices of arrays:
pycddl 0.6.4 accepts wrong arrays there, refuses right ones, and crashes on a rule that contains itself.

What zcbor does not know is put into words that it does: `null` is called `nil`, texts are not matched against regular
expressions (the Swift tests do that), and a member's name never means the rule of the same name.

    python Tests/Python/schema.py     rewrites Specs/vectors/encodings.json (the Swift tests are its judge)
"""

import hashlib
import json
import pathlib
import re

import cbor2

if not hasattr(cbor2, "CBORDecodeValueError"):  # zcbor 0.9.1 imports names that cbor2 6 has merged into one
    cbor2.CBORDecodeValueError = cbor2.CBORDecodeEOF = cbor2.CBORDecodeError

from zcbor.zcbor.zcbor import DataTranslator  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXT = (ROOT / "Specs" / "ledger.cddl").read_text()
VECTORS = ROOT / "Specs" / "vectors" / "encodings.json"


def _translated():
    text = re.sub(r";[^\n]*", "", TEXT)
    text = re.sub(r"\bnull\b", "nil", text)
    text = re.sub(r'tstr \.regexp "[^"]*"', "tstr", text)
    text = re.sub(r"([a-z][a-z0-9-]*):(\s)", r"field-\1:\2", text)
    return DataTranslator.from_cddl(cddl_string=text, default_max_qty=1_000_000).my_types


RULES = _translated()


class Rule:
    """One rule of the schema."""

    def __init__(self, name):
        self.name, self.rule = name, RULES[name]

    def validate_cbor(self, data: bytes):
        """Raises unless `data` is what the rule says."""
        self.rule.validate_str(data)


# Samples: two of each rule, one with every optional field and list filled and one with everything left out, and two of
# every alternative of a choice.


class Parser:
    """Reads the part of RFC 8610 that the schema uses into tuples."""

    TOKEN = re.compile(r'\s*("[^"]*"|\.\.|\.[a-z]+|[a-z][a-z0-9-]*|[0-9]+|[^\s])')

    def __init__(self, text):
        self.tokens = self.TOKEN.findall(re.sub(r";[^\n]*", "", text))
        self.index = 0

    def peek(self, ahead=0):
        return self.tokens[self.index + ahead] if self.index + ahead < len(self.tokens) else None

    def take(self, expected=None):
        token = self.tokens[self.index]
        assert expected in (None, token), f"{expected} expected, {token} found"
        self.index += 1
        return token

    def rules(self):
        rules = {}
        while self.peek():
            name = self.take()
            self.take("=")
            rules[name] = self.type()
        return rules

    def type(self):
        choices = [self.single()]
        while self.peek() == "/":
            self.take()
            choices.append(self.single())
        return ("choice", choices) if len(choices) > 1 else choices[0]

    def single(self):
        token = self.take()
        if token == "[":
            return self.array()
        if token == "(":
            inner = self.type()
            self.take(")")
            return inner
        if token.isdigit():
            if self.peek() == "..":
                self.take()
                return ("range", int(token), int(self.take()))
            return ("constant", int(token))
        if self.peek() in (".size", ".le", ".regexp", ".cbor"):
            control = self.take()
            argument = self.take() if control == ".regexp" else self.single()
            return ("control", token, control, argument)
        return ("name", token)

    def array(self):
        members = []
        while self.peek() != "]":
            least, most = 1, 1
            if self.peek() == "*" or self.peek(1) == "*":
                least = int(self.take()) if self.peek() != "*" else 0
                self.take("*")
                most = int(self.take()) if self.peek().isdigit() else None
            if self.peek(1) == ":":
                self.take()
                self.take(":")
            members.append((least, most, self.type()))
            if self.peek() == ",":
                self.take()
        self.take("]")
        return ("array", members)


PARSED = Parser(TEXT).rules()

# What a rule's meaning asks of its values, beyond what a schema can say: (filled, left out).
HASH = bytes(range(32))
NULLIFY = [0, 1, 1, 0, bytes(32)]
SIGNATURE = bytes(range(64))
MEANT = {
    "jurisdiction": ("CH-ZH", "CH"),
    "iso-3166-code": ("CH-ZH", "CH"),
    "territory": ("CH-ZH", "CH"),
    "language-tag": ("de-CH", "de"),
    "asset-code": ("USD", "EUR"),
    "media-type": ("text/plain", "a/b"),
    "transport-key": (b"\x02" + HASH, b"\x03" + HASH),
    "peer-host": ("a-1.example", "fe80::1"),
    "short-ids": (bytes(16), b""),
    "included-transactions": ([[0, b"\x00"], [1, b"\x01"]], []),
    "compressed-point": (b"\x02" + HASH, b"\x03" + HASH),
    "compressed-point-or-null": (b"\x02" + HASH, None),
    "period": ([1000, 2000], [1000, None]),
    "parts-per-million": (1_000_000, 0),
    "coded-term": ([0, "MONDO_0005148"], [7, "Patient"]),
    "vote": ([1, 9, 0, 8, HASH], NULLIFY),
    "vote-message": ([HASH, 1, 9, 0, 8, HASH], [HASH, *NULLIFY]),
    "certificate": ([2, 1, 9, 8, HASH, b"\x80", [SIGNATURE]], [1, 0, 1, 0, bytes(32), b"\x80", [SIGNATURE]]),
    "evidence": (
        [[[1, 9, 0, 7, HASH], 3, SIGNATURE], [[1, 9, 0, 8, HASH], 3, SIGNATURE]],
        [[[0, 1, 1, 0, bytes(32)], 0, SIGNATURE], [[0, 1, 2, 0, HASH], 0, SIGNATURE]],
    ),
    "guard-record": (
        [1, HASH, HASH, 5, 6, 9, [6, 9, 0, 8, HASH], [6, 9, 2, 8, HASH]], [1, HASH, HASH, None, 0, 0, None, None]),
}


class Sampler:
    def __init__(self, is_full):
        self.is_full, self.count, self.depth = is_full, 0, 0

    def number(self):
        self.count += 1
        return self.count

    def digest(self):
        return hashlib.sha256(b"sample %d" % self.number()).digest()

    def of(self, type, name=""):
        if name in MEANT:
            return MEANT[name][0 if self.is_full else 1]
        return getattr(self, type[0])(*type[1:])

    def name(self, name):
        match name:
            case "null":
                return None
            case "bool":
                return self.is_full
            case "uint":
                return 1000 + self.number() if self.is_full else 0
            case "tstr":
                return f"text {self.number()}" if self.is_full else ""
            case "bstr":
                return self.digest() if self.is_full else b""
        return self.of(PARSED[name], name)

    def constant(self, value):
        return value

    def range(self, least, most):
        return most if self.is_full else least

    def control(self, base, control, argument):
        if control == ".le":
            return argument[1] if self.is_full else 0
        if control == ".cbor":
            return cbor2.dumps(self.of(argument))
        if control == ".regexp":
            return MEANT["jurisdiction"][0 if self.is_full else 1]
        least, most = (argument[1], argument[1]) if argument[0] == "constant" else argument[1:]
        count = min(most, max(least, 12)) if self.is_full else least
        if base == "bstr":
            return (self.digest() * 2)[:count]
        return (f"text {self.number()} of the sample" + "." * count)[:count]

    def choice(self, choices):
        is_null = [choice == ("name", "null") for choice in choices]
        if any(is_null):
            left = [choice for choice, null in zip(choices, is_null) if not null]
            return self.of(left[0] if len(left) == 1 else ("choice", left)) if self.is_full else None
        return self.of(choices[0 if self.is_full else -1])

    def array(self, members):
        values = []
        for least, most, type in members:
            # A provision contains provisions, at most three deep.
            is_provision = type == ("name", "provision")
            self.depth += is_provision
            is_filled = self.is_full and not (is_provision and self.depth > 3)
            values += [self.of(type) for _ in range(least or (1 if is_filled else 0))]
            self.depth -= is_provision
        return values


def samples(rule):
    """Values of a rule: filled and left out, for each alternative."""
    type = PARSED[rule]
    types = type[1] if type[0] == "choice" and rule not in MEANT else [type]
    for one in types:
        for is_full in (True, False):
            sampler = Sampler(is_full)
            sampler.depth = int(rule == "provision")
            value = sampler.of(one, rule)
            if rule == "balance-record":
                # The open lines are as many as those that fill no page.
                value[2] += (len(cbor2.loads(value[3])) - value[2]) % 8
            yield value


def is_record(rule):
    """True for arrays and choices of arrays: what is stored, signed or sent by itself."""
    type = PARSED[rule]
    return all(one[0] == "array" for one in (type[1] if type[0] == "choice" else [type]))


def main():
    lines = []
    for rule in PARSED:
        if is_record(rule) and rule != "state-key":
            found = []
            for value in samples(rule):
                data = cbor2.dumps(value)
                if data not in found:
                    Rule(rule).validate_cbor(data)
                    found.append(data)
            lines += [json.dumps({"rule": rule, "hex": data.hex()}) for data in found]
    VECTORS.write_text("[\n" + ",\n".join(lines) + "\n]\n")
    print(f"{len(lines)} samples of {len({json.loads(line)['rule'] for line in lines})} rules")


if __name__ == "__main__":
    main()
