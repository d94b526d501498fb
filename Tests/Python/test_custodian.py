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
        self.environment = network.environment

    def start(self):
        self.begin = self.path.stat().st_size
        self.process = subprocess.Popen(
            [BINARIES / "mednexus", "custodian", "run", "--from", "robot"], stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=subprocess.STDOUT, env=self.environment)

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


def test_an_erasure_stays_open_until_the_ledger_has_its_receipt(network, tmp_path):
    hospital = ("--from", "hospital", "--acting-for", "hospital-org")

    def act(*arguments):
        return network.wallet(*map(str, arguments), "--yes")

    act("key", "new", "robot")
    act("account", "sponsor", "robot", "--kind", "service", *hospital)
    act("consent", "grant", "general-research", "--custodian", "hospital-org", "--from", "patient", "--as", "consent")
    act("consent", "countersign", "consent", *hospital)
    act("consent", "set", "create", "consent", *hospital, "--as", "cohort")
    act("case", "register", "Tests/Story/case.json", "--report", tmp_path / "removed.json", "--consent-set", "cohort",
        "--field", "neurology", "--as", "case", *hospital)
    organization = json.loads(network.wallet("inft", "show", "case", "--json"))["owner"]
    folder = network.home / "wallet" / "custodian" / network.network["network"]
    folder.mkdir(parents=True, exist_ok=True)
    policy = {"owners": [organization], "consentCustodians": [organization]}
    (folder / "policy.json").write_text(json.dumps(policy))

    def tasks():
        status = json.loads(network.wallet("custodian", "status", "--from", "robot", "--json"))
        return [task for task in status["tasks"] if task["kind"] == "erasure"]

    def until(condition, what):
        for _ in range(240):
            if condition():
                return
            time.sleep(0.25)
        raise AssertionError(what + "\n" + custodian.path.read_text())

    custodian = Custodian(network)
    custodian.start()
    until(custodian.is_up, "the custodian starts")
    act("consent", "withdraw", "consent", "--erase", "--from", "patient")
    until(lambda: [task for task in tasks() if task["waiting"] == "erasure"], "the request is noticed")
    # It says what to type; until somebody has, it is told again at every start.
    command = next(word for word in tasks()[0]["detail"].split("; ") if "inft erase" in word)
    custodian.stop(signal.SIGKILL)
    custodian.start()
    until(lambda: command.encode() in custodian.path.read_bytes()[custodian.begin:], "it is told again")
    network.wallet("custodian", "erased", tasks()[0]["consent"], "--from", "robot")
    time.sleep(2.5)
    assert tasks(), "a person's word does not stand against the ledger's"
    act(*command.split()[1:], *hospital)
    until(lambda: not tasks(), "the receipt closes it")
    assert custodian.stop(signal.SIGTERM) == 0


def test_a_custodian_in_a_home_of_its_own(network, tmp_path):
    """It gets the keys of what it is to deliver, and no other: neither money nor the owner's words."""
    own = dict(network.environment, MEDNEXUS_WALLET_HOME=str(tmp_path / "robot"), MEDNEXUS_PASSPHRASE="long enough")

    def robot(*arguments, check=True):
        done = subprocess.run(
            [BINARIES / "mednexus", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=60, env=own)
        assert not check or done.returncode == 0, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout if check else done

    def act(*arguments):
        return network.wallet(*map(str, arguments), "--yes")

    pinned = json.loads(network.wallet("network", "list", "--json"))[0]
    robot("network", "add", "devnet", "--node", network.url, "--genesis", pinned["genesis"], "--checkpoint",
          pinned["checkpoint"], "--standard")
    robot("key", "new", "robot")
    address = json.loads(robot("key", "show", "robot", "--json"))["address"]
    act("account", "sponsor", address, "--kind", "service", "--from", "hospital", "--acting-for", "hospital-org")
    act("inft", "mint", "--file", "Tests/Story/scores/has-bled.json", "--seal", "--class", "algorithm", "--title",
        "HAS-BLED", "--terms", "commercial", "--price", "1.00", "--asset", "EURX", "--as", "score", "--from", "author")
    act("mandate", "grant", address, "--operation", "license.begin", "--until", "90d", "--from", "author")
    act("content", "share-keys", "score", "--to", address, "--out", tmp_path / "keys.json", "--from", "author")
    # Whoever else gets the file can do nothing with it, and it is not written over.
    assert "not in this wallet" in network.wallet(
        "content", "receive-keys", str(tmp_path / "keys.json"), check=False).stderr
    assert network.wallet("content", "share-keys", "score", "--to", address, "--out", str(tmp_path / "keys.json"),
                          "--from", "author", "--yes", check=False).returncode == 2
    assert "1 secrets taken in" in robot("content", "receive-keys", tmp_path / "keys.json")
    folder = tmp_path / "robot" / "custodian" / network.network["network"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "policy.json").write_text(json.dumps({"owners": [network.accounts["author"]["address"]]}))
    act("license", "buy", "score", "--from", "clinic", "--as", "bought")
    custodian = Custodian(network)
    custodian.environment = own
    custodian.start()
    for _ in range(120):
        state = json.loads(network.wallet("license", "show", "bought", "--json"))["state"]
        if state == "active":
            break
        time.sleep(0.25)
    assert state == "active", custodian.path.read_text()
    assert custodian.stop(signal.SIGTERM) == 0


def test_what_it_answers_holds_for_the_uses_of_the_license(network, tmp_path):
    """Restrictions that the policy covers are answered with the delivery, and for 90 days beyond its time."""
    hospital = ("--from", "hospital", "--acting-for", "hospital-org")

    def act(*arguments):
        return network.wallet(*map(str, arguments), "--yes")

    act("key", "new", "robot")
    act("account", "sponsor", "robot", "--kind", "service", *hospital)
    act("org", "member", "hospital-org", "--add", "robot=registrar", *hospital)
    act("mandate", "grant", "robot", "--operation", "license.begin", "--until", "90d", *hospital)
    act("consent", "grant", "disease-research", "--disease", "mondo:0005148", "--opening", tmp_path / "opening.json",
        "--custodian", "hospital-org", "--from", "patient", "--as", "consent")
    act("consent", "countersign", "consent", *hospital)
    act("consent", "set", "create", "consent", *hospital, "--as", "cohort")
    act("terms", "new", "--preset", "research-only", "--research-aim", "disease", "--fee", "5.00", "--asset", "EURX", *hospital,
        "--as", "terms")
    act("case", "register", "Tests/Story/case.json", "--report", tmp_path / "removed.json", "--consent-set", "cohort",
        "--field", "neurology", "--terms", "terms", "--as", "case", *hospital)
    shown = json.loads(network.wallet("inft", "show", "case", "--json"))
    folder = network.home / "wallet" / "custodian" / network.network["network"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "policy.json").write_text(json.dumps({
        "owners": [shown["owner"]], "restrictions": [{"consentSet": shown["consentSet"], "aims": ["disease"]}]}))
    custodian = Custodian(network)
    custodian.start()
    act("license", "buy", "case", "--purpose", "HRESCH", "--research-aim", "disease", "--from", "clinic", "--as", "study")
    for _ in range(240):
        if json.loads(network.wallet("license", "show", "study", "--json"))["state"] == "active":
            break
        time.sleep(0.25)
    custodian.stop(signal.SIGTERM)
    out = tmp_path / "case.json"
    said = network.wallet("license", "open", "study", "--out", out, "--from", "clinic")
    assert "case.json" in said, (said, custodian.path.read_text())

    def covered():
        return network.wallet("license", "check", "study", "--purpose", "HRESCH", "--field", "research", check=False).returncode == 0

    assert covered()
    # Beyond the time for begin.
    network.advance("80d")
    assert covered()
    network.advance("20d")
    assert not covered()
