"""Networks of real node processes, on loopback or in network namespaces joined by the relay of Tests/Relay.

    with Network(folder, validators=4) as network:          # loopback
        network.members[1].kill(); network.members[1].start()

    with Relay(4, delay=50) as relay, Network(folder, 4, relay=relay) as network:
        relay.isolate(2); relay.rejoin(2)
"""

import contextlib
import ctypes
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import threading
import time

import coincurve
import pytest

import ledger

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = ROOT / ".build" / "release"
RELAY = pathlib.Path(os.environ.get("MEDNEXUS_RELAY", BINARIES / "mednexus-relay"))
CLONE_NEWNET = 0x40000000
P2P_PORT = 7410


def until(condition, seconds, what):
    """The condition's first true value; fails after so many seconds with `what`, text or a function that gives it."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.05)


# Namespaces


@contextlib.contextmanager
def namespace(name):
    """Sockets that this thread makes inside belong to the namespace, wherever they are used later."""
    if name is None:
        yield
        return
    library = ctypes.CDLL(None, use_errno=True)

    def enter(descriptor):
        if library.setns(descriptor, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {name}")

    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    inside = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        enter(inside)
        try:
            yield
        finally:
            enter(home)
    finally:
        os.close(home)
        os.close(inside)


class Relay:
    """The relay process, and the namespaces that it makes and deletes."""

    def __init__(self, nodes, delay=0, loss=0, rate=0, seed=1, mtu=1500):
        if os.geteuid() != 0 or not os.access("/dev/net/tun", os.R_OK | os.W_OK) or not shutil.which("ip"):
            pytest.skip("NOT RUN: network namespaces need root, /dev/net/tun and iproute2")
        if not RELAY.exists():
            subprocess.run(
                ["swift", "build", "-c", "release", "--product", "mednexus-relay"], cwd=ROOT, check=True,
                stdout=subprocess.DEVNULL)
        self.process = subprocess.Popen(
            [
                RELAY, "--nodes", str(nodes), "--delay", str(delay), "--loss", str(loss), "--rate", str(rate), "--seed",
                str(seed), "--mtu", str(mtu),
            ],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lock = threading.Lock()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the relay did not start: " + self.process.communicate()[1])
        self.namespaces = json.loads(line)["namespaces"]

    def command(self, *words):
        with self.lock:
            self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
            self.process.stdin.flush()
            answer = json.loads(self.process.stdout.readline())
        assert "error" not in answer, (words, answer)
        return answer

    def isolate(self, index):
        self.command("isolate", index)

    def rejoin(self, index):
        self.command("rejoin", index)

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            for entry in self.namespaces:
                subprocess.run(["ip", "netns", "delete", entry["name"]], stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class RPC(ledger.Node):
    """JSON-RPC to a node whose loopback may be that of another namespace. `get` reads other paths."""

    def __init__(self, port, name=None, timeout=10):
        super().__init__(f"http://127.0.0.1:{port}/")
        self.port, self.namespace, self.timeout = port, name, timeout

    def _exchange(self, method, path, data=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        try:
            with namespace(self.namespace):
                connection.connect()
            connection.request(method, path, data, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def raw(self, payload):
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return json.loads(self._exchange("POST", "/", data)[1] or b"null")

    def get(self, path):
        status, body = self._exchange("GET", path)
        return status, body.decode()

    def value(self, method, **params):
        return self.call(method, **params)["value"]


UNREACHABLE = (OSError, http.client.HTTPException, ValueError, KeyError)


# Nodes


class Member:
    """One node of a network, with its home; alive or not."""

    def __init__(self, network, index, name, home, validator=True):
        self.network, self.index, self.name, self.home = network, index, name, pathlib.Path(home)
        self.validator = validator
        relay = network.relay
        self.namespace = relay.namespaces[index]["name"] if relay else None
        self.host = relay.namespaces[index]["address"] if relay else "127.0.0.1"
        self.p2p = P2P_PORT if relay else network.port()
        self.ready = self.home / "harness-ready.json"
        self.log = self.home / "harness-log.txt"
        self.process, self.rpc, self.operator = None, None, None
        self.stopped = False

    @property
    def transport_key(self):
        secret = bytes.fromhex((self.home / "transport.key").read_text().strip())
        return coincurve.PrivateKey(secret).public_key.format(compressed=True).hex()

    @property
    def contact(self):
        return f"{self.transport_key}@{self.host}:{self.p2p}"

    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None

    def command(self, *arguments):
        inside = ["ip", "netns", "exec", self.namespace] if self.namespace else []
        return [*inside, BINARIES / "mednexusd", *arguments]

    def launch(self, settings=()):
        """Starts the process and returns at once."""
        assert not self.alive
        self.ready.unlink(missing_ok=True)
        peers = ",".join(member.contact for member in self.network.members if member is not self)
        chosen = [
            "rpc.listen=127.0.0.1:0", "operator.listen=127.0.0.1:0", f"p2p.listen={self.host}:{self.p2p}",
            f"p2p.advertise={self.host}:{self.p2p}", f"p2p.peers={peers}", "rpc.calls-per-second=100000",
            "storage.checkpoint-seconds=1", *self.network.settings, *settings,
        ]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command(
                    "start", "--home", self.home, "--ready", self.ready,
                    *(word for setting in chosen for word in ("--set", setting))),
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    def await_ready(self, seconds=60):
        def is_ready():
            if not self.alive:
                raise AssertionError(f"{self.name} ended with {self.process.returncode}:\n{self.tail()}")
            return self.ready.exists()

        until(is_ready, seconds, lambda: f"{self.name} serves RPC\n{self.tail()}")
        ports = json.loads(self.ready.read_text())
        self.rpc = RPC(ports["rpc"], self.namespace)
        self.operator = RPC(ports["operator"], self.namespace)

    def start(self, settings=()):
        self.launch(settings)
        self.await_ready()

    def tail(self, lines=15):
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.stopped = False

    def stop(self):
        """In order; the exit status must be 0."""
        self.resume()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.name} did not stop within a minute:\n{self.tail()}") from None
        assert status == 0, f"{self.name} ended with {status}:\n{self.tail()}"

    def suspend(self):
        self.process.send_signal(signal.SIGSTOP)
        self.stopped = True

    def resume(self):
        self.process.send_signal(signal.SIGCONT)
        self.stopped = False

    def wipe(self, guard=True):
        """What a lost disk takes: everything but settings, genesis and keys; the signing guard too unless kept."""
        assert not self.alive
        kept = {"config.toml", "genesis.json", "validator.key", "transport.key", self.log.name}
        if not guard:
            kept.add("guard")
        for path in self.home.iterdir():
            if path.name not in kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def head(self):
        """The last final block, or None while the node does not answer."""
        try:
            return self.rpc.value("chain_head") if self.alive and not self.stopped else None
        except UNREACHABLE:
            return None

    def height(self):
        head = self.head()
        return head["height"] if head else -1

    def status(self):
        return self.rpc.value("node_status")

    def votes(self):
        """The view of the last vote by each validator that this node saw, by name."""
        return {entry["name"]: entry.get("lastVoteView") for entry in self.rpc.value("node_validators")}

    def metric(self, name):
        """The sum of a metric over its labels; 0 if it was never counted."""
        total = 0.0
        for line in self.operator.get("/metrics")[1].splitlines():
            if line.split("{")[0].split(" ")[0] == name:
                total += float(line.rsplit(" ", 1)[1])
        return total

    def memory(self):
        """Resident bytes."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")

    def recover_guard(self):
        """What an operator does whose guard was lost with the disk: the key watches before it votes again."""
        done = subprocess.run(
            [BINARIES / "mednexusd", "keys", "recover-guard", "--home", self.home, "--no-other-copy"],
            capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{self.name}: {done.stdout}{done.stderr}"

    def verify(self):
        """Replays the whole chain of a stopped node."""
        done = subprocess.run(
            [BINARIES / "mednexusd", "verify", "--home", self.home], capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, f"{self.name}: {done.stdout}{done.stderr}"


class Network:
    """Validators (and observers) on the homes that `mednexusd devnet` makes, started one by one."""

    def __init__(self, folder, validators=4, relay=None, settings=(), start=True, template=None):
        self.folder, self.relay, self.settings, self.template = pathlib.Path(folder), relay, list(settings), template
        self._reserved = []
        self.members = []
        self._make_homes(validators)
        for index, node in enumerate(self.description["nodes"]):
            self.members.append(Member(self, index, node["name"], node["home"]))
        self._release_ports()
        self.environment = dict(
            os.environ, MEDNEXUS_WALLET_HOME=str(self.folder / "wallet"), MEDNEXUS_PASSPHRASE="devnet", NO_COLOR="1",
            PATH=f"{BINARIES}:{os.environ['PATH']}")
        self.network_id = bytes.fromhex(self.description["network"])
        self._keys = {}
        if start:
            self.start()

    def port(self):
        """A free port, held until every port of the network is chosen, so that none is given twice."""
        reservation = socket.socket()
        reservation.bind(("127.0.0.1", 0))
        self._reserved.append(reservation)
        return reservation.getsockname()[1]

    def _release_ports(self):
        while self._reserved:
            self._reserved.pop().close()

    def add(self, name, home):
        """A member that joins later; its home is made."""
        member = Member(self, len(self.members), name, home)
        self._release_ports()
        member.start()
        self.members.append(member)
        return member

    def _make_homes(self, validators):
        """The devnet command makes keys, genesis and homes; then it is stopped and the nodes are run from here."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        log = self.folder.with_suffix(".devnet.log")
        with open(log, "wb") as output:
            process = subprocess.Popen(
                [
                    BINARIES / "mednexusd", "devnet", "--home", self.folder, "--validators", str(validators),
                    "--rpc-port", "0", *(["--template", self.template] if self.template else []),
                ],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True, cwd=ROOT)
        description = self.folder / "network.json"
        try:
            def is_there():
                if process.poll() is not None:
                    raise AssertionError(f"the devnet ended with {process.returncode}:\n{log.read_text()}")
                return description.exists()

            until(is_there, 120, lambda: f"{description}:\n{log.read_text()}")
            self.description = json.loads(description.read_text())
            self.accounts = {account["name"]: account for account in self.description["accounts"]}
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, settings=()):
        """All at once."""
        for member in self.members:
            member.launch(settings)
        for member in self.members:
            member.await_ready()

    def close(self):
        for member in self.members:
            if member.alive:
                member.resume()
                member.process.terminate()
        for member in self.members:
            if member.process is not None:
                try:
                    member.process.wait(30)
                except subprocess.TimeoutExpired:
                    member.process.kill()
                    member.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            for member in self.members:
                print(f"--- {member.name}, height {member.height()}\n{member.tail()}")
        self.close()

    def key(self, name):
        """A named account's key, derived from the wallet's words as Specs/bytes.md says."""
        if name not in self._keys:
            words = json.loads(self.wallet("key", "export", "--json", "--yes"))["words"]
            account = json.loads(self.wallet("key", "show", name, "--json"))
            self._keys[name] = ledger.Key(ledger.derive(words, account["path"]))
        return self._keys[name]

    def wallet(self, *arguments):
        done = subprocess.run(
            [BINARIES / "mednexus", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
            env=self.environment, cwd=ROOT)
        assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def live(self):
        return [member for member in self.members if member.alive and not member.stopped]

    def await_height(self, height, members=None, seconds=60):
        """Until each of the members (default: all that are up) has a final block of this height."""
        members = self.live() if members is None else members
        until(
            lambda: all(member.height() >= height for member in members), seconds,
            lambda: f"height {height}: " + self.describe())

    def highest(self):
        return max(member.height() for member in self.members)

    def describe(self):
        lines = []
        for member in self.members:
            text = "down"
            if member.alive:
                try:
                    status = member.status() if not member.stopped else {}
                    text = ", ".join(
                        f"{name} {status[name]}"
                        for name in ("view", "lag", "peerCount", "isReady", "stalledBecause") if name in status)
                    text = f"height {member.height()}, {text}"
                except UNREACHABLE as failure:
                    text = f"no answer: {failure}"
            lines.append(f"{member.name}: {text}")
        return "; ".join(lines)

    def compare(self, members=None, known=None):
        """Every final block that two members have is the same; `known` (height → hash) is extended and kept."""
        known = {} if known is None else known
        for member in members or self.live():
            head = member.head()
            assert head is not None, f"{member.name} does not answer\n{member.tail()}"
            checked = getattr(member, "compared", 0)
            for height in range(max(0, checked - 3), head["height"] + 1):
                block = member.rpc.value("chain_block", height=height)
                assert block is not None, f"{member.name} lost block {height}"
                found = (block["header"]["hash"], block["header"]["stateRoot"])
                assert known.setdefault(height, found) == found, f"FORK at {height}: {member.name}"
            member.compared = head["height"]
        return known


class Load:
    """Payments, a few at a time, each batch sent again until it is final; remembers where each became so."""

    def __init__(self, network, batch=3, sender="clinic", recipient="author"):
        self.network, self.batch = network, batch
        self.sender, self.recipient = network.key(sender), network.key(recipient)
        first = network.live()[0].rpc
        self.asset = ledger.from_bech32m(first.call("asset_list")["items"][0]["asset"]["id"])
        self.address = ledger.bech32m("tmnx", self.sender.address)
        self.sequence = first.value("account_sequence", address=self.address)["sequence"]
        self.final = {}
        self.failure = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def make(self):
        operation = ledger.transfer(self.asset, self.recipient.address, 1)
        data, digest = ledger.transaction(self.network.network_id, self.sender, self.sequence, [operation])
        self.sequence += 1
        return data.hex(), digest.hex()

    def _run(self):
        choice = random.Random(1)
        try:
            while not self._ended.is_set():
                waiting = dict(reversed(self.make()) for _ in range(self.batch))
                sent = 0
                while waiting and not self._ended.is_set():
                    members = self.network.live()
                    if not members:
                        self._ended.wait(0.1)
                        continue
                    member = choice.choice(members)
                    with contextlib.suppress(*UNREACHABLE, ledger.RPCError):
                        if time.monotonic() - sent > 1:
                            member.rpc.call("tx_submitMany", transactions=list(waiting.values()))
                            sent = time.monotonic()
                        for digest in list(waiting):
                            status = member.rpc.value("tx_status", hash=digest)
                            if status["state"] == "final":
                                self.final[digest] = (status["height"], status["blockHash"])
                                del waiting[digest]
                    self._ended.wait(0.03)
        except BaseException as failure:  # shown by `stop`, in the test's own thread
            self.failure = failure

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._ended.set()
        self._thread.join(60)
        if self.failure is not None:
            raise self.failure

    def check(self, member, last=None):
        """Each payment that was final anywhere is final in the same block at this member, once it has come that far."""
        entries = list(self.final.items())
        entries = entries[-last:] if last else entries
        self.network.await_height(max((height for _, (height, _) in entries), default=0), [member])
        for digest, where in entries:
            status = member.rpc.value("tx_status", hash=digest)
            assert status["state"] == "final", (member.name, digest, status)
            assert (status["height"], status["blockHash"]) == where, (member.name, digest)
