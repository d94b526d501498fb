"""What a node and a wallet refuse, each with its exit code and a sentence that says what to do."""

import json
import os
import re
import shutil
import socket
import subprocess
import urllib.error
import urllib.request

import pytest

import ledger
from conftest import BINARIES, ROOT, Devnet

FREE = ["--set", "rpc.listen=127.0.0.1:0", "--set", "operator.listen=127.0.0.1:0"]


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """The folder of a local network that was started and stopped once."""
    network = Devnet(tmp_path_factory.mktemp("refusals") / "network")
    network.wallet("account", "show", "author")
    network.stop()
    return network


@pytest.fixture
def home(stopped, tmp_path):
    """A copy of its node's home, to be damaged."""
    copy = tmp_path / "node"
    shutil.copytree(stopped.home / "node-a", copy)
    return copy


def start(home, *settings):
    return subprocess.run(
        [BINARIES / "mednexusd", "start", "--home", home, *FREE, *settings], capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=60)


def refused(done, code, *words):
    assert done.returncode == code, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


def test_a_port_in_use_is_named(home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(start(home, "--set", f"rpc.listen=127.0.0.1:{port}"), 7, str(port), "in use")


def test_an_unknown_setting_is_refused_with_file_and_line(home):
    (home / "config.toml").write_text("[rpc]\nlissten = \"127.0.0.1:1\"\n")
    refused(start(home), 3, "config.toml:2", "rpc.lissten")


def test_a_home_of_another_network_is_refused(home):
    genesis = json.loads((home / "genesis.json").read_text())
    genesis["name"] = "another"
    (home / "genesis.json").write_text(json.dumps(genesis))
    done = start(home)
    assert done.returncode in (3, 5), done.stderr
    assert "network" in done.stderr


def test_a_newer_schema_is_refused(home):
    description = home / "ledger" / "home"
    text, count = re.subn(r"schema \d+\n", "schema 99\n", description.read_text())
    assert count == 1
    description.write_text(text)
    refused(start(home), 9, "newer")


def test_a_schema_that_no_build_brings_forward_is_refused(home):
    description = home / "ledger" / "home"
    description.write_text(re.sub(r"schema \d+\n", "schema 1\n", description.read_text()))
    refused(start(home), 3, "sync")


def test_a_key_without_its_guard_does_not_sign(home):
    shutil.rmtree(home / "guard")
    refused(start(home), 5, "guard")


def test_a_key_that_others_can_read_is_refused(home):
    os.chmod(home / "validator.key", 0o644)
    refused(start(home), 3, "chmod 600")


def test_a_disk_below_its_reserve_stops_the_node_cleanly(home):
    refused(start(home, "--set", "storage.reserve-mebibytes=1048576"), 6, "Free space")
    verified = subprocess.run([BINARIES / "mednexusd", "verify", "--home", home], capture_output=True, text=True)
    assert verified.returncode == 0, verified.stderr


def test_a_damaged_store_is_never_answered_from(home):
    store = home / "ledger" / "log" / "data.mdb"
    data = bytearray(store.read_bytes())
    genesis = bytes.fromhex(subprocess.run(
        [BINARIES / "mednexusd", "verify", "--home", home], capture_output=True, text=True, check=True
    ).stdout.split("state root ")[1].strip())
    position = data.rindex(genesis)
    data[position + 3] ^= 1
    store.write_bytes(data)
    done = subprocess.run([BINARIES / "mednexusd", "verify", "--home", home], capture_output=True, text=True)
    assert done.returncode == 4, done.stdout + done.stderr


def test_a_home_in_use_is_refused(devnet):
    refused(start(devnet.home / "node-a"), 8, "in use")


def test_a_wrong_passphrase_and_a_damaged_keystore_are_told_apart(stopped, tmp_path):
    wallet = tmp_path / "wallet"
    shutil.copytree(stopped.home / "wallet", wallet)

    def export(passphrase):
        return subprocess.run(
            [BINARIES / "mednexus", "key", "export", "--json", "--yes"], capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=60,
            env=dict(os.environ, MEDNEXUS_WALLET_HOME=str(wallet), MEDNEXUS_PASSPHRASE=passphrase))

    assert export("devnet").returncode == 0
    wrong = export("not the passphrase")
    assert wrong.returncode == 5 and "passphrase" in wrong.stderr
    keystore = wallet / "keystore.json"
    content = json.loads(keystore.read_text())
    flipped = ("0" if content["ciphertext"][0] != "0" else "1") + content["ciphertext"][1:]
    keystore.write_text(json.dumps(dict(content, ciphertext=flipped)))
    damaged = export("devnet")
    assert damaged.returncode == 5 and "damaged" in damaged.stderr, damaged.stderr
    assert damaged.stderr != wrong.stderr


def test_without_terminal_and_without_yes_nothing_is_signed(devnet):
    done = devnet.wallet("revenue", "transfer", "1.00", "--to", "author", "--asset", "EURX", "--from", "clinic", check=False)
    assert done.returncode == 2 and "--yes" in done.stderr


@pytest.mark.parametrize(
    "payload, code",
    [
        (b"{", -32700),
        (b"[]", -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":1}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"no_such"}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"account_get","params":{"address":7}}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"account_get","params":{"adress":"x"}}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"inft_list","params":{"limit":101}}', -32602),
    ],
)
def test_json_of_the_wrong_shape_is_refused(devnet, payload, code):
    answer = devnet.node.raw(payload)
    assert answer["error"]["code"] == code, answer


def test_a_batch_too_large_and_a_body_too_large_are_refused(devnet):
    call = {"jsonrpc": "2.0", "id": 1, "method": "chain_head"}
    assert len(devnet.node.raw([call] * 100)) == 100
    assert devnet.node.raw([call] * 101)["error"]["code"] == -32600
    host, port = devnet.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        # Told by its announced length alone: the body need not be sent.
        connection.sendall(b"POST / HTTP/1.1\r\nHost: node\r\nContent-Length: 2000000\r\n\r\n")
        assert connection.recv(64).startswith(b"HTTP/1.1 413")


def test_the_url_alone_never_stops_the_node(devnet):
    for query in ["?=", "?==", "?a=1&=", "?&&", "?%", "?cursor=", "?domain=x&domain"]:
        try:
            urllib.request.urlopen(devnet.url + "/events" + query, timeout=1).close()
        except (urllib.error.URLError, TimeoutError):
            pass
    assert devnet.node.call("chain_head")["height"] >= 0


def test_an_address_gets_its_share_of_connections_back_when_it_closes_them(devnet):
    host, port = devnet.url.removeprefix("http://").split(":")
    # Twice the share, one after the other, cut off without a goodbye.
    for _ in range(600):
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    assert devnet.node.call("chain_head")["height"] >= 0
