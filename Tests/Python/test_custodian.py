"""A custodian beside a real node: every license that waits is delivered once, whenever the custodian is killed."""

import json
import os
import random
import signal
import subprocess
import time

import pytest

from conftest import BINARIES, Devnet

ROUNDS = int(os.environ.get("MEDNEXUS_CUSTODIAN_ROUNDS", "8"))


@pytest.fixture()
def network(tmp_path):
    network = Devnet(tmp_path / "devnet")
    yield network
    network.stop()


class Custodian:
    def __init__(self, network):
        self.network = network
        self.path = network.home.with_suffix(".custodian")
        self.log = open(self.path, "ab")
        self.process, self.begin = None, 0

    def start(self):
        self.begin = self.path.stat().st_size
        self.process = subprocess.Popen(
            [BINARIES / "mednexus", "custodian", "run", "--from", "robot"], stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=subprocess.STDOUT, env=self.network.environment)

    def is_up(self):
        return b"started at block" in self.path.read_bytes()[self.begin:]

    def stop(self, how):
        self.process.send_signal(how)
        return self.process.wait(20)


def test_every_license_is_delivered_once_across_kills(network):
    def act(*arguments):
        return network.wallet(*arguments, "--yes")

    act("key", "new", "robot")
    act("account", "sponsor", "robot", "--kind", "service", "--from", "hospital", "--acting-for", "hospital-org")
    act("inft", "mint", "--file", "Tests/Story/scores/has-bled.json", "--seal", "--class", "algorithm", "--title",
        "HAS-BLED", "--terms", "commercial", "--price", "1.00", "--asset", "EURX", "--dispute-window", "0m", "--as",
        "score", "--from", "author")
    act("mandate", "grant", "robot", "--operation", "license.begin", "--until", "90d", "--from", "author")
    # A money key is refused, and so is a custodian that nobody told whom to serve.
    assert network.wallet("custodian", "run", "--from", "robot", check=False).returncode == 2
    folder = network.home / "wallet" / "custodian" / network.network["network"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "policy.json").write_text(json.dumps({"owners": [network.accounts["author"]["address"]]}))
    assert network.wallet("custodian", "run", "--from", "clinic", check=False).returncode != 0

    custodian = Custodian(network)
    custodian.start()
    moment = random.Random(5)
    names = [f"license-{number}" for number in range(ROUNDS)]
    for name in names:
        act("license", "buy", "score", "--from", "clinic", "--as", name)
        time.sleep(moment.uniform(0, 0.8))
        custodian.stop(signal.SIGKILL)
        custodian.start()
    for name in names:
        for _ in range(240):
            shown = json.loads(network.wallet("license", "show", name, "--json"))
            if shown["state"] == "active":
                break
            time.sleep(0.25)
        assert shown["state"] == "active", (name, shown, network.home.with_suffix(".custodian").read_text())
        assert shown["delivery"]["state"] == "completed"
    # One completed delivery for each, and the price of each was paid once.
    author = network.accounts["author"]["address"]
    made = [
        item["delivery"] for item in network.node.call(
            "delivery_list", to=network.accounts["clinic"]["address"], limit=100)["items"]]
    assert len(made) == ROUNDS and {item["ending"]["outcome"] for item in made} == {"completed"}
    assert {item["from"] for item in made} == {author}
    vault = network.wallet("revenue", "vault", "score")
    assert f"{ROUNDS}.00 EURX" in vault
    status = json.loads(network.wallet("custodian", "status", "--from", "robot", "--json"))
    assert not status.get("open") and not [task for task in status.get("tasks", []) if not task.get("ended", True)]
    for _ in range(100):
        if custodian.is_up():
            break
        time.sleep(0.1)
    assert custodian.stop(signal.SIGTERM) == 0
