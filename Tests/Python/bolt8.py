"""A peer that speaks BOLT-8 by Core Lightning's own Python implementation, and MedNexus frames by Specs/network.md."""

import socket
import struct
from hashlib import sha256

import coincurve
from pyln.proto.wire import LightningConnection, PrivateKey, PublicKey

PROTOCOL_NAME = b"Noise_XK_secp256k1_ChaChaPoly_SHA256"
FRAGMENT, CREDIT, PING, PONG = range(4)
CONSENSUS, BLOCKS, TRANSACTIONS, SYNC = range(4)


class Socket:
    """`recv` gives all the bytes asked for, as the package assumes."""

    def __init__(self, connection):
        self.connection = connection

    def recv(self, count):
        data = b""
        while len(data) < count:
            part = self.connection.recv(count - len(data))
            if not part:
                raise ConnectionError("closed by the node")
            data += part
        return data

    def send(self, data):
        self.connection.sendall(data)


class Peer(LightningConnection):
    """Their handshake and their messages; only the prologue is ours: "mednexus", the version, the genesis hash."""

    def __init__(self, port, node_key, genesis, secret, version=1, source="127.0.0.1", timeout=10):
        self.prologue = b"mednexus" + bytes([version]) + genesis
        self.socket = socket.create_connection(("127.0.0.1", port), timeout, (source, 0))
        super().__init__(Socket(self.socket), PublicKey(node_key), PrivateKey(secret), is_initiator=True)

    def init_handshake(self):
        digest = sha256(PROTOCOL_NAME).digest()
        self.chaining_key = digest
        digest = sha256(digest + self.prologue).digest()
        digest = sha256(digest + self.remote_pubkey.serializeCompressed()).digest()
        self.handshake = {"h": digest, "e": PrivateKey(coincurve.PrivateKey().secret)}

    def fragment(self, channel, message, total=None, first=True, last=True):
        """One frame of a message; `total` other than the message's length lies about it."""
        head = bytes([FRAGMENT, channel, first | last << 1])
        if first:
            head += struct.pack(">I", len(message) if total is None else total)
        self.send_message(head + message)

    def ping(self, data):
        self.send_message(bytes([PING]) + data)

    def await_pong(self, data):
        """Frames that came before it are passed over, at most a thousand."""
        for _ in range(1000):
            frame = self.read_message()
            if frame[0] == PONG and frame[1:] == data:
                return
        raise AssertionError("no pong")

    def is_closed(self, seconds=10):
        """Whether the node ends the connection within this time."""
        self.socket.settimeout(seconds)
        try:
            while self.socket.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
