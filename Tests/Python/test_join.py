"""Validators come and go by governance on a live chain: one, then four, then three, payments all the while."""

import json
import subprocess

from network import BINARIES, ROOT, Load, Network, until
from test_network import await_vote, progress

NEWCOMERS = ["second", "third", "fourth"]


def template(folder):
    """The local network's genesis with an institution, and an account that administers it, for each newcomer."""
    genesis = json.loads((ROOT / "genesis" / "devnet.json").read_text())
    identities = genesis["identities"]
    for name in NEWCOMERS:
        for kind in ("accounts", "organizations"):
            entry = next(one for one in identities[kind] if "hospital" in (one.get("address") or one["id"]))
            identities[kind].append(json.loads(json.dumps(entry).replace(":hospital", f":{name}")))
    path = folder / "template.json"
    path.write_text(json.dumps(genesis))
    return path


class Governance:
    """The wallet of an institution that runs a validator, and the change that all of them vote for."""

    def __init__(self, network):
        self.network = network
        genesis = json.loads((ROOT / "genesis" / "devnet.json").read_text())
        names = [one["id"].split(":")[1] for one in genesis["identities"]["organizations"]] + NEWCOMERS
        filled = json.loads((network.folder / "genesis.json").read_text())
        ids = [one["id"] for one in filled["identities"]["organizations"]]
        self.institutions = dict(zip(names, ids, strict=True))

    def wallet(self, institution, *arguments):
        self.network.environment["MEDNEXUS_NODE"] = self.network.members[0].rpc.url
        return self.network.wallet(
            *arguments, "--from", institution, "--acting-for", self.institutions[institution], "--yes")

    def decide(self, voters, *change):
        """Proposes and votes; true once the change waits for the end of the epoch."""
        rpc = self.network.members[0].rpc
        self.wallet(voters[0], "governance", "propose", *change)
        proposal = rpc.call("governance_list")["items"][0]["proposal"]
        for voter in voters:
            state = rpc.value("governance_proposal", proposal=proposal["id"])["proposal"]["state"]
            if state == "open":
                self.wallet(voter, "governance", "vote", proposal["id"], "yes")
        state = rpc.value("governance_proposal", proposal=proposal["id"])["proposal"]["state"]
        assert state in ("accepted", "applied"), state

    def await_validators(self, names):
        def current():
            return sorted(one["name"] for one in self.network.members[0].rpc.value("node_validators"))

        until(lambda: current() == sorted(names), 240, lambda: f"validators {names}: {current()}")


def run(*arguments, text=True):
    done = subprocess.run([BINARIES / "mednexusd", *arguments], capture_output=True, text=text, timeout=60)
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout


def join(network, governance, name):
    """What a new institution's operator types; its node then follows the chain without a vote."""
    first = network.members[0]
    home = network.folder / name
    run(
        "join", "--home", home, "--genesis", network.folder / "genesis.json", "--genesis-hash",
        network.network_id.hex(), "--peer", first.contact)
    request = run(
        "keys", "request", "--home", home, "--name", name, "--institution", governance.institutions[name], text=False)
    (network.folder / f"{name}.cbor").write_bytes(request)
    return network.add(name, home)


def test_one_four_three(tmp_path):
    with Network(tmp_path / "network", validators=1, template=template(tmp_path)) as network:
        governance = Governance(network)
        first = network.members[0]
        with Load(network) as load:
            network.await_height(3)
            validators, voters = [first.name], ["hospital"]
            for name in NEWCOMERS:
                member = join(network, governance, name)
                # Before it is enrolled it holds the chain, and serves it.
                network.await_height(network.highest())
                assert not any(one["name"] == name for one in member.rpc.value("node_validators"))
                governance.decide(voters, "enroll", "--request", str(network.folder / f"{name}.cbor"))
                validators.append(name)
                voters.append(name)
                governance.await_validators(validators)
                await_vote(network, member)
                progress(network)
                network.compare()
            assert first.status()["quorum"] == 3
            # Four go on without one of them, which one or two would not have.
            network.members[3].kill()
            progress(network)
            network.members[3].start()
            progress(network)

            governance.decide(voters, "remove", "fourth")
            governance.await_validators(validators[:3])
            progress(network)
            removed = network.members[3]
            removed.stop()
            progress(network)
            removed.start()
            # It is an observer now: it follows, and its validator key signs nothing.
            progress(network)
            assert all(one["name"] != "fourth" for one in removed.rpc.value("node_validators"))
            network.compare()
        for member in network.members:
            load.check(member)
            member.stop()
            member.verify()
