"""What the validators decide together, by the wallets of their institutions: who attests and issues, parameters, a pause that
ends by itself, a new member, and an upgrade before which nodes of the old release stop."""

import contextlib
import json
import os
import re

import pytest

from conftest import Devnet
from network import Network, until
from test_join import Governance, join, run, template


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    network = Devnet(tmp_path_factory.mktemp("governance") / "devnet")
    yield network
    network.stop()


@pytest.fixture()
def act(network):
    # The ledger's clock is ahead of this machine's once it was advanced.
    return lambda *arguments, check=True: network.wallet(
        *map(str, arguments), "--valid-for", "12h", "--yes", check=check)


@pytest.fixture()
def decide(network, act):
    """Proposes as the one institution that runs a validator, votes, and gives the proposal."""

    def decide(*change, check=True):
        proposed = act("governance", "propose", *change, "--from", "hospital", "--acting-for", "hospital-org", check=check)
        if not check and proposed.returncode != 0:
            return proposed
        proposal = network.node.call("governance_list")["items"][0]["proposal"]
        act("governance", "vote", proposal["id"], "yes", "--from", "hospital", "--acting-for", "hospital-org")
        return network.node.call("governance_proposal", proposal=proposal["id"])["value"]

    return decide


def test_an_accreditor_and_an_issuer_are_admitted_and_dismissed(network, act, decide):
    view = decide("accredit", "coauthor", "--type", "affiliation,arbiter", "--jurisdiction", "DE")
    assert view["proposal"]["state"] == "applied" and view["yes"] == 1
    act("credential", "offer", "author", "arbiter", "--jurisdiction", "DE", "--from", "coauthor", "--as", "fresh")
    act("credential", "accept", "fresh", "--from", "author")

    def holds():
        party = network.accounts["author"]["address"]
        return network.node.call("identity_holds", party=party, credentialType="arbiter")["value"]["holds"]

    assert holds()
    # The only accreditor that vouches for the validators' institution can't go.
    refused = decide("revoke-accreditor", "accreditor", check=False)
    assert refused.returncode == 1 and "validators_disenrolled" in refused.stderr
    # What hangs from one that goes ends in that block.
    assert decide("revoke-accreditor", "coauthor")["proposal"]["state"] == "applied"
    assert not holds()
    offered = act("credential", "offer", "author", "arbiter", "--jurisdiction", "DE", "--from", "coauthor", check=False)
    assert offered.returncode == 1

    def create(code):
        return act("asset", "create", code, "--title", "A trial asset", "--scale", "2", "--from", "developer", check=False)

    assert create("TRIAL").returncode == 1
    decide("admit-issuer", "developer")
    assert create("TRIAL").returncode == 0
    decide("dismiss-issuer", "developer")
    assert create("OTHER").returncode == 1


def test_parameters_of_every_domain_have_bounds(network, act, decide):
    refused = act("governance", "propose", "parameters", "accountsPerSponsor=0", "--from", "hospital", "--acting-for",
                  "hospital-org", check=False)
    assert refused.returncode == 2 and "outside the bounds" in refused.stderr
    assert decide("parameters", "accountsPerSponsor=99999", "clockSkewMilliseconds=3000")["proposal"]["state"] == "accepted"

    def changed():
        view = network.node.call("governance_get")["value"]
        if view["identities"]["accountsPerSponsor"] == 99999:
            return view
        # A block of its own is made by what is paid into it.
        act("revenue", "transfer", "0.01", "--to", "author", "--asset", "EURX", "--from", "clinic")
        return None

    view = until(changed, 120, "the epoch ends")
    assert view["parameters"]["clockSkewMilliseconds"] == 3000


def test_a_pause_holds_one_domain_up_and_ends_by_itself(network, act, decide):
    def standings():
        return [line.split()[1] for line in network.wallet("governance", "list").splitlines() if "Pause revenue" in line]

    too_long = act("governance", "propose", "pause", "revenue", "--for", "8d", "--from", "hospital", "--acting-for",
                   "hospital-org", check=False)
    assert too_long.returncode == 2
    decide("pause", "revenue", "--for", "1h")
    assert "revenue until" in network.wallet("governance", "show")
    held = act("revenue", "transfer", "0.01", "--to", "author", "--asset", "EURX", "--from", "clinic", check=False)
    assert held.returncode == 1 and "domain_paused" in held.stderr
    # A time that people read.
    assert re.search(r"revenue is paused until 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC", held.stderr), held.stderr
    # Other domains go on, and so do votes.
    act("key", "new", "visitor")
    act("account", "sponsor", "visitor", "--kind", "researcher", "--from", "hospital", "--acting-for", "hospital-org")
    decide("lift-pause", "revenue")
    assert "lifted" in standings()
    act("revenue", "transfer", "0.01", "--to", "author", "--asset", "EURX", "--from", "clinic")
    decide("pause", "revenue", "--for", "1h")
    network.advance("2h")
    act("revenue", "transfer", "0.01", "--to", "author", "--asset", "EURX", "--from", "clinic")
    assert "ended" in standings() and "applied" not in standings()


def test_a_canceled_upgrade_reads_as_canceled(network, act, decide):
    height = network.node.call("chain_head")["value"]["height"] + 500
    planned = decide("upgrade", "9.9.9", "--height", height)["proposal"]["id"]
    assert re.search(r"State:\s+applied\n", network.wallet("governance", "show", planned))
    decide("cancel-upgrade")
    shown = network.wallet("governance", "show", planned)
    assert re.search(r"State:\s+cancelled", shown), shown
    (line,) = [line for line in network.wallet("governance", "list").splitlines() if "9.9.9" in line]
    assert "cancelled" in line and "applied" not in line


def test_a_name_is_never_taken_from_another_proposal(network, act):
    def propose(*more, check=True):
        return act("governance", "propose", "admit-issuer", "developer", "--from", "hospital", "--acting-for", "hospital-org",
                   "--as", "ac", "--anyway", *more, check=check)

    def meaning():
        return json.loads(network.wallet("governance", "show", "ac", "--json"))["proposal"]["id"]

    propose()
    first = meaning()
    count = len(network.node.call("governance_list", limit=100)["items"])
    again = propose(check=False)
    assert again.returncode == 2 and f"ac already means the proposal {first}" in again.stderr, again.stderr
    assert "--move-name" in again.stderr
    # Nothing was proposed, and the name means what it meant.
    assert len(network.node.call("governance_list", limit=100)["items"]) == count and meaning() == first
    moved = propose("--move-name", check=False)
    assert moved.returncode == 0 and first in moved.stderr and meaning() != first


def test_every_act_is_listed_with_its_votes(network, act, decide):
    decide("admit-issuer", "newcomer")
    items = network.node.call("governance_list", limit=100)["items"]
    types = {item["proposal"]["change"]["type"] for item in items}
    assert "admitIssuer" in types
    for item in items:
        proposal = item["proposal"]
        if proposal["state"] == "applied":
            assert [ballot["approves"] for ballot in proposal["ballots"]] == [True]
            assert proposal["decidedAt"] >= proposal["proposedAt"]


def test_a_new_member_votes_and_old_releases_stop_before_an_upgrade(tmp_path):
    """One validator becomes two; both decide on an upgrade; both stop before it by themselves, with what to do; a newer release
    goes on with what was final."""
    with Network(tmp_path / "network", validators=1, template=template(tmp_path)) as network:
        governance = Governance(network)
        first = network.members[0]
        network.await_height(2)
        second = join(network, governance, "second")
        governance.decide(["hospital"], "enroll", "--request", str(network.folder / "second.cbor"))

        def told():
            status = run("status", "--home", network.folder / "second", "--node", second.rpc.url)
            return "its enrollment was accepted, and it votes from epoch" in status

        until(told, 30, "its operator is told that it will vote")

        def pay():
            network.environment["MEDNEXUS_NODE"] = first.rpc.url
            network.wallet("revenue", "transfer", "0.01", "--to", "author", "--asset", "EURX", "--from", "clinic", "--yes")

        def enrolled():
            pay()
            return len(first.rpc.value("node_validators")) == 2

        until(enrolled, 120, "the second institution's node votes")
        height = first.height() + 25
        release = "9.1.0"
        # Neither of two decides alone.
        governance.wallet("hospital", "governance", "propose", "upgrade", release, "--height", str(height))
        proposal = first.rpc.call("governance_list")["items"][0]["proposal"]["id"]
        governance.wallet("hospital", "governance", "vote", proposal, "yes")
        assert first.rpc.value("governance_proposal", proposal=proposal)["proposal"]["state"] == "open"
        governance.wallet("second", "governance", "vote", proposal, "yes")
        view = first.rpc.value("governance_proposal", proposal=proposal)
        assert view["proposal"]["state"] == "applied" and len(view["proposal"]["ballots"]) == 2
        assert first.status()["upgrade"] == {"height": height, "release": release, "isInstalled": False}

        while first.alive and first.height() < height - 1:
            with contextlib.suppress(AssertionError):
                pay()
        for member in (first, second):
            assert member.process.wait(60) == 10, member.tail()
            assert f"from block {height} on only release {release}" in member.tail(), member.tail()
            assert f"Install mednexusd {release}" in member.tail(), member.tail()
        # A start of the old release stops at once.
        first.launch()
        assert first.process.wait(60) == 10, first.tail()
        first.verify()

        # The newer release goes on with the same homes.
        os.environ["MEDNEXUS_TRIAL_RELEASE"] = release
        try:
            for member in (first, second):
                member.start()
            assert first.height() >= height - 1
            until(lambda: first.height() >= height - 1 and first.status()["isReady"], 60, "it is ready again")
            before = first.height()
            pay()
            network.await_height(max(before + 1, height))
            assert first.status()["upgrade"]["isInstalled"]
            network.compare()
        finally:
            del os.environ["MEDNEXUS_TRIAL_RELEASE"]
