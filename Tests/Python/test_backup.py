"""A backup taken under load restores to a node that verifies, joins and never double-signs, even beside its old self."""

import hashlib
import shutil
import subprocess
import time

import pytest

from conftest import BINARIES
from network import Load, Member, Network, until
from test_network import await_vote, others, progress


def run(*arguments, before=()):
    return subprocess.run(
        [*before, BINARIES / "mednexusd", *map(str, arguments)], capture_output=True, text=True, timeout=300)


def good(*arguments):
    done = run(*arguments)
    assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def refused(code, said, *arguments, before=()):
    done = run(*arguments, before=before)
    assert done.returncode == code and said in done.stderr, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"


def evidence(network):
    return [item for member in network.live() for item in member.rpc.call("chain_evidence")["items"]]


def twin(network, member, home):
    """A node on another home that the others take for the member: the same keys, another port."""
    new = Member(network, member.index, member.name, home)
    network._release_ports()
    return new


def files(folder):
    return {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}


def test_a_backup_under_load_restores_and_never_double_signs(tmp_path):
    with Network(tmp_path / "network") as network:
        old = network.members[1]
        with Load(network) as load:
            network.await_height(20)
            backup = tmp_path / "backup"
            for number in range(3):
                said = good("backup", "--home", old.home, tmp_path / f"earlier-{number}")
                assert "No keys" in said
            good("backup", "--home", old.home, backup)
            # Exactly what it says, and nothing secret.
            manifest = (backup / "MANIFEST").read_text().splitlines()
            listed = {line.split()[3]: line.split()[1] for line in manifest if line.startswith("file ")}
            assert set(files(backup)) == set(listed) | {"MANIFEST"} == {
                "MANIFEST", "config.toml", "genesis.json", "ledger/home", "ledger/log/data.mdb", "ledger/state/data.mdb"}
            for path, digest in listed.items():
                assert hashlib.sha256((backup / path).read_bytes()).hexdigest() == digest
            secret = (old.home / "validator.key").read_bytes().strip()
            assert not any(secret in path.read_bytes() for path in files(backup).values())
            refused(3, "is there already", "backup", "--home", old.home, backup)
            refused(3, "is there already", "restore", "--from", backup, "--home", old.home)

            # Every backup restores to a home that replays from genesis; an observer's, without any key.
            for number, source in enumerate([backup, tmp_path / "earlier-0", tmp_path / "earlier-2"]):
                home = tmp_path / f"observer-{number}"
                good("restore", "--from", source, "--home", home)
                assert "Verified" in good("verify", "--home", home)
            # A key that is put beside it signs nothing, with or without the guard of another home.
            shutil.copy(old.home / "validator.key", home / "validator.key")
            refused(5, "guard", "start", "--home", home)
            shutil.copytree(old.home / "guard", home / "guard")
            refused(5, "was not made here", "start", "--home", home)
            refused(5, "has a guard", "keys", "recover-guard", "--home", home, "--no-other-copy")

            # The accident: the validator is restored on another machine while it still runs. With the same transport
            # key the two take each other's connections; whichever of them others see, only the old one signs.
            restored = tmp_path / "restored"
            said = good(
                "restore", "--from", backup, "--home", restored, "--validator-key", old.home / "validator.key",
                "--transport-key", old.home / "transport.key")
            assert "watches an epoch" in said
            new = twin(network, old, restored)
            new.launch()
            progress(network, others(network, old), blocks=40)
            assert evidence(network) == []
            if new.alive:
                new.kill()
            # With a transport key of its own it follows the chain beside the old one, and finds out.
            for path in ("guard", "transport.key", "ledger/journal"):
                shutil.rmtree(restored / path) if (restored / path).is_dir() else (restored / path).unlink()
            new.recover_guard()
            good("keys", "new", "--home", restored)
            new.launch()
            until(lambda: not new.alive, 90, lambda: f"the copy is noticed\n{new.tail()}")
            assert new.process.returncode == 5, new.tail()
            text = new.log.read_text()
            assert "watches for another copy of itself" in text and "another machine votes" in text, new.tail()
            progress(network)
            await_vote(network, old)
            assert evidence(network) == []

            # The right way: the old machine is gone. What it voted until then is no reason to stop for a key that
            # begins to watch now; it watches, and then votes.
            old.kill()
            shutil.rmtree(restored / "guard")
            new.recover_guard()
            shutil.copy(old.home / "transport.key", restored)
            new.start()
            until(lambda: new.status().get("watchesThroughEpoch", 1 << 63) < 1 << 60, 60, lambda: str(new.status()))
            last = new.status()["watchesThroughEpoch"]
            witness = others(network, old)[0]
            # Views that another saw it vote in, and the epoch that they belong to.
            while witness.status()["epoch"] <= last:
                assert witness.votes()[old.name] is None or witness.status()["epoch"] > last or not voted_since(
                    witness, old.name, last), "it votes while it watches"
                time.sleep(0.2)
            network.members[1] = new
            await_vote(network, new, 240)
            assert "the watch is over" in new.log.read_text()
            assert evidence(network) == []
            load.check(new, last=50)
        network.await_height(network.highest())
        network.compare()
        for member in network.members:
            member.stop()
            member.verify()


def voted_since(witness, name, last):
    """Whether the validator's vote belongs to a view of the epoch that runs, which it only watches."""
    first = witness.status()
    vote = witness.votes()[name]
    second = witness.status()
    same = first["epoch"] == second["epoch"] <= last
    return same and vote is not None and first["view"] - vote <= 2


@pytest.fixture(scope="module")
def backup(tmp_path_factory):
    """Of a stopped node."""
    folder = tmp_path_factory.mktemp("backup")
    with Network(folder / "network", 1) as network, Load(network):
        network.await_height(10)
    good("backup", "--home", network.members[0].home, folder / "whole")
    return network, folder / "whole"


def test_a_backup_that_is_not_whole_is_refused(backup, tmp_path):
    network, whole = backup
    for number, path in enumerate(sorted(files(whole))):
        copy = tmp_path / f"missing-{number}"
        shutil.copytree(whole, copy)
        (copy / path).unlink()
        refused(3, path.split("/")[-1], "restore", "--from", copy, "--home", tmp_path / "home")
        shutil.rmtree(copy)
        shutil.copytree(whole, copy)
        data = bytearray((copy / path).read_bytes())
        data[len(data) // 2] ^= 1
        (copy / path).write_bytes(data)
        done = run("restore", "--from", copy, "--home", tmp_path / "home")
        assert done.returncode in (4, 9) and path.split("/")[-1] in done.stderr, done.stderr
        (copy / path).write_bytes(data[: len(data) // 2])
        done = run("restore", "--from", copy, "--home", tmp_path / "home")
        assert done.returncode == 4 and path.split("/")[-1] in done.stderr, done.stderr
        assert not (tmp_path / "home").exists()
    refused(3, "holds no ledger", "backup", "--home", tmp_path / "nothing", tmp_path / "target")


def test_a_full_disk_leaves_no_part_of_a_backup(backup, tmp_path):
    network, _ = backup
    home = tmp_path / "home"
    shutil.copytree(network.members[0].home, home)
    disk = tmp_path / "disk"
    disk.mkdir()
    # In a mount namespace of its own, so that nobody else sees it.
    script = (
        'mount -t tmpfs -o size="$3" none "$0" && "$1" backup --home "$2" "$0/copy"; code=$?; ls -A "$0"; exit $code')

    def attempt(size):
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script, disk, BINARIES / "mednexusd", home, size], capture_output=True,
            text=True, timeout=60)
        if "unshare" in done.stderr or "mount:" in done.stderr:
            pytest.skip("NOT RUN: a disk of one's own needs root")
        return done

    assert attempt("12m").returncode == 0
    # It is seen at the first look, or in the middle of writing.
    with open(home / "config.toml", "a") as settings:
        settings.write("# remark\n" * 2_000_000)
    for size in ("1m", "12m"):
        done = attempt(size)
        assert done.returncode == 6, (done.stdout, done.stderr)
        assert done.stdout.strip() == "", "a part is left"
        assert "space" in done.stderr.lower(), done.stderr
