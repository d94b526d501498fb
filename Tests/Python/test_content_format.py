"""Encrypted content seen from outside: vectors, files of the wallet opened by another implementation, and its memory.

MEDNEXUS_CONTENT_SIZE sets the size of the large file (default 64M; `make large-content SIZE=5G`).
"""

import hashlib
import json
import os
import pathlib
import random
import shutil
import stat
import subprocess
import time

import pytest
from cryptography.exceptions import InvalidTag

import content
import measured
import schema
from conftest import BINARIES, ROOT

VECTORS = json.loads((ROOT / "Specs" / "vectors" / "content.json").read_text())
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
MEMORY_LIMIT = 200 << 20


def large_size():
    text = os.environ.get("MEDNEXUS_CONTENT_SIZE", "64M")
    return int(text[:-1]) * UNITS[text[-1].upper()] if text[-1].upper() in UNITS else int(text)


class Wallet:
    def __init__(self, folder):
        self.folder = folder
        self.home = folder / "wallet"
        self.environment = dict(
            os.environ, MEDNEXUS_WALLET_HOME=str(self.home), MEDNEXUS_PASSPHRASE="long enough", NO_COLOR="1")
        self("key", "new", "author", "--test")

    def run(self, *arguments):
        return subprocess.run(
            [BINARIES / "mednexus", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=3600, env=self.environment, cwd=self.folder)

    def __call__(self, *arguments):
        done = self.run(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, *arguments):
        return json.loads(self(*arguments, "--json"))

    def measured(self, *arguments):
        """Standard output, and the peak of memory in bytes: the largest that the system counted for that process."""
        output, errors, code, peak = measured.run(
            [BINARIES / "mednexus", *arguments], env=self.environment, cwd=self.folder)
        assert code == 0, f"{arguments}: {code}\n{output}\n{errors}"
        return output, peak


@pytest.fixture(scope="module")
def wallet(tmp_path_factory):
    return Wallet(tmp_path_factory.mktemp("content"))


def secret_point(wallet, root):
    """The content point of a root, from the wallet's words and files as Specs/bytes.md says."""
    import hmac

    import cbor2
    from coincurve import PrivateKey
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    import ledger

    seed = ledger.seed(json.loads(wallet("key", "export", "--yes", "--json"))["words"])

    def key(label):
        return HKDF(hashes.SHA256(), 32, None, b"mednexus/secrets/" + label).derive(seed)

    name = hmac.new(key(b"names"), b"\1" + bytes.fromhex(root), hashlib.sha256).digest()[:16].hex()
    version, nonce, sealed = cbor2.loads((wallet.home / "secrets" / f"{name}.secret").read_bytes())
    assert version == 1
    plain = AESGCM(key(b"encryption")).decrypt(nonce, sealed, f"mednexus/secrets/1/{name}".encode())
    kind, scalar, stored, *_ = cbor2.loads(plain)
    assert kind == 1 and stored.hex() == root
    return PrivateKey(scalar).public_key.format(compressed=True)


def test_vectors_are_what_the_specification_gives():
    assert VECTORS == content.vectors()
    for proof in VECTORS["ranges"]["proofs"]:
        schema.Rule("content-range-proof").validate_cbor(bytes.fromhex(proof["proof"]))
    for file in VECTORS["files"]:
        schema.Rule("content-header").validate_cbor(bytes.fromhex(file["header"])[2:])


def test_ranges_are_proven_by_the_other_implementation():
    size = content.CHUNK * 4 + 99
    sealed = content.seal(content.Keys(b"\2" + bytes(32), bytes(32)), content.sample(size))
    pieces = content.chunks(sealed, content.SEALED)
    leaves = [content.leaf(piece) for piece in pieces]
    for first in range(5):
        for count in range(1, 6 - first):
            proof = content.range_proof(leaves, first, count)
            part = pieces[first:first + count]
            assert content.verify_range(proof, part, len(sealed), content.root(sealed))
            assert not content.verify_range(proof, part[::-1] if count > 1 else [b"x"], len(sealed), content.root(sealed))
            assert not content.verify_range(proof, part, len(sealed), bytes(32))


@pytest.mark.parametrize("size", [0, 1, 64_511, 64_512, 64_513, 200_000, 1_047_552, 3_000_001])
def test_another_implementation_opens_what_the_wallet_encrypts(wallet, size):
    file = random.Random(size).randbytes(size)
    name = f"case-{size}.json"
    (wallet.folder / name).write_bytes(file)
    made = wallet.json("content", "encrypt", name)
    sealed = (wallet.folder / made["file"]).read_bytes()
    assert len(sealed) == made["size"] and content.root(sealed).hex() == made["root"]
    keys = content.Keys(secret_point(wallet, made["root"]), bytes.fromhex(made["salt"]))
    assert keys.commitment.hex() == made["keyCommitment"]
    assert content.file_of(content.open_sealed(keys, sealed)) == (name, "application/json", file)


def test_the_wallet_opens_what_another_implementation_encrypts(wallet, tmp_path):
    from coincurve import PrivateKey

    point = PrivateKey(bytes(31) + b"\5").public_key.format(compressed=True)
    salt = bytes(range(32))
    keys = content.Keys(point, salt)
    file = content.sample(150_000)
    sealed = content.seal(keys, content.stream("Röntgen.dcm", "application/dicom", file))
    (tmp_path / "sealed").write_bytes(sealed)
    (tmp_path / "point").write_text(point.hex() + "\n")
    arguments = (
        "content", "decrypt", tmp_path / "sealed", "--key-file", tmp_path / "point", "--salt", salt.hex(),
        "--key-commitment", keys.commitment.hex(), "--root", content.root(sealed).hex())
    made = wallet.json(*arguments, "--out", tmp_path / "out")
    assert (made["name"], made["mediaType"], made["size"]) == ("Röntgen.dcm", "application/dicom", len(file))
    assert (tmp_path / "out").read_bytes() == file
    # The same file without padding is no content: its header does not fill it.
    plain = content.stream("a", "a/b", file)[:content.REGION + len(file)]
    bare = content.seal(keys, plain)
    (tmp_path / "bare").write_bytes(bare)
    done = wallet.run(
        "content", "decrypt", tmp_path / "bare", "--key-file", tmp_path / "point", "--salt", salt.hex(),
        "--key-commitment", keys.commitment.hex(), "--out", tmp_path / "no")
    assert done.returncode == 6 and "150000 bytes" in done.stderr
    assert not (tmp_path / "no").exists()


def test_tampered_files_give_nothing(wallet, tmp_path):
    shutil.copy(ROOT / "README.md", tmp_path / "readme.md")
    (tmp_path / "big").write_bytes(content.sample(400_000))
    made = wallet.json("content", "encrypt", tmp_path / "big", "--out", tmp_path / "sealed")
    good = (tmp_path / "sealed").read_bytes()
    keys = content.Keys(secret_point(wallet, made["root"]), bytes.fromhex(made["salt"]))
    pieces = content.chunks(good, content.SEALED)
    for bad in (
            good[:-1], good + b"\0", good[:content.SEALED], b"".join([pieces[1], pieces[0], *pieces[2:]]),
            b"".join([pieces[0], *pieces]), good[:70_000] + bytes([good[70_000] ^ 1]) + good[70_001:]):
        (tmp_path / "bad").write_bytes(bad)
        verified = wallet.run("content", "verify", tmp_path / "bad", "--root", made["root"])
        assert verified.returncode == 6, verified.stderr
        done = wallet.run(
            "content", "decrypt", tmp_path / "bad", "--root", made["root"], "--out", tmp_path / "out")
        assert done.returncode == 6, done.stderr
        assert sorted(path.name for path in tmp_path.iterdir()) == ["bad", "big", "readme.md", "sealed"]
        with pytest.raises((InvalidTag, AssertionError)):
            content.file_of(content.open_sealed(keys, bad))


def test_secrets_are_listed_and_destroyed_one_by_one(wallet, tmp_path):
    roots = []
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(name.encode())
        roots.append(wallet.json("content", "encrypt", tmp_path / name)["root"])
    files = set((wallet.home / "secrets").iterdir())
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    assert not any(root[:12] in file.name for root in roots for file in files)
    known = {secret["root"] for secret in wallet.json("content", "secrets")}
    assert known >= set(roots)
    assert wallet.run("content", "forget", roots[0]).returncode == 2  # nobody was asked
    wallet("content", "forget", roots[0], "--yes")
    assert len(set((wallet.home / "secrets").iterdir())) == len(files) - 1
    gone = wallet.run("content", "decrypt", tmp_path / "one.sealed", "--out", tmp_path / "out")
    assert gone.returncode == 5 and "no key" in gone.stderr
    wallet("content", "decrypt", tmp_path / "two.sealed", "--out", tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == b"two"


def test_a_large_file_takes_little_memory(wallet):
    size = large_size()
    path = wallet.folder / "large.bin"
    block = random.Random(7).randbytes(1 << 20)
    # Pseudo-random where it matters, sparse between: encryption does not see the difference, the disk does.
    with open(path, "wb") as file:
        for start in range(0, size, 64 << 20):
            file.seek(start)
            file.write(block[:min(len(block), size - start)])
        file.truncate(size)
    steps = {}
    started = time.monotonic()
    output, steps["encrypt"] = wallet.measured("content", "encrypt", path, "--json")
    made = json.loads(output)
    seconds = {"encrypt": time.monotonic() - started}
    started = time.monotonic()
    _, steps["verify"] = wallet.measured("content", "verify", made["file"], "--root", made["root"], "--size", made["size"])
    seconds["verify"] = time.monotonic() - started
    started = time.monotonic()
    out = wallet.folder / "large.out"
    _, steps["decrypt"] = wallet.measured("content", "decrypt", made["file"], "--root", made["root"], "--out", out)
    seconds["decrypt"] = time.monotonic() - started
    subprocess.run(["cmp", path, out], check=True)
    for name, peak in steps.items():
        print(f"content {name}: {size / 1e6 / seconds[name]:.0f} MB/s, peak {peak / (1 << 20):.0f} MiB")
    for file in (path, out, pathlib.Path(made["file"])):
        file.unlink()
    # Of it 128 MiB are scrypt's, which unlocks the keystore before the work begins.
    assert all(peak < MEMORY_LIMIT for peak in steps.values()), steps
