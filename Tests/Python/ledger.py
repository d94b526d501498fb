"""What a third-party wallet needs of MedNexus, written from Specs/bytes.md and Specs/ledger.cddl alone.

Uses only cbor2 (here as an encoder of integers, byte strings, text, arrays, booleans and null, for which its output is
the deterministic one) and coincurve (BIP-340 signatures).
"""

import hashlib
import hmac
import json
import urllib.request

import cbor2
import coincurve

CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def tagged_hash(tag: str, message: bytes) -> bytes:
    """BIP-340 tagged hash."""
    prefix = hashlib.sha256(tag.encode()).digest()
    return hashlib.sha256(prefix + prefix + message).digest()


def _polymod(values):
    generator = [0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3]
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for index in range(5):
            checksum ^= generator[index] if top >> index & 1 else 0
    return checksum


def _expand(prefix):
    return [ord(character) >> 5 for character in prefix] + [0] + [ord(character) & 31 for character in prefix]


def _regroup(values, source, target, pad):
    accumulator, bits, groups = 0, 0, []
    for value in values:
        accumulator = accumulator << source | value
        bits += source
        while bits >= target:
            bits -= target
            groups.append(accumulator >> bits & (1 << target) - 1)
    if pad and bits:
        groups.append(accumulator << target - bits & (1 << target) - 1)
    return groups


def bech32m(prefix: str, data: bytes) -> str:
    groups = _regroup(data, 8, 5, True)
    checksum = _polymod(_expand(prefix) + groups + [0] * 6) ^ 0x2BC830A3
    tail = [checksum >> 5 * (5 - index) & 31 for index in range(6)]
    return prefix + "1" + "".join(CHARSET[group] for group in groups + tail)


def from_bech32m(text: str) -> bytes:
    prefix, _, data = text.rpartition("1")
    groups = [CHARSET.index(character) for character in data]
    assert _polymod(_expand(prefix) + groups) == 0x2BC830A3, f"bad checksum: {text}"
    return bytes(_regroup(groups[:-6], 5, 8, False)[:32])


def merkle_root(leaves) -> bytes:
    """RFC 6962 §2.1."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + merkle_root(leaves[:split]) + merkle_root(leaves[split:])).digest()


ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def seed(words: str) -> bytes:
    """BIP-39, without a passphrase."""
    return hashlib.pbkdf2_hmac("sha512", words.encode(), b"mnemonic", 2048)


def derive(words: str, path: str) -> bytes:
    """The secret at a path of hardened steps below a mnemonic: BIP-39, then BIP-32."""
    node = hmac.digest(b"Bitcoin seed", seed(words), "sha512")
    for step in path.split("/")[1:]:
        assert step.endswith("'"), "every step of a MedNexus path is hardened"
        index = int(step[:-1]) | 1 << 31
        child = hmac.digest(node[32:], b"\0" + node[:32] + index.to_bytes(4, "big"), "sha512")
        secret = (int.from_bytes(child[:32], "big") + int.from_bytes(node[:32], "big")) % ORDER
        node = secret.to_bytes(32, "big") + child[32:]
    return node[:32]


class Key:
    """A secp256k1 key; its address is its x-only public key."""

    def __init__(self, secret: bytes):
        self.private = coincurve.PrivateKey(secret)
        self.address = self.private.public_key.format(compressed=True)[1:]

    def sign(self, message: bytes) -> bytes:
        return self.private.sign_schnorr(message, b"\x00" * 32)


def transaction(network, key, sequence, operations, valid_until=None, acting_for=None, reference=None):
    """The complete bytes of a transaction with one signer, and its hash."""
    body = cbor2.dumps([network, key.address, sequence, valid_until, acting_for, reference, operations])
    digest = tagged_hash("mednexus/tx", body)
    signatures = cbor2.dumps([[key.address, key.sign(digest)]])
    return b"\x82" + body + signatures, digest


def transfer(asset, recipient, units):
    """revenue.transfer to an account: Specs/domains/revenue.md."""
    return [3, [4, [None, [0, recipient], asset, units, None]]]


class Node:
    """A stock JSON-RPC 2.0 client."""

    def __init__(self, url: str):
        self.url = url

    def raw(self, payload):
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        request = urllib.request.Request(self.url, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def call(self, method, **params):
        answer = self.raw({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        if "error" in answer:
            raise RPCError(answer["error"])
        return answer["result"]


class RPCError(Exception):
    def __init__(self, error):
        super().__init__(json.dumps(error))
        self.code = error["code"]
        self.data = error.get("data") or {}
