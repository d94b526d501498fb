"""Bytes that were flipped, torn or lost in any file of a home: all is as it was, or a sentence says what is damaged.

MEDNEXUS_FLIPS sets how many (default 100), MEDNEXUS_SEED repeats a run's choices.
"""

import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time

import pytest

import ledger
from conftest import BINARIES
from network import Load, Network, until

FLIPS = int(os.environ.get("MEDNEXUS_FLIPS", "100"))
PAGE = 4096
# Configuration, corruption, signing guard, newer schema: README.
EXPLAINED = {3, 4, 5, 9}
STORES = ["ledger/log/data.mdb", "ledger/state/data.mdb"]
OTHERS = [
    "ledger/home", "ledger/journal/votes-000000000001", "guard/guard", "genesis.json", "config.toml", "validator.key",
    "transport.key", "mempool",
]


class Home:
    """A small home in which every page of the stores is in use, and what it answers."""

    def __init__(self, folder):
        self.path = folder / "node"
        with Network(folder / "network", 1) as network:
            with Load(network):
                network.await_height(30)
            # Nothing is left that a start would make final.
            member = network.members[0]
            until(lambda: member.status()["pendingCount"] == 0, 30, "an empty pool")
            network.await_height(member.height() + 1)
        shutil.copytree(network.members[0].home, self.path)
        for name in ("harness-ready.json", "harness-log.txt", "ready.json", "log.txt"):
            (self.path / name).unlink(missing_ok=True)
        compacted = run("compact", "--home", self.path)
        assert compacted.returncode == 0, compacted.stderr
        self.accounts = [account["address"] for account in network.description["accounts"]]
        self.verified = run("verify", "--home", self.path).stdout
        copy = folder / "copy"
        shutil.copytree(self.path, copy)
        code, self.answers, said = start(copy, self.accounts)
        assert code == 0 and len(self.answers) == 13 + 2 * len(self.accounts), said


def run(*arguments, **options):
    return subprocess.run(
        [BINARIES / "mednexusd", *map(str, arguments)], capture_output=True, text=True, timeout=120, **options)


def launch(home, *settings, before=()):
    ready = pathlib.Path(home) / "ready"
    ready.unlink(missing_ok=True)
    chosen = ["rpc.listen=127.0.0.1:0", "operator.listen=127.0.0.1:0", "p2p.listen=", *settings]
    process = subprocess.Popen(
        [
            *before, BINARIES / "mednexusd", "start", "--home", home, "--ready", ready,
            *(word for setting in chosen for word in ("--set", setting)),
        ],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return process, ready


def await_ready(process, ready):
    until(lambda: ready.exists() or process.poll() is not None, 60, "ready or ended")
    return ledger.Node(f"http://127.0.0.1:{json.loads(ready.read_text())['rpc']}") if ready.exists() else None


def answers(node, accounts):
    """What the node says of all that is final; nothing where it says that it can't."""
    # Of the head, which a start may move, nothing.
    questions = [("asset_list", {}), ("chain_evidence", {})]
    questions += [("chain_block", {"height": height}) for height in range(0, 31, 3)]
    questions += [("account_sequence", {"address": address}) for address in accounts]
    questions += [("account_transactions", {"party": address}) for address in accounts]
    found = {}
    for method, parameters in questions:
        try:
            answer = node.call(method, **parameters)
        except (ledger.RPCError, OSError):
            continue
        answer = {key: answer[key] for key in ("value", "items") if key in answer}
        found[method, json.dumps(parameters)] = json.dumps(answer, sort_keys=True)
    return found


def start(home, accounts):
    """Runs the node, asks it, stops it: its exit code, what it answered, what it said."""
    process, ready = launch(home)
    node = await_ready(process, ready)
    found = answers(node, accounts) if node else {}
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)[0]
    return process.returncode, found, said


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Home(tmp_path_factory.mktemp("damage"))


def damage(data, choice, is_store):
    """One place of it, in one of the ways in which disks fail."""
    place = choice.randrange(len(data))
    if is_store and choice.random() < 0.5:
        # Where the structure of a page stands: its header, and where its nodes are.
        place = place // PAGE * PAGE + choice.randrange(48)
    kind = choice.choice(["bit"] * 6 + ["zeros", "ones", "cut", "page"])
    if kind == "bit":
        data[place] ^= 1 << choice.randrange(8)
    elif kind == "cut":
        del data[place:]
    else:
        length = min(PAGE if kind == "page" else 16, len(data) - place)
        data[place : place + length] = (
            choice.randbytes(length) if kind == "page" else bytes([0 if kind == "zeros" else 255]) * length)
    return f"{kind} at {place}"


def test_whatever_byte_is_damaged_nothing_false_is_said(home, tmp_path):
    seed = int(os.environ.get("MEDNEXUS_SEED", time.time_ns() % 1_000_000))
    choice = random.Random(seed)
    outcomes = {}
    for number in range(FLIPS):
        name = choice.choice(STORES) if choice.random() < 0.7 else choice.choice(OTHERS)
        data = bytearray((home.path / name).read_bytes())
        what = f"MEDNEXUS_SEED={seed}, {number}: {name}, {damage(data, choice, name in STORES)} of {len(data)}"
        copy = tmp_path / f"home-{number}"
        for command in ("verify", "start"):
            shutil.copytree(home.path, copy)
            (copy / name).write_bytes(data)
            if command == "verify":
                done = run("verify", "--home", copy)
                code, said = done.returncode, done.stdout + done.stderr
                assert code in EXPLAINED or code == 0 and done.stdout == home.verified, f"{what}: {code}\n{said}"
            else:
                code, found, said = start(copy, home.accounts)
                assert code in EXPLAINED | {0}, f"{what}: {code}\n{said}"
                for question, answer in found.items():
                    assert home.answers[question] == answer, f"{what}: {question}\n{answer}"
            assert code == 0 or len(said) > 20, what
            outcomes[command, code] = outcomes.get((command, code), 0) + 1
            shutil.rmtree(copy)
    print(seed, outcomes)
    assert outcomes.get(("verify", 4), 0) > FLIPS / 10


def test_a_disk_that_fills_stops_the_node_and_loses_nothing(home, tmp_path):
    """On a small disk in a mount namespace of the node's own."""
    copy = tmp_path / "disk"
    copy.mkdir()
    script = (
        'mount -t tmpfs -o size=100m none "$0" && cp -a "$1/." "$0/" && '
        '{ (sleep 3; head -c 200000000 /dev/zero > "$0/filler") & } && '
        '"$2" start --home "$0" --set rpc.listen=127.0.0.1:0 --set operator.listen=127.0.0.1:0 --set p2p.listen= '
        '--set storage.reserve-mebibytes=8; code=$?; wait; rm "$0/filler"; "$2" verify --home "$0"; exit $code')
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, copy, home.path, BINARIES / "mednexusd"], capture_output=True,
        text=True, timeout=120)
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip("NOT RUN: a disk of one's own needs root")
    assert done.returncode == 6 and "Free space" in done.stdout + done.stderr, done.stdout + done.stderr
    assert "Verified" in done.stdout, done.stdout + done.stderr


def test_a_read_only_home_is_refused_and_can_still_be_saved(home, tmp_path):
    script = (
        'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && "$2" start --home "$1"; code=$?; '
        '"$2" backup --home "$1" "$0/copy" || exit 99; exit $code')
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, tmp_path, home.path, BINARIES / "mednexusd"], capture_output=True,
        text=True, timeout=120)
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip("NOT RUN: a disk of one's own needs root")
    assert done.returncode == 6 and "read-only" in done.stdout + done.stderr, done.stdout + done.stderr
    restored = run("restore", "--from", tmp_path / "copy", "--home", tmp_path / "restored")
    assert restored.returncode == 0, restored.stderr
    assert run("verify", "--home", tmp_path / "restored").stdout == home.verified


def test_a_compaction_that_is_killed_again_and_again_loses_nothing(home, tmp_path):
    copy = tmp_path / "home"
    shutil.copytree(home.path, copy)
    choice = random.Random(7)
    for _ in range(20):
        process = subprocess.Popen(
            [BINARIES / "mednexusd", "compact", "--home", copy], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(choice.uniform(0, 0.06))
        process.kill()
        process.wait()
    assert run("verify", "--home", copy).stdout == home.verified
    done = run("compact", "--home", copy)
    assert done.returncode == 0 and "came back" in done.stdout, done.stderr
    assert not [path for path in (copy / "ledger").iterdir() if "compact" in path.name]
    assert run("verify", "--home", copy).stdout == home.verified


def test_an_interrupted_verification_says_so(home, tmp_path):
    process = subprocess.Popen(
        [BINARIES / "mednexusd", "verify", "--home", home.path], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True)
    time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    # It may have been done, or not yet have begun to listen.
    assert process.returncode in (0, 130, -signal.SIGINT), error
    assert process.returncode != 130 or "Nothing was changed" in error
