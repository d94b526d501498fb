"""Starts one local network for all third-party checks, and stops it by its own process id."""

import json
import os
import pathlib
import signal
import subprocess
import time

import pytest

import ledger

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = ROOT / ".build" / "release"


class Devnet:
    def __init__(self, home: pathlib.Path, *arguments):
        self.home = home
        self.log = open(home.with_suffix(".log"), "wb")
        self.process = subprocess.Popen(
            [BINARIES / "mednexusd", "devnet", "--home", home, *arguments], stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=subprocess.STDOUT, start_new_session=True,
            # What is meant for the tests is no setting of a node.
            env={name: value for name, value in os.environ.items() if name != "MEDNEXUS_CONTENT_SIZE"})
        description = home / "network.json"
        deadline = time.monotonic() + 60
        while not description.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError("the devnet did not start:\n" + home.with_suffix(".log").read_text())
            time.sleep(0.05)
        self.network = json.loads(description.read_text())
        self.url = self.network["nodes"][0]["rpc"]
        self.node = ledger.Node(self.url)
        self.accounts = {account["name"]: account for account in self.network["accounts"]}
        self.environment = dict(
            os.environ, MEDNEXUS_WALLET_HOME=str(home / "wallet"), MEDNEXUS_PASSPHRASE="devnet", NO_COLOR="1",
            PATH=f"{BINARIES}:{os.environ['PATH']}")

    def wallet(self, *arguments, check=True, stdin=subprocess.DEVNULL):
        """Runs the wallet as a person would; its standard output."""
        done = subprocess.run(
            [BINARIES / "mednexus", *arguments], stdin=stdin, capture_output=True, text=True, timeout=120,
            env=self.environment, cwd=ROOT)
        if check:
            assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
            return done.stdout
        return done

    def advance(self, duration):
        """Puts the clocks of all nodes ahead."""
        done = subprocess.run(
            [BINARIES / "mednexusd", "devnet", "advance", duration, "--home", self.home], capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr

    def settle(self, condition):
        """Waits until due work has made `condition` true."""
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, "due work did not do it"
            time.sleep(0.25)

    def key(self, name):
        """A named account's key, derived from the wallet's words as Specs/bytes.md says."""
        words = json.loads(self.wallet("key", "export", "--json", "--yes"))["words"]
        account = json.loads(self.wallet("key", "show", name, "--json"))
        key = ledger.Key(ledger.derive(words, account["path"]))
        assert ledger.bech32m("tmnx", key.address) == account["address"]
        return key

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


@pytest.fixture(scope="session")
def devnet(tmp_path_factory):
    network = Devnet(tmp_path_factory.mktemp("mednexus") / "devnet")
    yield network
    network.stop()
    assert network.process.returncode == 0, network.home.with_suffix(".log").read_text()
