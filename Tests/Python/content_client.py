"""A client of a node's content store, written from Specs/content-store.md alone."""

import hashlib
import http.client
import json
import os
import time

import cbor2

import ledger

CHUNK = 65_552


def chunks(data: bytes):
    return [data[start:start + CHUNK] for start in range(0, len(data), CHUNK)]


def leaf(chunk: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + chunk).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaves) -> bytes:
    """Of leaf hashes, level by level: an odd last node moves up."""
    level = list(leaves)
    while len(level) > 1:
        level = [
            node(level[index], level[index + 1]) if index + 1 < len(level) else level[index]
            for index in range(0, len(level), 2)
        ]
    return level[0]


def proven(data: bytes, first: int, size: int, siblings, root: bytes) -> bool:
    """Whether `data` are the chunks from `first` on of the content of that size under the root."""
    leaves = {first + index: leaf(chunk) for index, chunk in enumerate(chunks(data))}
    rest = list(siblings)

    def walk(low, high):
        if high <= first or low >= first + len(leaves):
            return rest.pop(0)
        if high - low == 1:
            return leaves[low]
        split = 1
        while split * 2 < high - low:
            split *= 2
        left = walk(low, low + split)
        return node(left, walk(low + split, high))

    try:
        return walk(0, -(-size // CHUNK)) == root and not rest
    except (IndexError, KeyError):
        return False


class Answer:
    def __init__(self, response, body):
        self.status, self.headers, self.body = response.status, response.headers, body

    @property
    def error(self):
        """The reason, with what belongs to it."""
        found = json.loads(self.body)
        assert found["code"] == -(33_000 + self.status) and found["message"] and found["data"]["domain"] == "content"
        return found["data"]

    @property
    def reason(self):
        return self.error["reason"]

    @property
    def reached(self):
        return int(self.headers["Upload-Offset"])


class Client:
    """One account at one node."""

    def __init__(self, port, network_id: bytes, key: ledger.Key, prefix="tmnx"):
        self.port, self.network_id, self.key, self.prefix = port, network_id, key, prefix

    def authorization(self, act, root, offset=0, length=0, at=None, nonce=None, network=None):
        at = int(time.time() * 1000) if at is None else at
        nonce = os.urandom(16) if nonce is None else nonce
        message = cbor2.dumps([network or self.network_id, act, root, offset, length, at, nonce])
        signature = self.key.sign(ledger.tagged_hash("mednexus/content-request", message))
        account = ledger.bech32m(self.prefix, self.key.address)
        return f"MedNexus account={account}, time={at}, nonce={nonce.hex()}, signature={signature.hex()}"

    def request(self, method, path, headers, body=None, timeout=60):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            try:
                connection.request(method, path, body, headers)
            except (BrokenPipeError, ConnectionResetError):
                # Refused before the body had been sent: the answer says why.
                pass
            response = connection.getresponse()
            return Answer(response, response.read())
        finally:
            connection.close()

    def head(self, root):
        return self.request("HEAD", f"/content/{root.hex()}", {"Authorization": self.authorization("HEAD", root)})

    def get(self, root, first=None, last=None):
        headers, offset, length = {}, 0, 0
        if first is not None:
            headers["Range"] = f"bytes={first}-{'' if last is None else last}"
            offset, length = first, 0 if last is None else last - first + 1
        headers["Authorization"] = self.authorization("GET", root, offset, length)
        return self.request("GET", f"/content/{root.hex()}", headers)

    def proof(self, root, first, count):
        headers = {"Authorization": self.authorization("PROOF", root, first, count)}
        return self.request("GET", f"/content/{root.hex()}/proof?from={first}&count={count}", headers)

    def put(self, root, body, offset=None, size=None, **how):
        """The whole, or a part where an offset is given."""
        headers = {"Content-Length": str(len(body))}
        if offset is not None:
            span = f"{offset}-{offset + len(body) - 1}" if body else "*"
            headers["Content-Range"] = f"bytes {span}/{size}"
        headers["Authorization"] = self.authorization("PUT", root, offset or 0, len(body), **how)
        return self.request("PUT", f"/content/{root.hex()}", headers, body)
