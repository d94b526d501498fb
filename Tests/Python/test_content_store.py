"""Encrypted content over HTTP: who may, what is checked, what an interruption costs (Specs/content-store.md)."""

import hashlib
import http.client
import json
import os
import socket
import subprocess
import threading
import time

import cbor2
import pytest

import content_client as content
import ledger
from content_client import CHUNK, Client
from network import BINARIES, Network, until

# 1 GiB by `make content`; enough here to see that nothing is held whole.
LARGE = int(os.environ.get("MEDNEXUS_LARGE_MEBIBYTES", "64")) << 20


def settings(*more):
    return [
        'content.backend=disk', 'content.uploaders=any', "content.maximum-mebibytes=8192", "content.party-mebibytes=4096",
        "storage.reserve-mebibytes=1", *more
    ]


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with Network(tmp_path_factory.mktemp("content") / "network", validators=1, settings=settings()) as network:
        yield network


@pytest.fixture(scope="module")
def node(network):
    return network.members[0]


def client_of(network, name, member=None):
    return Client((member or network.members[0]).rpc.port, network.network_id, network.key(name))


@pytest.fixture(scope="module")
def names(network):
    names = sorted(network.accounts)
    assert len(names) >= 2
    return names


@pytest.fixture
def alice(network, names):
    return client_of(network, names[0])


@pytest.fixture
def bob(network, names):
    return client_of(network, names[1])


def blob(size, seed=0):
    """Bytes that pass for ciphertext, and their root."""
    data = hashlib.shake_256(seed.to_bytes(8, "big") + size.to_bytes(8, "big")).digest(size)
    return data, content.root_of(content.leaf(chunk) for chunk in content.chunks(data))


def run(home, *arguments, status=0, extra=()):
    words = [word for setting in settings(*extra) for word in ("--set", setting)]
    done = subprocess.run(
        [BINARIES / "mednexusd", "content", *arguments, "--home", home, *words], capture_output=True, text=True,
        timeout=120)
    assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


# Up and down


@pytest.mark.parametrize("size", [17, CHUNK, 3 * CHUNK + 17, 40 * CHUNK + 1000])
def test_what_was_put_is_read_by_anyone_enrolled(alice, bob, size):
    data, root = blob(size, 1)
    assert bob.head(root).status == 404
    answer = alice.put(root, data)
    assert answer.status == 201, answer.body
    assert json.loads(answer.body) == {"root": root.hex(), "size": size, "reached": size}
    head = bob.head(root)
    assert (head.status, int(head.headers["Content-Length"]), head.reached) == (200, size, size)
    whole = bob.get(root)
    assert (whole.status, whole.body) == (200, data) and whole.headers["ETag"] == f'"{root.hex()}"'
    # It is here already: nothing is stored twice, for whoever sends it.
    assert bob.put(root, data).status == 200


def test_ranges_and_their_proofs(alice, bob):
    size = 40 * CHUNK + 999
    data, root = blob(size, 2)
    assert alice.put(root, data).status == 201
    for first, last in [(0, 0), (5, CHUNK), (CHUNK - 1, 3 * CHUNK), (size - 1, size - 1), (7 * CHUNK, size + 99)]:
        answer = bob.get(root, first, last)
        end = min(last, size - 1)
        assert answer.status == 206 and answer.body == data[first:end + 1]
        assert answer.headers["Content-Range"] == f"bytes {first}-{end}/{size}"
    assert bob.get(root, 9 * CHUNK).body == data[9 * CHUNK:]
    for first, count in [(0, 41), (0, 1), (40, 1), (13, 9), (31, 10), (32, 1)]:
        found = json.loads(bob.proof(root, first, count).body)
        siblings = [bytes.fromhex(text) for text in found["siblings"]]
        part = data[first * CHUNK:(first + count) * CHUNK]
        assert found["size"] == size
        assert content.proven(part, first, size, siblings, root)
        assert not content.proven(part[:-1] + bytes([part[-1] ^ 1]), first, size, siblings, root)
        assert not content.proven(part, first, size, siblings + [root], root)
    for first, last in [(size, size), (size + 5, None)]:
        answer = bob.get(root, first, last)
        assert (answer.status, answer.reason) == (416, "range")
        assert answer.headers["Content-Range"] == f"bytes */{size}"
    assert bob.proof(root, 40, 2).status == 416


def test_an_upload_goes_on_after_any_interruption(network, node, alice):
    size = 20 * CHUNK + 77
    data, root = blob(size, 3)
    # Parts, each a request of its own; a part that ends inside a chunk counts up to its beginning.
    answer = alice.put(root, data[:CHUNK + 5], 0, size)
    assert (answer.status, answer.reached) == (202, CHUNK)
    head = alice.head(root)
    assert (head.status, head.reached, int(head.headers["Upload-Length"])) == (204, CHUNK, size)
    answer = alice.put(root, data[CHUNK + 5:2 * CHUNK], CHUNK + 5, size)
    assert (answer.status, answer.reason, answer.reached, answer.error["reached"]) == (409, "offset", CHUNK, CHUNK)
    answer = alice.put(root, data[CHUNK:2 * CHUNK], CHUNK, size + 1)
    assert (answer.status, answer.reason) == (409, "other_size")
    # The connection breaks in the middle of a body.
    with socket.create_connection(("127.0.0.1", alice.port)) as connection:
        authorization = alice.authorization("PUT", root, CHUNK, size - CHUNK)
        connection.sendall(
            f"PUT /content/{root.hex()} HTTP/1.1\r\nHost: node\r\nAuthorization: {authorization}\r\n"
            f"Content-Range: bytes {CHUNK}-{size - 1}/{size}\r\nContent-Length: {size - CHUNK}\r\n\r\n".encode())
        connection.sendall(data[CHUNK:18 * CHUNK])
        reached = until(
            lambda: value if (value := alice.head(root).reached) > CHUNK else None, 10, "whole chunks are kept")
        assert reached % CHUNK == 0
        answer = alice.put(root, data[reached:reached + CHUNK], reached, size)
        assert (answer.status, answer.reason, answer.headers["Retry-After"]) == (409, "busy", "1")
    # Nor does a killed node lose what it said was there.
    reached = until(
        lambda: answer.reached if (answer := alice.put(root, data[reached:reached + CHUNK], reached, size)).status == 202
        or answer.reason == "offset" else None, 10, "the first writer is gone")
    node.kill()
    node.start()
    alice = Client(node.rpc.port, network.network_id, alice.key)
    assert alice.head(root).reached == reached
    answer = alice.put(root, data[reached:], reached, size)
    assert (answer.status, answer.reached) == (201, size)
    assert alice.get(root).body == data


def test_bytes_of_another_root_are_refused(alice):
    data, _ = blob(3 * CHUNK, 4)
    _, root = blob(3 * CHUNK, 5)
    answer = alice.put(root, data)
    assert (answer.status, answer.reason) == (422, "wrong_root")
    assert answer.error["found"] == content.root_of(content.leaf(chunk) for chunk in content.chunks(data)).hex()
    assert alice.head(root).status == 404


# Who may


def test_a_request_is_what_was_signed(network, alice, bob, names):
    data, root = blob(2 * CHUNK, 6)
    _, other = blob(2 * CHUNK, 7)
    assert alice.put(root, data).status == 201
    path = f"/content/{root.hex()}"

    def get(authorization, **headers):
        answer = alice.request("GET", path, {"Authorization": authorization, **headers} if authorization else headers)
        return answer.status, answer.reason if answer.status >= 400 else None

    assert get(alice.authorization("GET", root)) == (200, None)
    assert get(None) == (401, "unauthorized")
    wrong = [
        alice.authorization("GET", other), alice.authorization("HEAD", root), alice.authorization("PROOF", root),
        alice.authorization("GET", root, 1), alice.authorization("GET", root, 0, 5),
        alice.authorization("GET", root, network=b"\x01" * 32),
    ]
    for authorization in wrong:
        assert get(authorization) == (401, "signature_invalid")
    # Of a range, the range.
    assert get(alice.authorization("GET", root, 0, 5), Range="bytes=0-4") == (206, None)
    assert get(alice.authorization("GET", root, 0, 5), Range="bytes=0-5") == (401, "signature_invalid")
    # Of the account that is named.
    mine, yours = alice.authorization("GET", root), bob.authorization("GET", root)
    mixed = mine.split("signature=")[0] + "signature=" + yours.split("signature=")[1]
    assert get(mixed) == (401, "signature_invalid")
    for broken in [mine[:-2], mine + ", more=1", mine.replace("nonce=", "nonse="), "Basic abc", mine.replace("tmnx", "mnx", 1),
                   mine + "0" * 600]:
        assert get(broken) == (401, "unauthorized")
    now = int(time.time() * 1000)
    for distance in [-125_000, 125_000]:
        assert get(alice.authorization("GET", root, at=now + distance)) == (401, "clock")
    for distance in [-110_000, 110_000]:
        assert get(alice.authorization("GET", root, at=now + distance)) == (200, None)
    stranger = Client(alice.port, network.network_id, ledger.Key(b"\x07" * 32))
    answer = stranger.get(root)
    assert (answer.status, answer.reason) == (403, "unknown_account")


def test_an_upload_counts_once(alice):
    data, root = blob(4 * CHUNK, 8)
    how = {"nonce": os.urandom(16), "at": int(time.time() * 1000)}
    assert alice.put(root, data[:CHUNK], 0, len(data), **how).status == 202
    answer = alice.put(root, data[:CHUNK], 0, len(data), **how)
    assert (answer.status, answer.reason) == (401, "replayed")
    # Signed for these bytes only.
    moved = alice.authorization("PUT", root, CHUNK, CHUNK)
    answer = alice.request(
        "PUT", f"/content/{root.hex()}",
        {"Authorization": moved, "Content-Range": f"bytes {CHUNK}-{3 * CHUNK - 1}/{len(data)}"}, data[CHUNK:3 * CHUNK])
    assert (answer.status, answer.reason) == (401, "signature_invalid")
    assert alice.head(root).reached == CHUNK


def test_what_is_malformed_is_refused_by_name(alice):
    data, root = blob(CHUNK, 9)
    path = f"/content/{root.hex()}"

    def ask(method, path, body=None, **headers):
        answer = alice.request(method, path, {name.replace("_", "-"): value for name, value in headers.items()}, body)
        return answer.status, answer.error["field"] if answer.body[:1] == b"{" else None

    assert ask("GET", "/content/abc") == (400, "root")
    assert ask("GET", f"/content/{root.hex().upper()}") == (400, "root")
    assert ask("GET", path + "/other") == (400, "path")
    assert ask("GET", path + "/proof") == (400, "from")
    assert ask("GET", path + "/proof?from=0&count=0") == (400, "from")
    assert ask("GET", path + "/proof?from=-1&count=1") == (400, "from")
    assert ask("DELETE", path)[0] == 405
    for value in ["bytes=5-4", "bytes=-5", "bytes=0-1,3-4", "bytes=a-b", "chunks=0-1", "bytes=0-18446744073709551615"]:
        assert ask("GET", path, Range=value) == (400, "Range")
    for value in ["bytes 0-9/5", "bytes 0-5/10", "bytes 5-2/10", "bytes */x", "bytes */10", "0-1/2"]:
        assert ask("PUT", path, b"0123456789", Content_Range=value) == (400, "Content-Range")
    for size in [1, 16, CHUNK + 1, CHUNK + 16]:
        answer = alice.put(root, b"x" * 5, 0, size) if size > 5 else alice.put(root, b"x")
        assert (answer.status, answer.reason) == (413, "size")
    answer = alice.put(root, b"x" * 17, 0, 1 << 60)
    assert (answer.status, answer.reason) == (413, "size")
    # Without a length.
    with socket.create_connection(("127.0.0.1", alice.port)) as connection:
        connection.sendall(
            f"PUT {path} HTTP/1.1\r\nHost: node\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n".encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 411")


def test_a_refusal_comes_before_the_body_for_who_waits(network, alice):
    data, root = blob(8 * CHUNK, 10)
    stranger = Client(alice.port, network.network_id, ledger.Key(b"\x08" * 32))
    for who, first in [(stranger, b"HTTP/1.1 403"), (alice, b"HTTP/1.1 100")]:
        with socket.create_connection(("127.0.0.1", alice.port)) as connection:
            connection.settimeout(10)
            authorization = who.authorization("PUT", root, 0, len(data))
            connection.sendall(
                f"PUT /content/{root.hex()} HTTP/1.1\r\nHost: node\r\nAuthorization: {authorization}\r\n"
                f"Expect: 100-continue\r\nContent-Length: {len(data)}\r\n\r\n".encode())
            assert connection.recv(4096).startswith(first)
            if who is alice:
                connection.sendall(data)
                assert b"201 Created" in connection.recv(4096)


def test_uploaders_and_quotas(tmp_path):
    """An institution is listed: its members' and sponsored accounts upload, and share its quota; others read."""
    with Network(tmp_path / "quotas", validators=1, settings=settings(), start=False) as network:
        member = network.members[0]
        member.start()
        sponsor = member.rpc.value("account_get", address=network.accounts["author"]["address"])["sponsor"]
        member.stop()
        member.start([f"content.uploaders={sponsor}", "content.party-mebibytes=1", "content.maximum-mebibytes=2"])
        author, coauthor, hospital, developer = (
            client_of(network, name) for name in ("author", "coauthor", "hospital", "developer"))
        big, root = blob(17 * CHUNK, 11)
        answer = author.put(root, big)
        assert (answer.status, answer.reason) == (507, "party_quota")
        assert (answer.error["used"], answer.error["allowed"]) == (0, 1 << 20)
        small, stored = blob(9 * CHUNK, 12)
        assert author.put(stored, small).status == 201
        second, root = blob(9 * CHUNK, 13)
        for kin in (coauthor, hospital, author):
            answer = kin.put(root, second)
            assert (answer.status, answer.reason, answer.error["used"]) == (507, "party_quota", 9 * CHUNK)
        answer = developer.put(root, second)
        assert (answer.status, answer.reason) == (403, "not_an_uploader")
        assert developer.get(stored).body == small
        # Small ones count as a file's worth, and unfinished ones with all their bytes.
        assert [coauthor.put(*reversed(blob(17, 100 + index))).status for index in range(6)] == [201] * 6
        answer = coauthor.put(*reversed(blob(17, 200)))
        assert (answer.status, answer.error["used"]) == (507, 9 * CHUNK + 6 * 65_536)
        assert member.metric("mednexus_content_bytes") == 9 * CHUNK + 6 * 65_536
        assert member.metric("mednexus_content_blobs") == 7
        assert member.metric("mednexus_content_refused_total") >= 6


def test_content_info(node, network, names):
    alice = client_of(network, names[0], node)
    data, root = blob(5 * CHUNK, 14)
    found = node.rpc.value("content_info", root=root.hex())
    assert found["here"] == "absent" and found["namedBy"] == [] and "size" not in found
    alice.put(root, data[:2 * CHUNK], 0, len(data))
    found = node.rpc.value("content_info", root=root.hex())
    assert (found["here"], found["reached"], found["size"]) == ("partial", 2 * CHUNK, len(data))
    alice.put(root, data[2 * CHUNK:], 2 * CHUNK, len(data))
    found = node.rpc.value("content_info", root=root.hex())
    assert (found["here"], found["reached"], found["path"]) == ("whole", len(data), f"/content/{root.hex()}")
    with pytest.raises(ledger.RPCError):
        node.rpc.value("content_info")


# The wallet


def wallet(network, member, *arguments, status=0):
    done = subprocess.run(
        [BINARIES / "mednexus", *arguments, "--node", f"http://127.0.0.1:{member.rpc.port}"], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=600, env=network.environment)
    assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def test_the_wallet_puts_and_gets(network, node, names, tmp_path):
    data, root = blob(300 * CHUNK + 5_000, 15)
    source, target = tmp_path / "source.enc", tmp_path / "target.enc"
    source.write_bytes(data)
    said = json.loads(wallet(network, node, "content", "put", str(source), "--from", names[0], "--json"))
    assert said == {"root": root.hex(), "size": len(data)}
    # A download that stopped: whole windows of it are taken up, the rest is fetched.
    (tmp_path / "target.enc.part").write_bytes(data[:130 * CHUNK])
    wallet(network, node, "content", "get", "--root", root.hex(), str(target), "--from", names[1])
    assert target.read_bytes() == data and not (tmp_path / "target.enc.part").exists()
    # One that is not of this content is found out, and nothing appears.
    other = tmp_path / "other.enc"
    (tmp_path / "other.enc.part").write_bytes(b"\0" * 130 * CHUNK)
    wallet(network, node, "content", "get", "--root", root.hex(), str(other), "--from", names[1], status=6)
    assert not other.exists()
    wallet(network, node, "content", "get", "--root", root.hex(), str(other), "--from", names[1])
    assert other.read_bytes() == data
    # An upload that another client began is gone on with.
    data, root = blob(40 * CHUNK, 16)
    assert client_of(network, names[0], node).put(root, data[:7 * CHUNK], 0, len(data)).status == 202
    source.write_bytes(data)
    wallet(network, node, "content", "put", str(source), "--from", names[0])
    assert client_of(network, names[1], node).get(root).body == data
    source.write_bytes(b"")
    assert "no encrypted content" in wallet(network, node, "content", "put", str(source), "--from", names[0], status=2)


def test_the_wallet_outlives_the_node(network, node, names, tmp_path):
    """The node is killed while the wallet uploads, and started again; the wallet goes on by itself."""
    data, root = blob(48 << 20, 17)
    source = tmp_path / "source.enc"
    source.write_bytes(data)
    port = node.rpc.port
    process = subprocess.Popen(
        [BINARIES / "mednexus", "content", "put", str(source), "--from", names[0], "--node", f"http://127.0.0.1:{port}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=network.environment)
    folder = node.home / "content" / "uploads"
    until(lambda: process.poll() is not None or any(
        path.stat().st_size > 1 << 20 for path in folder.glob(f"{root.hex()}*/data")), 30, "the upload runs")
    node.kill()
    node.start([f"rpc.listen=127.0.0.1:{port}"])
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert client_of(network, names[1], node).get(root).body == data


# The operator


def test_the_operator_sees_and_verifies(network, node, names, tmp_path):
    alice = client_of(network, names[0], node)
    data, root = blob(6 * CHUNK, 18)
    assert alice.put(root, data).status == 201
    long, long_root = blob(40 * CHUNK, 19)
    assert alice.put(long_root, long).status == 201
    assert alice.get(root, 5, 9).body == data[5:10]
    assert root.hex() in run(node.home, "list")
    assert "are whole" in run(node.home, "verify")
    address = network.accounts[names[0]]["address"]
    until(lambda: f" get {address} {root.hex()} 5 5 " in run(node.home, "log", "show", "--root", root.hex()), 5, "logged")
    lines = run(node.home, "log", "show", "--root", root.hex())
    assert f" put {address} {root.hex()} 0 {len(data)} " in lines
    end = run(node.home, "log", "verify").strip().split(" ")[-1]
    run(node.home, "log", "verify", "--known", end)
    index, known = end.split(":")
    assert "is not there" in run(node.home, "log", "verify", "--known", f"{index}:{'0' * 64}", status=4)
    # The chain as the page says it.
    log = b"".join(path.read_bytes() for path in sorted((node.home / "content" / "access").glob("access-*.log")))
    last = None
    for line in log.decode().splitlines():
        if line.startswith("# "):
            last = bytes.fromhex(line.split(" ")[2])
            continue
        text, _, digest = line.rpartition(" ")
        last = ledger.tagged_hash("mednexus/content-access", last + text.encode())
        assert last.hex() == digest
    # A changed byte on the disk is an error, for readers and for the operator; never other bytes.
    path = node.home / "content" / "blobs" / root.hex()[:2] / root.hex() / "data"
    stored = bytearray(path.read_bytes())
    stored[3 * CHUNK + 8] ^= 4
    path.write_bytes(stored)
    other = node.home / "content" / "blobs" / long_root.hex()[:2] / long_root.hex() / "data"
    other.write_bytes(long[:-5] + bytes(5))
    assert alice.get(root, 0, CHUNK - 1).body == data[:CHUNK]
    answer = alice.get(root, 3 * CHUNK, 3 * CHUNK + 20)
    assert (answer.status, answer.reason) == (500, "damaged")
    # Within a download the connection ends where the damage begins.
    with pytest.raises(http.client.IncompleteRead):
        alice.get(long_root)
    assert "chunk 3" in run(node.home, "verify", "--root", root.hex(), status=4)
    assert alice.get(root).status == 500
    # A line that is changed is found; a node does not go on behind it.
    node.stop()
    run(node.home, "log", "verify")
    path = sorted((node.home / "content" / "access").glob("access-*.log"))[-1]
    text = path.read_text()
    path.write_text(text.replace(f" put {address}", " put " + network.accounts[names[1]]["address"], 1))
    assert "does not follow" in run(node.home, "log", "verify", status=4)
    node.launch()
    assert node.process.wait(30) == 4, node.tail()
    path.write_text(text)
    assert "removed" in run(node.home, "collect")
    node.start()


def test_what_was_erased_is_refused_with_its_receipt(network, node, names, tmp_path):
    """As an erasure leaves it that a stop interrupted: the tombstone is there, the blob not gone yet."""
    data, root = blob(5 * CHUNK, 20)
    begun, unfinished = blob(5 * CHUNK, 21)
    alice = client_of(network, names[0], node)
    assert alice.put(root, data).status == 201
    assert alice.put(unfinished, begun[:CHUNK], 0, len(begun)).status == 202
    node.stop()
    receipt = os.urandom(32)
    for gone in (root, unfinished):
        folder = node.home / "content" / "erased" / gone.hex()[:2]
        folder.mkdir(exist_ok=True)
        (folder / gone.hex()).write_bytes(cbor2.dumps([gone, receipt, int(time.time() * 1000)]))
    node.start()
    assert not (node.home / "content" / "blobs" / root.hex()[:2] / root.hex()).exists()
    assert not list((node.home / "content" / "uploads").glob(f"{unfinished.hex()}*"))
    alice, bob = client_of(network, names[0], node), client_of(network, names[1], node)
    for gone, bytes_ in ((root, data), (unfinished, begun)):
        for answer in (bob.get(gone), bob.get(gone, 5, 9), bob.proof(gone, 0, 1), alice.put(gone, bytes_)):
            assert (answer.status, answer.reason, answer.error["receipt"]) == (410, "erased", receipt.hex())
        assert bob.head(gone).status == 410
        found = node.rpc.value("content_info", root=gone.hex())
        assert (found["here"], found["receipt"]) == ("erased", receipt.hex())
    assert receipt.hex() in run(node.home, "list")
    (tmp_path / "erased.enc").write_bytes(data)
    said = wallet(network, node, "content", "put", str(tmp_path / "erased.enc"), "--from", names[0], status=1)
    assert "erased" in said


# How much memory


def test_memory_stays_bounded(network, node, names):
    """What passes through a node is never held whole, in either direction."""
    alice = client_of(network, names[0], node)
    piece = hashlib.shake_256(b"piece").digest(16 * CHUNK)
    count = LARGE // len(piece)
    size = count * len(piece)
    leaves = [content.leaf(chunk) for chunk in content.chunks(piece)] * count
    root = content.root_of(leaves)
    alice.put(content.root_of(leaves[:16]), piece)
    before, peak = node.memory(), []
    stop = threading.Event()

    def watch():
        while not stop.is_set():
            peak.append(node.memory())
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        started = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", node.rpc.port, timeout=120)
        connection.putrequest("PUT", f"/content/{root.hex()}")
        connection.putheader("Authorization", alice.authorization("PUT", root, 0, size))
        connection.putheader("Content-Length", str(size))
        connection.endheaders()
        for _ in range(count):
            connection.send(piece)
        response = connection.getresponse()
        assert response.status == 201, response.read()
        response.read()
        up = time.monotonic() - started
        started = time.monotonic()
        connection.request("GET", f"/content/{root.hex()}", headers={"Authorization": alice.authorization("GET", root)})
        response = connection.getresponse()
        assert response.status == 200
        digest, expected, received = hashlib.sha256(), hashlib.sha256(), 0
        while data := response.read(len(piece)):
            received += len(data)
            digest.update(data)
            time.sleep(0.001)
        for _ in range(count):
            expected.update(piece)
        assert received == size and digest.digest() == expected.digest()
        down = time.monotonic() - started
        connection.close()
    finally:
        stop.set()
        watcher.join()
    grown = max(peak) - before
    print(f"{size >> 20} MiB: up {up:.1f} s, down {down:.1f} s, memory +{grown >> 20} MiB")
    assert grown < 48 << 20, f"{grown >> 20} MiB"
