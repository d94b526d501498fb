"""Verifies MedNexus proofs without a node, written from Specs/proofs.md, Specs/bytes.md and Specs/ledger.cddl alone.

    verified = verify(data, height, block_hash)     # of a final block that is trusted
    verified.header.time, verified.reads[key], verified.transaction_hash

Uses cbor2 (only as an encoder, of what was decoded here) and coincurve (BIP-340 signatures).
"""

import dataclasses
import hashlib
from typing import NamedTuple

import cbor2
import coincurve

MAXIMUM_BYTES = 64 << 20
MAXIMUM_DEPTH = 24
MAXIMUM_UINT = (1 << 64) - 1
MAXIMUM_HEIGHT = 1 << 62  # and of epochs and views
MAXIMUM_TIME = 253_402_300_799_999
VALIDATORS_KEY = bytes([0x82, 0x06, 0x01])
EMPTY = bytes(32)
FINALIZE = 2


class ProofError(Exception):
    """The proof is none; `field` says where."""

    def __init__(self, field: str, message: str):
        super().__init__(f"{field}: {message}")
        self.field = field


def require(condition: bool, field: str, message: str):
    if condition is not True:
        raise ProofError(field, message)


# Bytes


def decode(data: bytes, field: str):
    """The value of deterministic CBOR: unsigned integers, byte strings, text, arrays, false, true, null."""
    value, end = _item(data, 0, 0, field)
    require(end == len(data), field, "bytes follow")
    return value


def _item(data, start, depth, field):
    require(start < len(data), field, "ends too early")
    major, argument, position = data[start] >> 5, data[start] & 31, start + 1
    if major == 7:
        require(20 <= argument <= 22, field, "a float or another simple value")
        return (False, True, None)[argument - 20], position
    require(major in (0, 2, 3, 4), field, "a negative integer, map or tag")
    require(argument < 28, field, "an indefinite or reserved length")
    if argument >= 24:
        width = 1 << argument - 24
        require(position + width <= len(data), field, "ends too early")
        number = int.from_bytes(data[position : position + width], "big")
        require(number >= (24 if width == 1 else 1 << 4 * width), field, "not the shortest head")
        argument, position = number, position + width
    if major == 0:
        return argument, position
    require(argument <= len(data) - position, field, "longer than what is left")
    if major == 4:
        require(depth < MAXIMUM_DEPTH, field, "nested too deep")
        values = []
        for _ in range(argument):
            value, position = _item(data, position, depth + 1, field)
            values.append(value)
        return values, position
    content = data[position : position + argument]
    if major == 3:
        try:
            content = content.decode("utf-8", "strict")
        except UnicodeDecodeError:
            raise ProofError(field, "not UTF-8") from None
    return content, position + argument


def encode(value) -> bytes:
    return cbor2.dumps(value, canonical=True)


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


# Kinds of entries that lie where what they are about has its place, by domain
ANCHORED = {1: {0, 1, 6}, 3: {4, 6, 7, 8, 9}, 4: {0, 1, 2, 3, 12, 20}, 5: {2, 4, 7, 9, 10}}


def path_of(key: bytes) -> bytes:
    own = sha(b"\x10", key)
    anchor = anchor_of(key)
    return own if anchor is None else sha(b"\x13", *anchor)[:3] + own[3:]


def anchor_of(key: bytes):
    """What the entry is about and the number of its run, or None: the key's own hash alone tells its place."""
    try:
        parts, end = _item(key, 0, 0, "key")
    except ProofError:
        return None
    if end != len(key) or type(parts) is not list or not 3 <= len(parts) <= 5:
        return None
    domain, kind, subject, *rest = parts
    if type(domain) is not int or type(kind) is not int or kind not in ANCHORED.get(domain, ()):
        return None
    if type(subject) is list and len(subject) == 2 and subject[0] in (0, 1) and type(subject[0]) is int:
        subject = subject[1]
    if type(subject) is not bytes or len(subject) != 32:
        return None
    if rest and type(rest[0]) is bytes and len(rest[0]) == 32:
        rest = rest[1:]
    if len(rest) > 1 or rest and type(rest[0]) is not int:
        return None
    return subject, (rest[0] // 32 if rest else 0).to_bytes(8, "big")


def tagged(tag: str, data: bytes) -> bytes:
    prefix = sha(tag.encode())
    return sha(prefix, prefix, data)


# Shapes: exact types, since to Python true is the number 1


def number(value, field, maximum=MAXIMUM_UINT) -> int:
    require(type(value) is int and 0 <= value <= maximum, field, f"not a number of 0 to {maximum}")
    return value


def octets(value, field, least, most=None) -> bytes:
    most = least if most is None else most
    require(type(value) is bytes and least <= len(value) <= most, field, f"not {least} to {most} bytes")
    return value


def text(value, field, least=0, most=MAXIMUM_BYTES) -> str:
    require(type(value) is str and least <= len(value.encode()) <= most, field, f"not {least} to {most} bytes of text")
    return value


def array(value, field, least, most) -> list:
    require(type(value) is list and least <= len(value) <= most, field, f"not {least} to {most} elements")
    return value


def record(value, field, count) -> list:
    return array(value, field, count, count)


def hashes(value, field, most) -> list:
    return [octets(one, field, 32) for one in array(value, field, 0, most)]


def party(value, field) -> list:
    kind, identifier = record(value, field, 2)
    return [number(kind, field, 1), octets(identifier, field, 32)]


class Header(NamedTuple):
    format_version: int
    network: bytes
    height: int
    parent: bytes
    time: int
    epoch: int
    proposer: int
    validator_set: bytes
    transactions_root: bytes
    receipts_root: bytes
    evidence_root: bytes
    state_root: bytes

    @property
    def hash(self) -> bytes:
        return tagged("mednexus/header", encode(list(self)))


def header(value, field) -> Header:
    result = Header(*record(value, field, 12))
    require(number(result.format_version, field) == 1, field, "another format")
    for name in (
        "network", "parent", "validator_set", "transactions_root", "receipts_root", "evidence_root", "state_root",
    ):
        octets(getattr(result, name), f"{field}.{name}", 32)
    number(result.height, f"{field}.height", MAXIMUM_HEIGHT)
    number(result.time, f"{field}.time", MAXIMUM_TIME)
    number(result.epoch, f"{field}.epoch")
    number(result.proposer, f"{field}.proposer")
    return result


def validator_set(value, field) -> list:
    """`[key, institution]` of 1 to 100 validators, no key twice."""
    result = []
    for one in array(value, field, 1, 100):
        key, institution = record(one, field, 2)
        result.append([octets(key, field, 32), party(institution, field)])
    require(len({key for key, _ in result}) == len(result), field, "a key twice")
    return result


def validators_record(value, field) -> list:
    """The records of the state, as a validator set."""
    result = []
    for one in array(value, field, 1, 100):
        name, institution, key, transport_key, enrolled_at = record(one, field, 5)
        text(name, field, 1, 64)
        if transport_key is not None:
            octets(transport_key, field, 33)
        number(enrolled_at, field, MAXIMUM_TIME)
        result.append([key, institution])
    return validator_set(result, field)


# 1. The chain


def check_certificate(value, of: Header, validators: list, field: str):
    """Does the certificate make the header final by the set?"""
    kind, epoch, view, parent_view, block_hash, signers, signatures = record(value, field, 7)
    require(number(kind, field, 2) == FINALIZE, field, "not of finalize votes")
    require(number(epoch, field, MAXIMUM_HEIGHT) == of.epoch, field, "another epoch")
    number(view, field, MAXIMUM_HEIGHT)
    number(parent_view, field, MAXIMUM_HEIGHT)
    require(octets(block_hash, field, 32) == of.hash, field, "another block")
    require(of.validator_set == tagged("mednexus/validators", encode(validators)), field, "another validator set")

    count = len(validators)
    octets(signers, field, (count + 7) // 8)
    chosen = [index for index in range(8 * len(signers)) if signers[index // 8] >> 7 - index % 8 & 1]
    require(all(index < count for index in chosen), field, "a signer beyond the set")
    require(len(chosen) >= count - (count - 1) // 3, field, "fewer signers than a quorum")
    array(signatures, field, len(chosen), len(chosen))
    message = tagged("mednexus/vote", encode([of.network, epoch, view, kind, parent_view, block_hash]))
    for index, signature in zip(chosen, signatures, strict=True):
        octets(signature, field, 64)
        require(is_signed(validators[index][0], signature, message), field, f"validator {index} did not sign")


def is_signed(key: bytes, signature: bytes, message: bytes) -> bool:
    """BIP-340."""
    try:
        return coincurve.PublicKeyXOnly(key).verify(signature, message)
    except ValueError:  # no x coordinate of the curve
        return False


def check_chain(value, height: int, block_hash: bytes) -> Header:
    """The header that is proven to be final."""
    checkpoint, validators, hops, headers, certificate = record(value, "chain", 5)
    checkpoint = header(checkpoint, "checkpoint")
    require((checkpoint.height, checkpoint.hash) == (height, block_hash), "checkpoint", "not the trusted block")

    validators = validator_set(validators, "validators")
    digest = tagged("mednexus/validators", encode(validators))
    require(digest == checkpoint.validator_set, "validators", "not those of the checkpoint")

    headers = [header(one, "headers") for one in array(headers, "headers", 1, 4096)]
    for lower, upper in zip(headers, headers[1:]):
        require(upper.parent == lower.hash and upper.height == lower.height + 1, "headers", "not each other's parents")
    require(all(one.network == checkpoint.network for one in headers), "headers", "another network")
    top = headers[-1]

    array(hops, "hops", 0, 1024)
    if top.hash == block_hash:
        require(hops == [] and certificate is None, "certificate", "not needed up to the checkpoint")
        return headers[0]

    def lies_above(upper: Header, lower: Header) -> bool:
        return upper.height > lower.height and upper.time > lower.time and upper.epoch >= lower.epoch

    below = checkpoint
    for position, hop in enumerate(hops):
        field = f"hops[{position}]"
        of, hop_certificate, records, proof = record(hop, field, 4)
        of = header(of, f"{field}.header")
        require(of.network == checkpoint.network, f"{field}.header", "another network")
        if position == 0 and of == checkpoint:
            require(hop_certificate is None, f"{field}.certificate", "not needed for the checkpoint")
        else:
            require(lies_above(of, below), f"{field}.header", "not above the one before")
            check_certificate(hop_certificate, of, validators, f"{field}.certificate")
        validators, below = validators_record(records, f"{field}.validators"), of
        check_state(VALIDATORS_KEY, encode(records), proof, of.state_root, f"{field}.proof")

    require(lies_above(top, below), "headers", "not above the last hop")
    check_certificate(certificate, top, validators, "certificate")
    return headers[0]


# 2. What the state holds


def check_state(key: bytes, value: bytes | None, proof, root: bytes, field: str):
    """Does the state hold the value, or nothing, under the key?"""
    siblings, terminal = record(proof, field, 2)
    siblings = hashes(siblings, field, 256)
    path = path_of(key)
    depth = len(siblings)

    kind = number(array(terminal, field, 1, 3)[0], field, 1)
    if kind == 0:
        record(terminal, field, 1)
        require(value is None, field, "ends in nothing, but there is a value")
        node = EMPTY
    else:
        _, other, value_hash = record(terminal, field, 3)
        octets(other, field, 32)
        octets(value_hash, field, 32)
        if value is None:
            require(other != path, field, "ends in the key's own leaf, but there is no value")
            differing = int.from_bytes(other, "big") ^ int.from_bytes(path, "big")
            require(differing >> 256 - depth == 0, field, "ends in a leaf elsewhere")
        else:
            require(other == path and value_hash == sha(value), field, "ends in another leaf")
        node = sha(b"\x11", other, value_hash)

    for index in reversed(range(depth)):
        is_right = path[index // 8] >> 7 - index % 8 & 1
        node = sha(b"\x12", siblings[index], node) if is_right else sha(b"\x12", node, siblings[index])
    require(node == root, field, "leads to another state root")


def check_reads(values, root: bytes) -> dict:
    reads = {}
    for position, read in enumerate(array(values, "reads", 0, 16384)):
        field = f"reads[{position}]"
        key, value, proof = record(read, field, 3)
        octets(key, f"{field}.key", 1, 1024)
        require(key not in reads, f"{field}.key", "a key twice")
        if value is not None:
            octets(value, f"{field}.value", 0, MAXIMUM_BYTES)
        check_state(key, value, proof, root, f"{field}.proof")
        reads[key] = value
    return reads


def check_question(value):
    """Shape only: a question proves nothing."""
    if value is None:
        return
    method, parameters, hints = record(value, "question", 3)
    text(method, "question.method")
    text(parameters, "question.parameters")
    gets, scans = record(hints, "question.hints", 2)

    for one in array(gets, "question.hints", 0, 4096):
        key, found = record(one, "question.hints", 2)
        octets(key, "question.hints", 0, MAXIMUM_BYTES)
        if found is not None:
            octets(found, "question.hints", 0, MAXIMUM_BYTES)
    for one in array(scans, "question.hints", 0, 4096):
        prefix, after, limit, descending, entries = record(one, "question.hints", 5)
        octets(prefix, "question.hints", 0, MAXIMUM_BYTES)
        if after is not None:
            octets(after, "question.hints", 0, MAXIMUM_BYTES)
        number(limit, "question.hints", 4096)
        require(type(descending) is bool, "question.hints", "neither false nor true")
        for entry in array(entries, "question.hints", 0, 4096):
            for content in record(entry, "question.hints", 2):
                octets(content, "question.hints", 0, MAXIMUM_BYTES)


# 3. A transaction


def check_inclusion(leaf: bytes, index: int, count: int, path: list, root: bytes, field: str):
    """RFC 9162, section 2.1.3.2."""
    require(index < count, field, "beyond the tree")
    node, first, last = sha(b"\x00", leaf), index, count - 1
    for sibling in path:
        require(last > 0, field, "too long")
        if first & 1 or first == last:
            node = sha(b"\x01", sibling, node)
            while first != 0 and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            node = sha(b"\x01", node, sibling)
        first, last = first >> 1, last >> 1
    require(last == 0 and node == root, field, "leads to another root")


def check_transaction(value, of: Header):
    """The hash and the receipt of the transaction. Its place is not proven: no root commits to the size of its tree."""
    index, count, data, path, receipt, receipt_path = record(value, "transaction", 6)
    number(count, "transaction.count", 10_000)
    number(index, "transaction.index")
    octets(data, "transaction", 0, MAXIMUM_BYTES)
    path, receipt_path = hashes(path, "transaction.path", 64), hashes(receipt_path, "receipt.path", 64)
    check_inclusion(data, index, count, path, of.transactions_root, "transaction.path")

    transaction_hash, weight, events = record(receipt, "receipt", 3)
    octets(transaction_hash, "receipt.transaction_hash", 32)
    number(weight, "receipt.weight")
    for event in array(events, "receipt.events", 0, MAXIMUM_BYTES):
        domain, content = record(event, "receipt.events", 2)
        number(domain, "receipt.events", 6)
        octets(content, "receipt.events", 0, MAXIMUM_BYTES)
    check_inclusion(encode(receipt), index + 1, count + 1, receipt_path, of.receipts_root, "receipt.path")

    body, _ = record(decode(data, "transaction"), "transaction", 2)
    require(tagged("mednexus/tx", encode(body)) == transaction_hash, "receipt", "of another transaction")
    return transaction_hash, receipt


# All of it


@dataclasses.dataclass(frozen=True)
class Verified:
    """What is proven: a final block, and what its state holds (`reads`) or a transaction of it (the last two)."""

    subject: str  # block, state or transaction
    header: Header
    maximum_age: int | None  # advice only, milliseconds
    reads: dict = dataclasses.field(default_factory=dict)
    transaction_hash: bytes | None = None
    receipt: list | None = None


def verify(data: bytes, height: int, block_hash: bytes) -> Verified:
    """What the proof proves to whoever trusts the block; ProofError if nothing. Its age is the caller's to judge."""
    require(len(data) <= MAXIMUM_BYTES, "proof", "too large")
    version, network_kind, maximum_age, chain, subject = record(decode(data, "proof"), "proof", 5)
    require(number(version, "format-version") == 1, "format-version", "another format")
    number(network_kind, "network-kind", 1)
    if maximum_age is not None:
        number(maximum_age, "maximum-age")
    proven = check_chain(chain, height, block_hash)

    kind = number(array(subject, "subject", 1, 3)[0], "subject", 2)
    if kind == 0:
        record(subject, "subject", 1)
        return Verified("block", proven, maximum_age)
    if kind == 1:
        _, reads, question = record(subject, "subject", 3)
        check_question(question)
        return Verified("state", proven, maximum_age, reads=check_reads(reads, proven.state_root))
    _, inclusion = record(subject, "subject", 2)
    transaction_hash, receipt = check_transaction(inclusion, proven)
    return Verified("transaction", proven, maximum_age, transaction_hash=transaction_hash, receipt=receipt)
