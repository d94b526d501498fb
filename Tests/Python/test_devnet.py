"""A local network of several real processes: what it writes, reports, starts again and leaves behind."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import cbor2
import pytest

import ledger
from conftest import BINARIES, ROOT, Devnet


def run(*arguments, **options):
    return subprocess.run(
        [BINARIES / "mednexusd", *arguments], capture_output=True, timeout=90, stdin=subprocess.DEVNULL, **options)


def text(*arguments):
    done = run(*arguments, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not within the time"
        time.sleep(0.05)


def is_running(pid):
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False


@pytest.fixture(scope="module")
def four(tmp_path_factory):
    network = Devnet(tmp_path_factory.mktemp("four") / "network", "--validators", "4")
    yield network
    network.stop()


def nodes(network):
    return {node["name"]: node for node in json.loads((network.home / "network.json").read_text())["nodes"]}


def block_time(network, name):
    return ledger.Node(nodes(network)[name]["rpc"]).call("chain_head")["value"]["time"]


def test_a_program_alone_makes_the_standard_network(tmp_path):
    program = tmp_path / "bin" / "mednexusd"
    program.parent.mkdir()
    shutil.copy2(BINARIES / "mednexusd", program)

    def prepare(home, *more):
        return subprocess.run(
            [program, "devnet", "--prepare", "--home", home, *more], cwd=tmp_path, capture_output=True, text=True, timeout=60,
            stdin=subprocess.DEVNULL)

    home = tmp_path / "network"
    done = prepare(home, "--template", tmp_path / "none.json")
    assert done.returncode == 3 and "can't read the genesis template" in done.stderr, done.stderr
    assert not home.exists()
    done = prepare(home)
    assert done.returncode == 0, done.stderr
    # As by the file that explains it, but for keys and time.
    named = prepare(tmp_path / "named", "--template", ROOT / "genesis" / "devnet.json")
    assert named.returncode == 0, named.stderr

    def made(folder):
        genesis = json.loads((folder / "genesis.json").read_text())
        return re.sub("tmnx[a-z]*1[a-z0-9]+|[0-9a-f]{66}", "KEY", json.dumps(genesis | {"time": 0}))

    assert made(home) == made(tmp_path / "named")


def test_settings_for_one_run_are_offered_where_a_node_runs(tmp_path):
    for command in (("join",), ("init",), ("keys", "new"), ("keys", "request"), ("backup",), ("compact",), ("reindex",)):
        assert "--set" not in text(*command, "--help"), command
    for command in (("start",), ("config", "show"), ("doctor",), ("devnet", "run")):
        assert "--set" in text(*command, "--help"), command
    # Who types it all the same is told what to do, and nothing is made.
    done = run("keys", "new", "--home", tmp_path / "home", "--set", "rpc.listen=127.0.0.1:1", text=True)
    assert done.returncode == 2 and "Write settings into HOME/config.toml" in done.stderr, done.stderr
    assert not (tmp_path / "home").exists()


def test_every_node_is_described_and_answers(four):
    found = nodes(four)
    assert list(found) == ["node-a", "node-b", "node-c", "node-d"]
    for node in found.values():
        assert is_running(node["pid"])
        assert ledger.Node(node["rpc"]).call("node_status")["value"]["network"] == four.network["network"]
        key, address = node["p2p"].split("@")
        assert len(key) == 66 and address.startswith("127.0.0.1:")
    for place in ("rpc", "operator", "p2p", "pid", "home"):
        assert len({node[place] for node in found.values()}) == 4
    validators = ledger.Node(found["node-a"]["rpc"]).call("node_validators")["value"]
    assert [v["name"] for v in validators] == list(found)
    assert [v["transportKey"] for v in validators] == [n["p2p"].split("@")[0] for n in found.values()]
    assert len({v["party"] for v in validators}) == 4


def test_institutions_can_act_with_the_wallet(four):
    for number in (2, 3, 4):
        assert f"hospital-{number}" in four.accounts
    shown = four.wallet("org", "show", "hospital-3-org", "--json")
    assert "Devnet University Hospital 3" in shown


def test_settings_name_all_others(four):
    found = nodes(four)
    for name, node in found.items():
        shown = text("config", "show", "--home", node["home"])
        line = next(line for line in shown.splitlines() if line.startswith("p2p.peers"))
        for other, description in found.items():
            assert (description["p2p"] in line) == (other != name)


def test_a_dead_node_is_reported_and_started_again_only_on_request(four):
    before = nodes(four)["node-b"]
    os.kill(before["pid"], signal.SIGKILL)
    wait_for(lambda: nodes(four)["node-b"]["pid"] is None)
    # The file says so first, the terminal right after.
    wait_for(lambda: "node-b was ended by signal 9" in four.home.with_suffix(".log").read_text())
    assert four.process.poll() is None
    # Half a minute passes without blocks that nobody needs; but one is due at once when clocks are put ahead, and is waited for.
    started, then = time.monotonic(), block_time(four, "node-a")
    assert "block time" in text("devnet", "advance", "1h", "--home", four.home)
    assert all(block_time(four, name) >= then + 3_600_000 for name in ("node-a", "node-c", "node-d"))
    assert time.monotonic() - started < 20
    # A transaction is valid for ten minutes, and has not expired when it comes.
    four.wallet("key", "new", "visitor")
    four.wallet(
        "account", "sponsor", "visitor", "--kind", "researcher", "--from", "hospital", "--acting-for", "hospital-org", "--yes")
    assert "node-b runs" in text("devnet", "start", "node-b", "--home", four.home)
    after = nodes(four)["node-b"]
    assert after["pid"] != before["pid"] and is_running(after["pid"])
    assert after["rpc"] == before["rpc"] and after["p2p"] == before["p2p"]
    again = run("devnet", "start", "node-b", "--home", four.home, text=True)
    assert again.returncode == 1 and "runs already" in again.stderr
    unknown = run("devnet", "start", "node-z", "--home", four.home, text=True)
    assert unknown.returncode == 2 and "node-d" in unknown.stderr


def test_status_and_peers_are_tables(four):
    lines = text("status", "--home", nodes(four)["node-c"]["home"]).splitlines()
    header = next(i for i, line in enumerate(lines) if line.startswith("VALIDATOR"))
    assert [line.split()[0] for line in lines[header + 1:]] == ["node-a", "node-b", "node-c", "node-d"]
    assert any(line.startswith("consensus") and "3 of 4 decide" in line for line in lines)
    assert text("peers", "--home", nodes(four)["node-c"]["home"])
    answer = json.loads(text("status", "--json", "--home", nodes(four)["node-c"]["home"]))
    assert answer["status"]["quorum"] == 3 and len(answer["validators"]) == 4


def test_a_second_devnet_on_the_folder_is_refused(four):
    done = run("devnet", "--home", four.home, text=True)
    assert done.returncode == 8 and "runs" in done.stderr


def test_a_home_is_resumed_with_its_ports_and_children_end_with_it(tmp_path):
    network = Devnet(tmp_path / "network", "--validators", "2")
    before = nodes(network)
    network.stop()
    assert network.process.returncode == 0, network.home.with_suffix(".log").read_text()
    assert not any(is_running(node["pid"]) for node in before.values())
    other = run("devnet", "--home", network.home, "--validators", "3", text=True)
    assert other.returncode == 2 and "2 validators" in other.stderr
    network = Devnet(tmp_path / "network")
    after = nodes(network)
    assert {name: (n["rpc"], n["p2p"]) for name, n in before.items()} == {
        name: (n["rpc"], n["p2p"]) for name, n in after.items()}
    # Killed, not asked: its children notice by themselves.
    network.process.kill()
    network.process.wait()
    wait_for(lambda: not any(is_running(node["pid"]) for node in after.values()))


def unreachable(tmp_path, network, home):
    """A copy of a home whose only peer is a port that nobody listens on."""
    copy = tmp_path / "unreachable"
    shutil.copytree(home, copy)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    key = nodes(network)["node-a"]["p2p"].split("@")[0]
    (copy / "config.toml").write_text(f'[p2p]\npeers = ["{key}@127.0.0.1:{port}"]\n')
    return copy


def test_joining_makes_a_home_with_keys_and_peers(four, tmp_path):
    genesis, home = four.home / "genesis.json", tmp_path / "joined"
    peer = nodes(four)["node-a"]["p2p"]
    arguments = ["--home", home, "--genesis", genesis, "--peer", peer]
    wrong = run("join", *arguments, "--genesis-hash", "00" * 32, text=True)
    assert wrong.returncode == 3 and four.network["network"] in wrong.stderr and not home.exists()
    said = text("join", *arguments, "--genesis-hash", four.network["network"], "--outbound-only")
    assert "keys request" in said
    settings = text("config", "show", "--home", home)
    assert peer in settings and 'p2p.listen = ""' in settings
    for name in ("validator.key", "transport.key"):
        assert (home / name).stat().st_mode & 0o777 == 0o600
    assert "can't be reached" in run("doctor", "--home", unreachable(tmp_path, four, home), text=True).stdout


def test_a_request_proves_both_keys(four, tmp_path):
    home = nodes(four)["node-d"]["home"]
    institution = ledger.Node(four.url).call("node_validators")["value"][3]["party"]
    done = run("keys", "request", "--home", home, "--name", "node-d", "--institution", institution)
    assert done.returncode == 0, done.stderr
    network, name, party, key, transport, proof = cbor2.loads(done.stdout)
    assert network.hex() == four.network["network"] and name == "node-d"
    assert transport.hex() == nodes(four)["node-d"]["p2p"].split("@")[0]
    assert len(key) == 32 and len(proof) == 2
    refused = run("keys", "request", "--home", home, "--name", "node-d", "--institution", "tmnxorg1x", text=True)
    assert refused.returncode == 2 and "organization" in refused.stderr


def test_founders_make_keys_before_the_genesis(tmp_path):
    shown = []
    for name in ("one", "two"):
        text("keys", "new", "--home", tmp_path / name)
        keys = dict(line.split() for line in text("keys", "show", "--home", tmp_path / name).splitlines())
        shown.append(keys)
    accounts = []
    for number, account in enumerate(
        ["accreditor", "issuer", "hospital", "hospital-2", "clinic", "author", "coauthor", "developer", "patient", "patient-2", "patient-3", "newcomer"]):
        address = ledger.bech32m("tmnx", ledger.Key((number + 1).to_bytes(32, "big")).address)
        accounts += ["--account", f"{account}={address}"]
    genesis = tmp_path / "genesis.json"
    text(
        "genesis", "new", "--template", ROOT / "genesis" / "devnet.json", "--name", "ward", "--out", genesis, *accounts,
        *[argument for keys in shown for argument in ("--validator", f"{keys['validator']}+{keys['transport']}")])
    for name, keys in zip(("one", "two"), shown):
        said = text("init", "--home", tmp_path / name, "--genesis", genesis)
        assert keys["transport"] in said
        # The same keys, now with the guard that lets them sign.
        assert (tmp_path / name / "guard").exists()


def test_a_lost_guard_is_made_anew_only_on_purpose_and_then_watches(tmp_path):
    folder = tmp_path / "network"
    assert "prepared" in text("devnet", "--prepare", "--validators", "2", "--home", folder)
    assert not (folder / "network.json").exists()
    home = folder / "node-b"
    kept = run("keys", "recover-guard", "--no-other-copy", "--home", home, text=True)
    assert kept.returncode == 5 and "has a guard" in kept.stderr
    before = (home / "guard" / "guard").read_bytes()
    shutil.rmtree(home / "guard")
    assert run("start", "--home", home, text=True).returncode == 5
    unsure = run("keys", "recover-guard", "--home", home, text=True)
    assert unsure.returncode == 2 and not (home / "guard").exists()
    assert "watches" in text("keys", "recover-guard", "--no-other-copy", "--home", home)
    # Not the guard of a key that never signed: this one may sign nothing yet.
    assert (home / "guard" / "guard").read_bytes() != before
    network = Devnet(folder)
    assert {v["name"] for v in ledger.Node(network.url).call("node_validators")["value"]} == {"node-a", "node-b"}
    network.stop()
    assert network.process.returncode == 0, network.home.with_suffix(".log").read_text()
