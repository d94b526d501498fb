"""The encrypted content format, written from Specs/content.md alone, with libraries of PyPI."""

import hashlib
import hmac
import io

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CHUNK = 65_536
SEALED = CHUNK + 16
REGION = 1024


class Keys:
    def __init__(self, point, salt):
        assert len(point) == 33 and len(salt) == 32

        def expand(label, count):
            return HKDF(hashes.SHA256(), count, salt, b"mednexus/content/" + label).derive(point)

        self.key = expand(b"key", 32)
        self.prefix = expand(b"nonce", 7)
        self.commitment = expand(b"commitment", 32)

    def nonce(self, index, is_last):
        return self.prefix + index.to_bytes(4, "big") + bytes([is_last])


def chunks(stream, size):
    """Pieces of `size` bytes; the last may be shorter."""
    return [stream[start:start + size] for start in range(0, len(stream), size)]


def seal(keys, stream):
    pieces = chunks(stream, CHUNK)
    cipher = AESGCM(keys.key)
    return b"".join(
        cipher.encrypt(keys.nonce(index, index == len(pieces) - 1), piece, None) for index, piece in enumerate(pieces))


def open_sealed(keys, ciphertext):
    pieces = chunks(ciphertext, SEALED)
    cipher = AESGCM(keys.key)
    return b"".join(
        cipher.decrypt(keys.nonce(index, index == len(pieces) - 1), piece, None) for index, piece in enumerate(pieces))


def leaf(piece):
    return hashlib.sha256(b"\0" + piece).digest()


def tree(leaves):
    """RFC 6962, section 2.1."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\1" + tree(leaves[:split]) + tree(leaves[split:])).digest()


def root(ciphertext):
    return tree([leaf(piece) for piece in chunks(ciphertext, SEALED)])


def padded(size):
    exponent = size.bit_length() - 1
    kept = exponent.bit_length()
    mask = (1 << max(exponent - kept, 0)) - 1
    return (size + mask) & ~mask


def stream(name, media_type, file):
    record = cbor2.dumps([1, name, media_type, len(file)])
    region = (len(record).to_bytes(2, "big") + record).ljust(REGION, b"\0")
    return (region + file).ljust(padded(REGION + len(file)), b"\0")


def file_of(plaintext):
    """Header and file; raises where anything is not as the format says."""
    count = int.from_bytes(plaintext[:2], "big")
    source = io.BytesIO(plaintext[2:2 + count])
    version, name, media_type, size = cbor2.load(source)
    assert version == 1 and source.read() == b""
    assert cbor2.dumps([version, name, media_type, size]) == plaintext[2:2 + count]
    assert not any(plaintext[2 + count:REGION])
    assert len(plaintext) == padded(REGION + size)
    assert not any(plaintext[REGION + size:])
    return name, media_type, plaintext[REGION:REGION + size]


def range_proof(leaves, first, count):
    siblings = []

    def walk(low, high):
        if high <= first or first + count <= low:
            siblings.append(tree(leaves[low:high]))
        elif not (first <= low and high <= first + count):
            split = 1
            while split * 2 < high - low:
                split *= 2
            walk(low, low + split)
            walk(low + split, high)

    walk(0, len(leaves))
    return cbor2.dumps([first, count, siblings])


def verify_range(proof, pieces, size, expected):
    """True if `pieces` are the chunks that the proof names, of a content of that size and root."""
    first, count, siblings = cbor2.loads(proof)
    total = -(-size // SEALED)
    if len(pieces) != count or first + count > total:
        return False
    rest = list(siblings)

    def walk(low, high):
        if high <= first or first + count <= low:
            return rest.pop(0)
        if high - low == 1:
            return leaf(pieces[low - first])
        split = 1
        while split * 2 < high - low:
            split *= 2
        left = walk(low, low + split)
        return hashlib.sha256(b"\1" + left + walk(low + split, high)).digest()

    try:
        found = walk(0, total)
    except IndexError:
        return False
    return not rest and hmac.compare_digest(found, expected)


def sample(count):
    """Bytes for vectors: byte n is (31 n + n div 256) mod 256."""
    return bytes((31 * index + index // 256) & 255 for index in range(count))


def vectors():
    """What Specs/vectors/content.json holds; `python content.py` prints it."""
    point = bytes([2]) + bytes(range(32))
    salt = bytes(range(100, 132))
    keys = Keys(point, salt)
    streams = []
    for size in (1, 100, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 5 * CHUNK + 7):
        sealed = seal(keys, sample(size))
        entry = {
            "streamSize": size, "size": len(sealed), "sha256": hashlib.sha256(sealed).hexdigest(),
            "leaves": [leaf(piece).hex() for piece in chunks(sealed, SEALED)], "root": root(sealed).hex(),
        }
        if size <= 100:
            entry["ciphertext"] = sealed.hex()
        streams.append(entry)
    files = []
    for name, media_type, size in (
            ("empty.txt", "text/plain", 0), ("one.bin", "application/octet-stream", 1),
            ("case.json", "application/json", CHUNK - REGION), ("症例.json", "application/json", CHUNK - REGION + 1),
            ("two chunks.csv", "text/csv", 2 * CHUNK)):
        plain = stream(name, media_type, sample(size))
        sealed = seal(keys, plain)
        count = 2 + int.from_bytes(plain[:2], "big")
        files.append({
            "name": name, "mediaType": media_type, "fileSize": size, "header": plain[:count].hex(),
            "streamSize": len(plain), "size": len(sealed), "root": root(sealed).hex(),
        })
    leaves = [leaf(bytes([index])) for index in range(11)]
    ranges = [
        {"first": first, "count": count, "proof": range_proof(leaves, first, count).hex()}
        for first, count in ((0, 11), (0, 1), (3, 2), (5, 4), (8, 3), (10, 1))]
    return {
        "source": "made by Tests/Python/content.py from Specs/content.md", "license": "Apache-2.0",
        "keys": {
            "point": point.hex(), "salt": salt.hex(), "key": keys.key.hex(), "noncePrefix": keys.prefix.hex(),
            "keyCommitment": keys.commitment.hex(),
        },
        "streams": streams, "files": files,
        "ranges": {"leaves": [one.hex() for one in leaves], "root": tree(leaves).hex(), "proofs": ranges},
        "padding": [[size, padded(size)] for size in (
            1024, 1025, 1088, 1089, 9000, 65_536, 65_537, 1_000_000, 5 << 30, (1 << 40) + 1)],
    }


if __name__ == "__main__":
    import json

    print(json.dumps(vectors(), indent=1, ensure_ascii=False))
