"""What the wallet tells people: the next command is one that works as printed, what is signed says what changes, and times and
names are true."""

import json
import re
import socket
import subprocess

import pytest

from conftest import BINARIES, ROOT, Devnet
from network import until


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    network = Devnet(tmp_path_factory.mktemp("words") / "devnet")
    yield network
    network.stop()


@pytest.fixture()
def act(network):
    return lambda *arguments, check=True: network.wallet(*map(str, arguments), "--yes", check=check)


def mint(act, name, *more):
    act("inft", "mint", "--file", ROOT / "Tests/Story/scores/curb-65.json", "--class", "algorithm", "--title",
        f"The score {name}", "--as", name, "--from", "author", *more)


def help_of(network, *command):
    return " ".join(network.wallet("help", *command).split())


def test_signing_files_are_decoded_not_shown(network, act, tmp_path):
    assert "mednexus tx decode and tx sign" in help_of(network, "account", "inbox")
    file = tmp_path / "joint.json"
    act("revenue", "transfer", "0.01", "--to", "author", "--asset", "EURX", "--from", "clinic", "--build-only", file)
    shown = network.wallet("tx", "show", str(file), check=False)
    assert shown.returncode == 2 and f"mednexus tx decode {file}" in shown.stderr
    assert "0.01 EURX" in network.wallet("tx", "decode", str(file))


def test_who_signs_a_change_of_an_organization_sees_what_changes(network, act, tmp_path):
    act("org", "create", "A Clinic of Two", "--jurisdiction", "DE", "--member", "hospital=administrator", "--member",
        "clinic=registrar", "--member", "newcomer=clinician", "--policy", "administration=1", "--policy", "licensing=2",
        "--from", "hospital", "--as", "two")
    file = tmp_path / "remove.json"
    words = act("org", "member", "two", "--remove", "newcomer", "--from", "hospital", "--acting-for", "two", "--build-only",
                file)
    assert re.search(r"removes newcomer \(.*\), clinician", words)
    # The other signer, who has the file alone, reads the same; and nothing of who stays.
    for command in [["tx", "decode", file], ["tx", "sign", file, "--from", "clinic"]]:
        changes = act(*command).split("as it is now, this", 1)[1].split("Signed:")[0]
        assert "removes newcomer" in changes and "hospital" not in changes
    # A signature that nobody needs would make all of it void: it is not added, unless somebody insists.
    act("org", "member", "two", "--remove", "newcomer", "--from", "hospital", "--acting-for", "two", "--build-only", file)
    said = act("tx", "sign", file, "--from", "hospital")
    assert f"The ledger would take it as it is: mednexus tx submit {file}." in said, said
    signed = file.read_text()
    surplus = act("tx", "sign", file, "--from", "author", check=False)
    assert surplus.returncode == 2 and "no rule asks for the signature of author" in surplus.stderr, surplus.stderr
    assert file.read_text() == signed
    assert "2 signatures" in act("tx", "sign", file, "--from", "author", "--no-check")
    void = act("tx", "submit", file, check=False)
    assert void.returncode == 1 and "mednexus tx merge FILE --without NAME" in void.stderr, void.stderr
    act("tx", "merge", file, "--without", "author")
    signers = network.wallet("tx", "decode", str(file)).split("Signed by:")[1:]
    assert len(signers) == 1 and "hospital" in signers[0], signers
    assert act("tx", "merge", file, "--without", "author", check=False).returncode == 2
    refused = act("org", "member", "two", "--policy", "licensing=0", "--from", "hospital", check=False)
    assert refused.returncode == 2 and "--remove-policy licensing" in refused.stderr
    # A policy that a member's leaving would make impossible goes in the same step.
    unreachable = act("org", "member", "two", "--remove", "newcomer", "--remove", "clinic", "--from", "hospital",
                      "--acting-for", "two", check=False)
    assert unreachable.returncode == 1 and "Change or remove that policy" in unreachable.stderr
    words = act("org", "member", "two", "--remove", "newcomer", "--remove", "clinic", "--remove-policy", "licensing",
                "--from", "hospital", "--acting-for", "two")
    assert "removes the policy for licensing (2 of the members)" in words
    shown = network.wallet("org", "show", "two")
    assert "For administration: 1" in shown and "licensing" not in shown and "newcomer" not in shown
    kept = act("org", "member", "two", "--remove-policy", "administration", "--from", "hospital", check=False)
    assert kept.returncode == 2 and "decides what has none of its own" in kept.stderr


def test_the_inbox_says_what_is_proposed_and_offered_and_what_to_type(network, act):
    act("governance", "propose", "admit-issuer", "clinic-org", "--from", "hospital", "--acting-for", "hospital-org", "--as",
        "issuer-two")
    # The account's own inbox points to that of the organization which it may sign for.
    alone = network.wallet("account", "inbox", "--from", "hospital", check=False)
    assert "mednexus account inbox --from hospital --acting-for hospital-org" in alone.stderr
    inbox = json.loads(network.wallet("account", "inbox", "--from", "hospital", "--acting-for", "hospital-org", "--json"))
    (vote,) = [one for one in inbox if one["act"] == "governance.vote"]
    assert "Let clinic-org" in vote["what"] and "create settlement assets" in vote["what"]
    assert vote["command"] == "mednexus governance vote issuer-two VOTE --from hospital --acting-for hospital-org"
    act(*vote["command"].replace("VOTE", "yes").split()[1:])
    history = network.wallet("account", "history", "hospital-org", "--act", "governance")
    assert re.search(r"propose to the validators: Let clinic-org .* create settlement assets", history)
    act("credential", "offer", "author", "arbiter", "--jurisdiction", "DE", "--from", "accreditor", "--as", "fresh")
    (offer,) = [one for one in json.loads(network.wallet("account", "inbox", "--from", "author", "--json"))
                if one["act"] == "credential.accept"]
    assert "offers arbiter for DE" in offer["what"] and offer["command"] == "mednexus credential accept fresh --from author"
    act(*offer["command"].split()[1:])


def test_what_is_proposed_already_is_not_proposed_again_unnoticed(network, act):
    who = ("--from", "hospital", "--acting-for", "hospital-org")
    act("governance", "propose", "parameters", "epochLength=4321", *who, "--as", "longer")
    again = act("governance", "propose", "parameters", "epochLength=4321", *who, check=False)
    assert again.returncode == 2 and "the same is proposed already: longer" in again.stderr, again.stderr
    assert "mednexus governance vote longer yes" in again.stderr and "--anyway" in again.stderr
    # Another value is another proposal, and whoever means it may repeat the same.
    act("governance", "propose", "parameters", "epochLength=4322", *who, "--as", "other")
    act("governance", "propose", "parameters", "epochLength=4321", *who, "--anyway", "--as", "twice")
    listed = network.wallet("governance", "list", "--state", "open")
    assert all(name in listed for name in ("longer", "other", "twice"))
    # The inbox fits the terminal; what is to be typed stays in one piece.
    done = subprocess.run(
        [BINARIES / "mednexus", "account", "inbox", *who], env={**network.environment, "COLUMNS": "60"}, text=True, cwd=ROOT,
        capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    lines = done.stdout.splitlines()
    indent = lines[0].index("WHAT")
    commands = [line.strip() for line in lines if line.strip().startswith("mednexus ")]
    assert "mednexus governance vote longer VOTE --from hospital --acting-for hospital-org" in commands, lines
    words = [line for line in lines if not line.strip().startswith("mednexus ")]
    assert all(len(line) <= 60 or " " not in line[indent:] for line in words), words
    whole = network.wallet("account", "inbox", *who).splitlines()
    assert max(map(len, whole)) > 60
    for name in ("longer", "other", "twice"):
        act("governance", "vote", name, "no", *who)


def test_credentials_and_delegations_tell_their_places_newest_first(network, act):
    for place in ["DE", "FR"]:
        act("credential", "offer", "coauthor", "medicalLicense", "--jurisdiction", place, "--from", "accreditor")
    lines = network.wallet("credential", "list", "coauthor").splitlines()
    assert "FOR" in lines[0]
    assert [line.split()[2] for line in lines[1:3]] == ["FR", "DE"]
    assert network.wallet("credential", "list", "--subject", "coauthor").splitlines() == lines
    act("delegation", "grant", "clinic-org", "--type", "affiliation", "--jurisdiction", "AT", "--from", "accreditor")
    assert re.search(r"affiliation +AT +yes", network.wallet("delegation", "list", "--delegate", "clinic-org"))


def test_a_stranger_reads_the_title_of_what_is_offered(network, act):
    mint(act, "titled", "--terms", "commercial", "--price", "1.00", "--asset", "EURX")
    assert "“The score titled”" in network.wallet("offer", "list")
    assert "License on “The score titled”" in network.wallet("license", "quote", "titled", "--from", "clinic")
    assert "License on “The score titled”" in act("license", "buy", "titled", "--from", "clinic", "--as", "titled-license")


def test_histories_are_joined_by_time_and_id(network, act):
    act("revenue", "transfer", "0.02", "--to", "author", "--asset", "EURX", "--from", "clinic")
    history = network.wallet("account", "history", "clinic", "--csv", "--limit", "3").splitlines()
    statement = network.wallet("revenue", "statement", "clinic", "--csv").splitlines()
    newest = history[1].split(",")
    (line,) = [one.split(",") for one in statement if newest[2] in one]
    assert newest[0] == line[0] and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", newest[0])
    assert newest[3] == network.accounts["clinic"]["address"]
    shown = network.wallet("account", "history", "clinic", "--limit", "1", check=False)
    assert "--all" in shown.stderr and len(shown.stdout.splitlines()) == 2
    assert "--all" not in network.wallet("account", "history", "clinic", "--all", check=False).stderr


def test_errors_name_commands_and_people(network, act):
    # The signature of one who is not asked.
    refused = act("revenue", "transfer", "0.01", "--to", "author", "--asset", "EURX", "--from", "clinic", "--co-sign",
                  "newcomer", check=False)
    assert refused.returncode == 1 and re.search(r"no rule asks for the signature of newcomer \(", refused.stderr)
    assert network.wallet("help", "governance", "propose", "accredit").count("medical-license") == 0
    refused = act("governance", "propose", "admit-issuer", "clinic-org", "--from", "clinic", "--acting-for", "clinic-org",
                  check=False)
    assert "mednexus governance show" in refused.stderr and "governance_get" not in refused.stderr
    # A field of terms that an option of another name sets.
    refused = act("terms", "new", "--preset", "commercial", "--fee", "5", "--duration", "1d", "--trial", "2d", "--from",
                  "author", check=False)
    assert "grant.trialMilliseconds" in refused.stderr and "set by --trial" in refused.stderr


def test_every_name_in_a_hint_has_a_command():
    """Whoever adds a hint that names an operation or a method adds its command to the table."""
    table = (ROOT / "Sources/WalletKit/CommandWords.swift").read_text()
    known = set(re.findall(r'"([A-Za-z]+[._][A-Za-z]+)":', table))
    operations = set()
    for file in (ROOT / "Sources").rglob("*.swift"):
        operations |= set(re.findall(r'static let name = "([a-zA-Z]+\.[a-zA-Z]+)"', file.read_text()))
    assert len(operations) > 60
    missing = set()
    for room in ["Identities", "Consents", "Revenue", "INFTs", "Licenses", "Governance", "Execution"]:
        for file in (ROOT / "Sources" / room).glob("*.swift"):
            for hint in re.findall(r'hint:\s*(?:"[^"]*"[\s+]*)+', file.read_text()):
                words = set(re.findall(r"\b[a-z]+[a-zA-Z]*[._][a-zA-Z]+\b", hint))
                methods = {word for word in words if re.fullmatch(
                    r"(account|asset|consent|content|dispute|governance|group|identity|inft|license|offer|revenue|tx)_\w+", word)}
                missing |= ((words & operations) | methods) - known
    assert not missing


def test_the_older_names_of_options_are_taken(network, act, tmp_path):
    assert "--answer-within" in help_of(network, "inft", "recall") and "--answer-by" not in help_of(network, "inft", "recall")
    assert "--payer" in help_of(network, "license", "buy") and "--buyer" not in help_of(network, "license", "buy")
    notice = tmp_path / "notice.txt"
    notice.write_text("stop")
    for option in ["--answer-by", "--answer-within"]:
        mint(act, "recalled" + option[-3:].replace("-", ""))
        act("inft", "recall", "recalled" + option[-3:].replace("-", ""), "--reason", "harm", "--notice", notice, option, "2d",
            "--from", "author")


def test_commands_that_read_show_no_options_for_signing(network):
    for command in [["account", "inbox"], ["license", "show"], ["governance", "list"], ["license", "quote"]]:
        assert "--co-sign" not in help_of(network, *command), command
    assert "--co-sign" in help_of(network, "license", "buy")
    # A script that gives every command the same options is still understood.
    network.wallet("governance", "list", "--yes", "--wait")
    asked = network.wallet("account", "inbox", check=False)
    assert asked.returncode == 2 and "which account is meant?" in asked.stderr


def test_a_network_is_pinned_by_its_genesis_file_and_then_proves(network, tmp_path):
    fresh = ["--home", str(tmp_path / "other")]
    genesis = network.home / "genesis.json"
    hash_ = network.network["network"]
    author = network.accounts["author"]["address"]
    believed = network.wallet("network", "add", "local", "--node", network.url, "--genesis", hash_, *fresh, check=False)
    assert believed.returncode == 0 and "--genesis genesis.json" in believed.stderr
    refused = network.wallet("revenue", "statement", author, *fresh, check=False)
    assert refused.returncode == 2 and "--genesis genesis.json" in refused.stderr
    pinned = network.wallet("network", "add", "local", "--node", network.url, "--genesis", str(genesis), *fresh)
    assert "Answers are proven from block 0" in pinned
    assert "Every line is proven" in network.wallet("revenue", "statement", author, *fresh)
    # Pinned again by its hash, what is trusted stays.
    network.wallet("network", "add", "local", "--node", network.url, "--genesis", hash_, *fresh)
    assert "none" not in network.wallet("network", "list", *fresh)
    wrong = network.wallet("network", "add", "local", "--node", network.url, "--genesis", "nowhere.json", *fresh, check=False)
    assert wrong.returncode == 2 and "neither a hash nor a file" in wrong.stderr


@pytest.mark.parametrize("setting", ["rpc.listen", "operator.listen", "p2p.listen"])
def test_a_port_in_use_is_told_once_and_as_nothing_else(setting, tmp_path):
    prepared = daemon("devnet", "--prepare", "--home", str(tmp_path / "net"))
    assert "is prepared" in prepared
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = subprocess.run(
            [BINARIES / "mednexusd", "start", "--home", tmp_path / "net/node-a", "--set",
             f"{setting}=127.0.0.1:{taken.getsockname()[1]}"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 7 and "another program" in done.stderr
    assert " ERROR " not in done.stderr, done.stderr


def test_freshness_after_the_clocks_were_put_ahead(network, act, tmp_path):
    """The last of this network's tests: its clock stays ahead."""
    mint(act, "aged", "--terms", "commercial", "--price", "1.00", "--asset", "EURX")
    act("license", "buy", "aged", "--from", "clinic", "--as", "aged-license")
    network.advance("25h")
    until(lambda: network.node.call("chain_head")["value"]["time"] > 25 * 3_600_000 + mtime(network), 60,
          "a block has the new time")
    proof = tmp_path / "aged.proof"
    network.wallet("license", "check", "aged-license", "--proof", str(proof))
    # The devnet's own wallet knows by how much the clock is ahead; and nothing needs --valid-for.
    fresh = network.wallet("proof", "verify", str(proof))
    assert re.search(r"\d+ s ago by the network's clock, which is 1 day 1 hour ahead", fresh)
    act("revenue", "transfer", "0.01", "--to", "author", "--asset", "EURX", "--from", "clinic")
    # Another wallet says what is the matter, and tells the age as it is.
    other = ["--home", str(tmp_path / "other"), "--genesis", str(network.home / "genesis.json")]
    strange = network.wallet("proof", "verify", str(proof), *other, check=False)
    assert strange.returncode == 6 and "later than the clock" in strange.stderr
    assert "devnet advance" in strange.stderr and "--max-age any" in strange.stderr
    told = network.wallet("proof", "verify", str(proof), "--max-age", "any", *other)
    assert re.search(r"1 day( 1 hour)? ahead of this machine's clock", told) and "0 s ago" not in told
    # What a node's operator is told whose machine has another clock than the chain; the devnet's nodes know better.
    daemon("init", "--home", str(tmp_path / "node"), "--observer", "--genesis", str(network.home / "genesis.json"),
           "--genesis-hash", network.network["network"])
    elsewhere = ["--home", str(tmp_path / "node"), "--set", "rpc.listen=" + network.url.removeprefix("http://")]
    for command in ["status", "doctor"]:
        told = daemon(command, *elsewhere)
        assert re.search(r"clock .*this machine's is 1 day( 1 hour)? behind the chain", told), told
    assert "behind the chain" not in daemon("status", "--home", str(network.home / "node-a"), "--node", network.url)


def daemon(*arguments):
    return subprocess.run(
        [BINARIES / "mednexusd", *arguments], capture_output=True, text=True, timeout=60).stdout


def mtime(network):
    """When this network's genesis was made, in milliseconds."""
    return int((network.home / "genesis.json").stat().st_mtime * 1000)
