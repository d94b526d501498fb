"""The two example clients against a real node, and the OpenRPC document against real answers."""

import json
import subprocess
import sys
import threading

import pytest

from conftest import ROOT

CLIENTS = ROOT / "Tests" / "Clients"


@pytest.mark.parametrize("command", [[sys.executable, CLIENTS / "market.py"], ["node", CLIENTS / "market.mjs"]])
def test_an_example_client_lists_quotes_and_follows_events(devnet, command):
    name = "market-" + ("py" if command[0] == sys.executable else "js")
    devnet.wallet(
        "inft", "mint", "--file", "Tests/Story/scores/curb-65.json", "--class", "algorithm", "--title", name,
        "--terms", "commercial", "--price", "10.00", "--asset", "EURX", "--as", name, "--from", "author", "--yes")
    buying = threading.Timer(
        1.0, devnet.wallet, ["license", "buy", name, "--from", "clinic", "--as", name + "-license", "--yes"])
    buying.start()
    done = subprocess.run(
        [*command, devnet.url, "--events", "200", "--seconds", "6"], capture_output=True, text=True, timeout=60)
    buying.join()
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert any(name in json.dumps(line) for line in lines), done.stdout
    assert any("license." in json.dumps(line) for line in lines), done.stdout


def test_the_openrpc_document_holds_for_real_answers(devnet):
    done = subprocess.run(
        [sys.executable, CLIENTS / "check_openrpc.py", devnet.url], capture_output=True, text=True, timeout=120)
    print(done.stdout, done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
