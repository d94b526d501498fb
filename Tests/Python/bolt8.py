"""A peer that speaks BOLT-8 by Core Lightning's own Python implementation, and MedNexus frames by Specs/network.md."""

import contextlib
import socket
import struct
import threading
from hashlib import sha256

import coincurve
from pyln.proto.wire import LightningConnection, PrivateKey, PublicKey

PROTOCOL_NAME = b"Noise_XK_secp256k1_ChaChaPoly_SHA256"
FRAGMENT, CREDIT, PING, PONG = range(4)
FRAGMENT_BYTES = 16 * 1024
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


class Connection(LightningConnection):
    """Their handshake and their messages; only the prologue is ours: "mednexus", the version, the genesis hash."""

    def __init__(self, connection, genesis, secret, version=1, node_key=None):
        self.prologue = b"mednexus" + bytes([version]) + genesis
        self.socket = connection
        super().__init__(
            Socket(connection), node_key and PublicKey(node_key), PrivateKey(secret), is_initiator=node_key is not None)

    def init_handshake(self):
        digest = sha256(PROTOCOL_NAME).digest()
        self.chaining_key = digest
        digest = sha256(digest + self.prologue).digest()
        responder = self.remote_pubkey if self.is_initiator else self.local_pubkey
        digest = sha256(digest + responder.serializeCompressed()).digest()
        self.handshake = {"h": digest, "e": PrivateKey(coincurve.PrivateKey().secret)}

    def fragment(self, channel, message, total=None, first=True, last=True):
        """One frame of a message; `total` other than the message's length lies about it."""
        head = bytes([FRAGMENT, channel, first | last << 1])
        if first:
            head += struct.pack(">I", len(message) if total is None else total)
        self.send_message(head + message)

    def message(self, channel, message):
        """A whole message, in fragments of 16 KiB. One thread at a time."""
        for start in range(0, len(message), FRAGMENT_BYTES):
            end = start + FRAGMENT_BYTES
            self.fragment(channel, message[start:end], len(message), start == 0, end >= len(message))

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


class Peer(Connection):
    """Dials a node."""

    def __init__(self, port, node_key, genesis, secret, version=1, source="127.0.0.1", timeout=10):
        connection = socket.create_connection(("127.0.0.1", port), timeout, (source, 0))
        super().__init__(connection, genesis, secret, version, node_key)


class Listener:
    """Takes the calls of nodes, one at a time, and hands each whole message to `answer(connection, channel, message)`."""

    def __init__(self, genesis, answer):
        self.genesis, self.answer = genesis, answer
        self.key = coincurve.PrivateKey()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    @property
    def contact(self):
        return f"{self.key.public_key.format(compressed=True).hex()}@127.0.0.1:{self.socket.getsockname()[1]}"

    def _listen(self):
        while True:
            try:
                accepted, _ = self.socket.accept()
            except OSError:
                return
            with Connection(accepted, self.genesis, self.key.secret) as connection:
                # The caller goes when it likes.
                with contextlib.suppress(ConnectionError, OSError):
                    connection.shake()
                    self._serve(connection)

    def _serve(self, connection):
        parts = {}
        while True:
            frame = connection.read_message()
            if frame[0] == PING:
                connection.send_message(bytes([PONG]) + frame[1:])
            elif frame[0] == FRAGMENT:
                channel, flags = frame[1], frame[2]
                if flags & 1:
                    parts[channel] = b""
                parts[channel] += frame[7 if flags & 1 else 3:]
                if flags & 2:
                    self.answer(connection, channel, parts.pop(channel))

    def close(self):
        # Wakes who waits for a call.
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
