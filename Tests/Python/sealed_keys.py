"""Sealed keys by Specs/sealed-keys.md, on coincurve and hashlib: a second implementation, for checks only (its arithmetic on
secrets takes time that depends on them).

    python Tests/Python/sealed_keys.py

writes Specs/vectors/sealed-keys.json.
"""

import dataclasses
import hashlib
import pathlib

from coincurve import PrivateKey, PublicKey

ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141
VECTORS = pathlib.Path(__file__).resolve().parents[2] / "Specs" / "vectors" / "sealed-keys.json"
ACTS = ["mint", "revise", "clone", "license", "licenseTransfer", "licenseRevision", "transfer", "reseal", "dispute"]
CHAIN_LENGTH = 1000


class Refused(Exception):
    def __init__(self, reason, field):
        super().__init__(f"{reason} {field}")
        self.reason, self.field = reason, field


# Bytes and hashes


def tagged(tag, message):
    digest = hashlib.sha256(tag.encode()).digest()
    return hashlib.sha256(digest + digest + message).digest()


def here(sender, sequence, index):
    return tagged("mednexus/sealed/here", sender + sequence.to_bytes(8, "big") + index.to_bytes(4, "big"))


def cbor_uint(value):
    for limit, head, size in ((24, None, 0), (1 << 8, 24, 1), (1 << 16, 25, 2), (1 << 32, 26, 4), (1 << 64, 27, 8)):
        if value < limit:
            return bytes([value]) if size == 0 else bytes([head]) + value.to_bytes(size, "big")
    raise ValueError(value)


def cbor_bytes32(value):
    assert len(value) == 32
    return b"\x58\x20" + value


@dataclasses.dataclass(frozen=True)
class Statement:
    """A party is (0, address) or (1, organization)."""

    network: bytes
    act: int
    inft: bytes
    version: int
    subject: bytes
    sender: tuple
    receiver: tuple

    @property
    def encoded(self):
        parties = [b"\x82" + cbor_uint(kind) + cbor_bytes32(id) for kind, id in (self.sender, self.receiver)]
        return b"\x87" + b"".join([
            cbor_bytes32(self.network), cbor_uint(self.act), cbor_bytes32(self.inft), cbor_uint(self.version),
            cbor_bytes32(self.subject), *parties])


# Scalars and points. A point is its 33 bytes; None is infinity.


def is_scalar(data):
    return 0 < int.from_bytes(data, "big") < ORDER


def number(data):
    return int.from_bytes(data, "big")


def scalar(value):
    return (value % ORDER).to_bytes(32, "big")


def generator_times(factor):
    return PrivateKey(factor).public_key.format()


def times(point, factor):
    return PublicKey(point).multiply(factor).format()


def negative(point):
    return bytes([point[0] ^ 1]) + point[1:]


def total(*points):
    """The sum, which may be infinity."""
    present = [point for point in points if point is not None]
    try:
        return PublicKey.combine_keys([PublicKey(point) for point in present]).format()
    except ValueError:
        return None


def check_point(point, field):
    try:
        assert len(point) == 33
        PublicKey(point)
    except (AssertionError, ValueError):
        raise Refused("invalidPoint", field) from None


def check_scalar(data, field):
    if number(data) == 0:
        raise Refused("zeroScalar", field)
    if number(data) >= ORDER:
        raise Refused("outOfRange", field)


# Sealing and opening


def seal(content, key, randomness):
    """`content` is K. Returns (C1, C2) and r."""
    for attempt in range(256):
        r = tagged("mednexus/sealed/seal", content + key + randomness + bytes([0, attempt]))
        if is_scalar(r):
            second = total(content, times(key, r))
            if second is not None:
                return (generator_times(r), second), r
    raise AssertionError("256 attempts")


def open_sealed(sealed, secret):
    check_point(sealed[0], "sealedKeyFirst")
    check_point(sealed[1], "sealedKeySecond")
    content = total(sealed[1], negative(times(sealed[0], secret)))
    if content is None:
        raise Refused("infinity", "contentPoint")
    return content


# Proofs of one scalar


def prove(relation, secret, transcript, nonce):
    """`nonce` gives a scalar to an attempt."""
    for attempt in range(256):
        k = nonce(attempt)
        if not is_scalar(k):
            continue
        e = tagged(f"mednexus/sealed/{relation}", transcript + generator_times(k))
        z = scalar(number(k) + number(e) * number(secret))
        if is_scalar(e) and is_scalar(z):
            return e, z
    raise AssertionError("256 attempts")


def derived_nonce(relation, secrets, transcript, randomness, position=0):
    return lambda attempt: tagged(
        f"mednexus/sealed/{relation}/nonce", secrets + transcript + randomness + bytes([position, attempt]))


def verify(relation, point, transcript, proof):
    e, z = proof
    check_scalar(e, "challenge")
    check_scalar(z, "response")
    commitment = total(generator_times(z), negative(times(point, e)))
    if commitment is None:
        raise Refused("infinity", "proof")
    if tagged(f"mednexus/sealed/{relation}", transcript + commitment) != e:
        raise Refused("doesNotVerify", "proof")


def prove_possession(secret, statement, randomness):
    transcript = statement.encoded + generator_times(secret)
    return prove("possession", secret, transcript, derived_nonce("possession", secret, transcript, randomness))


def verify_possession(key, proof, statement):
    check_point(key, "sealingKey")
    verify("possession", key, statement.encoded + key, proof)


def prove_origin(r, sealed, key, statement, randomness):
    transcript = statement.encoded + key + sealed[0] + sealed[1]
    return prove("origin", r, transcript, derived_nonce("origin", r, transcript, randomness))


def verify_origin(sealed, key, proof, statement):
    check_point(key, "sealingKey")
    check_point(sealed[0], "sealedKeyFirst")
    check_point(sealed[1], "sealedKeySecond")
    verify("origin", sealed[0], statement.encoded + key + sealed[0] + sealed[1], proof)


# Deliveries


def prove_delivery(secret, s, sealed, recipient, delivered, statement, nonces):
    """The proof, or None where the prover must begin again. `nonces` is (k_a, k_s)."""
    if not all(map(is_scalar, nonces)) or delivered[1] == sealed[1]:
        return None
    transcript = b"".join([statement.encoded, generator_times(secret), *sealed, recipient, *delivered])
    third = total(times(sealed[0], nonces[0]), negative(times(recipient, nonces[1])))
    if third is None:
        return None
    e = tagged("mednexus/sealed/delivery", transcript + generator_times(nonces[0]) + generator_times(nonces[1]) + third)
    answers = [scalar(number(k) + number(e) * number(x)) for k, x in zip(nonces, (secret, s))]
    return (e, *answers) if all(map(is_scalar, (e, *answers))) else None


def deliver(sealed, secret, recipient, statement, randomness):
    """(D1, D2) and (e, z_a, z_s)."""
    check_point(recipient, "recipientKey")
    content = open_sealed(sealed, secret)
    about = b"".join([statement.encoded, generator_times(secret), *sealed, recipient])
    for attempt in range(256):
        s = tagged("mednexus/sealed/delivery/scalar", secret + about + randomness + bytes([0, attempt]))
        second = total(content, times(recipient, s)) if is_scalar(s) else None
        if second is None:
            continue
        delivered = (generator_times(s), second)
        nonces = [
            derived_nonce("delivery", secret + s, about + b"".join(delivered), randomness, position)(attempt)
            for position in (0, 1)]
        proof = prove_delivery(secret, s, sealed, recipient, delivered, statement, nonces)
        if proof is not None:
            return delivered, proof
    raise AssertionError("256 attempts")


def verify_delivery(owner, sealed, recipient, delivered, proof, statement):
    e, z_a, z_s = proof
    for value, field in zip(proof, ("challenge", "ownerResponse", "deliveryResponse")):
        check_scalar(value, field)
    fields = ("sealingKey", "sealedKeyFirst", "sealedKeySecond", "recipientKey", "deliveredFirst", "deliveredSecond")
    points = [owner, *sealed, recipient, *delivered]
    for point, field in zip(points, fields):
        check_point(point, field)
    difference = total(sealed[1], negative(delivered[1]))
    if difference is None:
        raise Refused("infinity", "deliveredSecond")
    commitments = [
        total(generator_times(z_a), negative(times(owner, e))),
        total(generator_times(z_s), negative(times(delivered[0], e))),
        total(times(sealed[0], z_a), negative(times(recipient, z_s)), negative(times(difference, e)))]
    if None in commitments:
        raise Refused("infinity", "proof")
    if tagged("mednexus/sealed/delivery", b"".join([statement.encoded, *points, *commitments])) != e:
        raise Refused("doesNotVerify", "proof")


def commitment(delivered, proof):
    return tagged("mednexus/sealed/commitment", b"".join([*delivered, *proof]))


# Chain of random deliveries


def chain_digest(length=CHAIN_LENGTH):
    """The hash over all that follows from the random bytes of the chain; each proof is verified too."""
    position = 0

    def draw():
        nonlocal position
        position += 1
        return hashlib.sha256(b"mednexus/sealed/chain" + (position - 1).to_bytes(8, "big")).digest()

    results = hashlib.sha256()
    for _ in range(length):
        a, b, k, seal_randomness = draw(), draw(), draw(), draw()
        network, act, inft, version, subject, sender, receiver = (draw() for _ in range(7))
        statement = Statement(
            network, act[0] % 9, inft, version[0] + 1, subject, (1, sender), (0, receiver))
        owner, buyer = generator_times(a), generator_times(b)
        sealed, r = seal(generator_times(k), owner, seal_randomness)
        possession = prove_possession(a, statement, draw())
        origin = prove_origin(r, sealed, owner, statement, draw())
        buyers = prove_possession(b, statement, draw())
        delivered, proof = deliver(sealed, a, buyer, statement, draw())
        verify_possession(owner, possession, statement)
        verify_possession(buyer, buyers, statement)
        verify_origin(sealed, owner, origin, statement)
        verify_delivery(owner, sealed, buyer, delivered, proof, statement)
        assert open_sealed(delivered, b) == generator_times(k)
        results.update(b"".join([
            statement.encoded, owner, *sealed, *possession, *origin, buyer, *buyers, *delivered, *proof,
            commitment(delivered, proof)]))
    return results.digest()


if __name__ == "__main__":
    import sealed_key_vectors

    VECTORS.write_text(sealed_key_vectors.written())
