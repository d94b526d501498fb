"""Who holds sealed content, and what becomes of it: newer versions, licenses handed on, next owners, clones, erasure."""

import pytest

from conftest import Devnet


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    network = Devnet(tmp_path_factory.mktemp("ownership") / "devnet")
    yield network
    network.stop()


@pytest.fixture(scope="module")
def act(network):
    return lambda *arguments: network.wallet(*map(str, arguments), "--yes")


@pytest.fixture()
def opens(network, tmp_path):
    """What somebody reads, or None."""
    numbers = iter(range(100))

    def opened(kind, name, who):
        out = tmp_path / f"{next(numbers)}"
        done = network.wallet(kind, "open", name, "--out", str(out), "--from", who, check=False)
        return out.read_text() if done.returncode == 0 else None

    return opened


def test_the_key_goes_where_the_ledger_says(network, act, opens, tmp_path):
    (tmp_path / "one").write_text("one")
    (tmp_path / "two").write_text("two")
    act("terms", "new", "--preset", "commercial", "--transferable", "--revisions", "--fee", "1.00", "--asset", "EURX",
        "--from", "author", "--as", "terms")
    act("inft", "mint", "--file", tmp_path / "one", "--seal", "--class", "report", "--title", "R", "--terms", "terms",
        "--price", "25.00", "--asset", "EURX", "--dispute-window", "0m", "--as", "report", "--from", "author")
    act("license", "buy", "report", "--from", "clinic", "--as", "license")
    act("license", "deliver", "license", "--from", "author")
    assert opens("license", "license", "clinic") == "one"
    # A newer version has another key, which a licensee whose terms cover it asks for.
    act("inft", "revise", "report", "--file", tmp_path / "two", "--seal", "--from", "author")
    assert opens("license", "license", "clinic") == "one"
    act("license", "request-version", "license", "--from", "clinic")
    act("license", "deliver", "license", "--from", "author")
    assert opens("license", "license", "clinic") == "two"
    act("inft", "reseal", "report", "--from", "author")
    assert opens("inft", "report", "author") == "two"
    # Handed on by the licensee, who delivers it; the licensor has no part in it.
    act("license", "transfer", "license", "--to", "developer", "--from", "clinic", "--co-sign", "developer")
    act("license", "deliver", "license", "--from", "clinic")
    assert opens("license", "license", "developer") == "two"
    # The INFT itself: offered, accepted by who has the ciphertext, handed over with its key.
    act("inft", "transfer", "report", "--to", "coauthor", "--until", "2d", "--from", "author", "--as", "move")
    act("inft", "accept", "move", "--from", "coauthor")
    assert "Owner:    author" in network.wallet("inft", "show", "report")
    act("inft", "deliver", "move", "--from", "author")
    assert "Owner:    coauthor" in network.wallet("inft", "show", "report")
    assert opens("inft", "report", "coauthor") == "two"
    # An offer of the former owner sells nothing more.
    assert network.wallet("license", "buy", "report", "--from", "developer", "--yes", check=False).returncode == 1


def test_what_is_erased_is_gone_and_proven_so(network, act, opens, tmp_path):
    (tmp_path / "three").write_text("three")
    act("inft", "mint", "--file", tmp_path / "three", "--seal", "--class", "report", "--title", "C", "--as", "copy",
        "--from", "author")
    act("inft", "clone", "copy", "--as", "clone", "--from", "author")
    assert opens("inft", "clone", "author") == "three"
    act("inft", "erase", "copy", "--own-decision", "--as", "receipt", "--from", "author")
    assert opens("inft", "copy", "author") is None
    # The clone has a key of its own, and its own owner's decision to wait for.
    assert opens("inft", "clone", "author") == "three"
    bundle = tmp_path / "bundle"
    network.wallet("erasure", "bundle", "receipt", "--out", str(bundle))
    assert network.wallet("erasure", "verify", str(bundle), check=False).returncode == 0
    damaged = bytearray(bundle.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "damaged").write_bytes(damaged)
    assert network.wallet("erasure", "verify", str(tmp_path / "damaged"), check=False).returncode == 6
    act("inft", "erase", "clone", "--own-decision", "--from", "author")
    gone = network.wallet("content", "get", "--inft", "clone", str(tmp_path / "again"), "--from", "developer", check=False)
    assert gone.returncode == 1 and "erased" in gone.stderr
