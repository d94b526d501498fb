"""Lost keys: an institution's administrator gets another key by guardians, and everything works again; a thief who talks
guardians round is stopped by the account; members are replaced by the organization's threshold."""

import json
import os
import subprocess
import time

import pytest

from conftest import BINARIES, Devnet


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    network = Devnet(tmp_path_factory.mktemp("recovery") / "devnet")
    yield network
    network.stop()


class Person:
    """Somebody with a wallet of their own, beside the one of the network's people."""

    def __init__(self, network, home):
        self.network = network
        self.environment = dict(network.environment, MEDNEXUS_WALLET_HOME=str(home), MEDNEXUS_PASSPHRASE="long enough")
        status = network.node.call("node_status")
        genesis = (status.get("value") or status)["network"]
        self("network", "add", "devnet", "--node", network.url, "--genesis", genesis)

    def __call__(self, *arguments, check=True):
        done = subprocess.run(
            [BINARIES / "mednexus", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=120, env=self.environment)
        if check:
            assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
            return done.stdout
        return done


def act(network, *arguments, check=True):
    return network.wallet(*map(str, arguments), "--yes", check=check)


def advance(network, duration):
    network.advance(duration)


def value(network, *arguments):
    return json.loads(network.wallet(*map(str, arguments), "--json"))


def sponsor(network, name, kind):
    act(network, "key", "new", name)
    # By the clinic: the hospital's key is the one that gets lost.
    act(network, "account", "sponsor", name, "--kind", kind, "--from", "clinic", "--acting-for", "clinic-org")


def eventually(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not within the time"
        time.sleep(0.25)


def test_an_administrator_who_lost_a_key_goes_on_with_another(network, tmp_path):
    for name in ("gina", "hugo"):
        sponsor(network, name, "professional")
    before = value(network, "account", "show", "hospital")
    act(network, "account", "recover", "arrange", "--guardian", "gina", "--guardian", "hugo", "--guardian", "clinic-org",
        "--threshold", "2", "--delay", "1d", "--from", "hospital")
    shown = network.wallet("account", "recover", "show", "hospital")
    assert "gina" in shown and "2 of 3" in shown and "within 1 day" in shown
    # The machine with the key is gone: another wallet knows the address alone.
    address = network.accounts["hospital"]["address"]
    organization = value(network, "party", "show", "hospital-org")["party"]
    lost = Person(network, tmp_path / "new-machine")
    lost("key", "new", "hospital2")
    lost("account", "recover", "request", address, "--key", "hospital2", "--out", tmp_path / "request.json")
    early = lost("account", "recover", "finish", "hospital2", check=False)
    assert early.returncode == 1 and "no recovery asks for it" in early.stderr
    # Guardians are asked whether it is really the owner, and others can't agree.
    said = act(network, "account", "recover", "approve", tmp_path / "request.json", "--from", "gina", "--as", "rescue")
    assert "Ask by voice or in person" in said
    # Each sees in its inbox what it has to do.
    (agree,) = [one for one in value(network, "account", "inbox", "--from", "hugo") if one["act"] == "recovery.approve"]
    assert "lost its key" in agree["what"] and "rescue" in agree["command"] and agree["deadline"] > 0
    assert not [one for one in value(network, "account", "inbox", "--from", "gina") if one["act"] == "recovery.approve"]
    assert "object unless you asked" in network.wallet("account", "inbox", "--from", "hospital")
    refused = act(network, "account", "recover", "approve", "rescue", "--from", "author", check=False)
    assert refused.returncode == 2 and "no such recovery waits" in refused.stderr
    waiting = lost("account", "recover", "finish", "hospital2", check=False)
    assert waiting.returncode == 1 and "1 of 2 guardians have agreed" in waiting.stderr
    act(network, "account", "recover", "approve", "rescue", "--from", "clinic", "--acting-for", "clinic-org")
    waiting = lost("account", "recover", "finish", "hospital2", check=False)
    assert waiting.returncode == 1 and "can object until" in waiting.stderr
    advance(network, "23h")
    assert lost("account", "recover", "finish", "hospital2", check=False).returncode == 1
    advance(network, "2h")
    eventually(lambda: lost("account", "recover", "finish", "hospital2", check=False).returncode == 0)
    # The same account: address, sponsor and balances; its name in the new wallet is that of the new key.
    after = json.loads(lost("account", "show", "hospital2", "--json"))
    assert after["account"]["address"] == address and after["account"]["key"] != address
    assert after["balances"] == before["balances"]
    assert after["account"]["sponsor"] == before["account"]["sponsor"]
    # As administrator of the institution, and for itself.
    lost("key", "new", "ida")
    lost("account", "sponsor", "ida", "--kind", "researcher", "--from", "hospital2", "--acting-for", organization, "--yes")
    lost("account", "recover", "arrange", "--none", "--from", "hospital2", "--yes")
    # The old key is worth nothing, whoever found it.
    found = act(network, "account", "recover", "arrange", "--guardian", "author", "--from", "hospital", check=False)
    assert found.returncode == 1 and "was replaced" in found.stderr, found.stderr


def test_a_thief_who_talked_guardians_round_is_stopped(network, tmp_path):
    thief = Person(network, tmp_path / "thief")
    thief("key", "new", "mine")
    address = network.accounts["author"]["address"]
    act(network, "account", "recover", "arrange", "--guardian", "gina", "--delay", "1d", "--from", "author")
    thief("account", "recover", "request", address, "--key", "mine", "--out", tmp_path / "steal.json")
    act(network, "account", "recover", "approve", tmp_path / "steal.json", "--from", "gina", "--as", "theft")
    assert "author" in network.wallet("account", "recover", "show", "author")
    stranger = act(network, "account", "recover", "cancel", "theft", "--from", "hugo", check=False)
    assert stranger.returncode == 1 and "alone can object" in stranger.stderr
    act(network, "account", "recover", "cancel", "--from", "author")
    again = act(network, "account", "recover", "approve", "theft", "--from", "gina", check=False)
    assert again.returncode == 2 and "no such recovery waits" in again.stderr
    advance(network, "3d")
    done = thief("account", "recover", "finish", "mine", check=False)
    assert done.returncode == 1
    act(network, "account", "recover", "arrange", "--none", "--from", "author")


def test_an_account_takes_another_key_at_once(network):
    sponsor(network, "rosa", "researcher")
    act(network, "key", "new", "rosa2")
    address = value(network, "account", "show", "rosa")["account"]["address"]
    act(network, "account", "rotate", "--key", "rosa2", "--from", "rosa")
    for name in ("rosa", "rosa2"):
        assert value(network, "account", "show", name)["account"]["address"] == address
    act(network, "account", "recover", "arrange", "--guardian", "gina", "--from", "rosa")
    taken = act(network, "account", "rotate", "--key", "hugo", "--from", "rosa", check=False)
    assert taken.returncode == 1 and "fresh key" in taken.stderr


def test_members_are_replaced_by_the_threshold(network):
    for name in ("mia", "noah", "olga"):
        sponsor(network, name, "professional")
    act(network, "org", "create", "Ward", "--kind", "institution", "--jurisdiction", "DE", "--member", "mia=administrator",
        "--member", "noah=clinician", "--policy", "administration=1", "--from", "mia", "--as", "ward")
    refused = act(network, "org", "rotate", "ward", "--replace", "olga=gina", "--from", "mia", "--acting-for", "ward",
                  check=False)
    assert refused.returncode == 2 and "no member" in refused.stderr
    act(network, "org", "rotate", "ward", "--replace", "mia=olga", "--from", "noah", "--acting-for", "ward")
    members = value(network, "org", "show", "ward")["organization"]["profile"]["members"]
    roles = {member["account"]: member["role"] for member in members}
    olga = value(network, "account", "show", "olga")["account"]["address"]
    assert roles[olga] == "administrator" and len(roles) == 2


def test_an_account_asks_for_a_sponsor(network, tmp_path):
    newcomer = Person(network, tmp_path / "newcomer")
    newcomer("key", "new", "pia")
    asked = json.loads(newcomer("account", "request", "--kind", "researcher", "--json"))
    assert not asked["isRegistered"] and asked["account"] in asked["command"]
    words = asked["command"].replace("REGISTRAR", "clinic").replace("INSTITUTION", "clinic-org").split()[1:]
    act(network, *words)
    assert json.loads(newcomer("account", "request", "--kind", "researcher", "--json"))["isRegistered"]


def pages(network, party, limit):
    """Everything that waits for a party, and how many calls it took."""
    items, cursor, calls = [], {}, 0
    while calls < 500:
        page = network.node.call("account_tasks", party=party, limit=limit, **cursor)
        items += page["items"]
        calls += 1
        if page.get("next") is None:
            return items, calls
        cursor = {"cursor": page["next"]}
    raise AssertionError("the list does not end")


def test_what_waits_comes_whole_page_by_page(network):
    hospital = network.accounts["hospital"]["address"]
    for days in ("5d", "10d"):
        act(network, "mandate", "grant", "clinic", "--operation", "inft.erase", "--until", days, "--from", "author")
    author = network.accounts["author"]["address"]
    whole, once = pages(network, author, 100)
    assert once == 1 and [one["act"] for one in whole].count("mandate.grant") == 2
    assert all(one["deadline"] for one in whole if one["act"] == "mandate.grant")
    parts, calls = pages(network, author, 1)
    assert parts == whole and calls > 1
    cursor = network.node.call("account_tasks", party=author, limit=1)["next"]
    for wrong in ("ff", cursor + "00" * 70):
        with pytest.raises(Exception) as refused:
            network.node.call("account_tasks", party=hospital, cursor=wrong)
        assert refused.value.code == -32602
    near = value(network, "account", "inbox", "--from", "author")
    deadlines = [one["deadline"] for one in near if "deadline" in one]
    assert deadlines == sorted(deadlines)


def test_history_is_in_words_filtered_and_a_table(network):
    everything = value(network, "account", "history", "gina", "--all")
    assert len(everything) > 3
    recoveries = network.wallet("account", "history", "gina", "--act", "recovery.start")
    assert "ask that a new key speak" in recoveries
    newest = value(network, "account", "history", "gina", "--limit", "1")
    assert newest == everything[:1]
    lines = network.wallet("account", "history", "gina", "--all", "--act", "recovery", "--csv").splitlines()
    assert lines[0] == "time,height,transaction,sender,for,operation,words"
    assert len(lines) > 2 and all(",recovery." in line for line in lines[1:])
    assert value(network, "account", "history", "gina", "--all", "--until", "2020-01-01") == []
    mine = value(network, "account", "history", "gina", "--all", "--sender", "hospital")
    assert mine and len(mine) < len(everything)
    unknown = network.wallet("account", "history", "gina", "--act", "nonsense", check=False)
    assert unknown.returncode == 2
