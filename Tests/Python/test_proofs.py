"""Two verifiers of proofs that share no line of code, proofs.py and the wallet, against a network whose set changes."""

import concurrent.futures
import hashlib
import json
import random

import pytest

import ledger
import proofs
from conftest import Devnet
from test_third_party import sequence_of, wait_final

EPOCH = 40  # blocks, in a local network
CHAIN, SUBJECT = 3, 4  # fields of a proof
CHECKPOINT, VALIDATORS, HOPS, HEADERS, CERTIFICATE = range(5)  # of its chain


class Chain:
    """A network of four validators, and what is asked of it."""

    def __init__(self, network):
        self.network, self.node = network, network.node
        self.asset = self.node.call("asset_list")["items"][0]["asset"]["id"]
        self.payer, self.payee = network.key("clinic"), network.key("author")
        self.sequence = sequence_of(self.node, self.payer, "tmnx")
        self.hashes = {}

    def head(self):
        return self.node.call("chain_head")["height"]

    def pay(self, count=1, together=False):
        """Payments, each in a block of its own, or as many as go into one; their hashes."""
        digests = []
        for left in reversed(range(count)):
            data, digest = ledger.transaction(
                bytes.fromhex(self.network.network["network"]), self.payer, self.sequence,
                [ledger.transfer(ledger.from_bech32m(self.asset), self.payee.address, 1 + left)])
            self.node.call("tx_submit", bytes=data.hex())
            self.sequence += 1
            digests.append(digest)
            if not together or left == 0:
                wait_final(self.node, digest)
        return digests

    def organization(self, account):
        address = self.network.accounts[account]["address"]
        return self.node.call("identity_organizations", member=address)["items"][0]["id"]

    def remove(self, validator):
        """All but the one that stays away vote to remove a validator, whose set ends with the epoch."""
        voters = [("--from", name, "--acting-for", self.organization(name), "--yes")
                  for name in ("hospital", "hospital-2", "hospital-3")]
        self.network.wallet("governance", "propose", "remove", validator, *voters[0])
        proposal = self.node.call("governance_list")["items"][0]["proposal"]["id"]
        for voter in voters:
            self.network.wallet("governance", "vote", proposal, "yes", *voter)
        self.pay(EPOCH - self.head() % EPOCH + 1)

    def trusted(self, height):
        if height not in self.hashes:
            self.hashes[height] = bytes.fromhex(self.node.call("chain_header", height=height)["value"]["hash"])
        return height, self.hashes[height]

    def ask(self, method, checkpoint=0, **parameters):
        """The node's answer, its proof, and what the proof says."""
        answer = self.node.call(method, prove=True, checkpoint=checkpoint, **parameters)
        data = bytes.fromhex(answer["proof"])
        verified = proofs.verify(data, *self.trusted(checkpoint))
        if verified.subject == "state":
            assert (verified.header.height, verified.header.hash.hex()) == (answer["height"], answer["blockHash"])
        return answer, data, verified

    def wallet(self, path, trusted):
        """What `mednexus proof verify` says; None if the proof is invalid."""
        height, block_hash = trusted
        done = self.network.wallet(
            "proof", "verify", str(path), "--checkpoint", f"{height}:{block_hash.hex()}", "--json", "--max-age", "any",
            check=False)
        assert done.returncode in (0, 1, 6), (path, done.returncode, done.stdout, done.stderr)
        return None if done.returncode == 6 else json.loads(done.stdout)

    def wallets(self, folder, cases):
        """The wallet's word on many, `[(data, trusted)]`."""
        def one(position):
            path = folder / f"{position}.proof"
            path.write_bytes(cases[position][0])
            return self.wallet(path, cases[position][1])

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            return list(pool.map(one, range(len(cases))))


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """Four validators, from block 41 on three, from block 81 on two."""
    network = Devnet(tmp_path_factory.mktemp("proofs") / "devnet", "--validators", "4")
    try:
        result = Chain(network)
        result.pay(3)
        result.remove("node-d")
        result.remove("node-c")
        result.pay(5)
        yield result
    finally:
        network.stop()
    assert network.process.returncode == 0, network.home.with_suffix(".log").read_text()


def ours(data, trusted):
    """What proofs.py says; None if the proof is invalid."""
    try:
        return proofs.verify(data, *trusted)
    except proofs.ProofError:
        return None


def says_the_same(verified, said):
    """Does the wallet name the same block, records and transaction?"""
    if (said["height"], said["blockHash"]) != (verified.header.height, verified.header.hash.hex()):
        return False
    if (said["time"], said["network"], said["subject"]) != (
            verified.header.time, verified.header.network.hex(), verified.subject):
        return False
    if verified.subject == "state":
        reads = {bytes.fromhex(read["key"]): read["value"] for read in said["reads"]}
        return reads == {key: value if value is None else value.hex() for key, value in verified.reads.items()}
    if verified.subject == "transaction":
        return said["transaction"] == verified.transaction_hash.hex()
    return said["stateRoot"] == verified.header.state_root.hex()


# What the node proves


def test_blocks_are_proven_from_earlier_and_later_checkpoints(chain):
    heights = [0, 1, 2, EPOCH - 1, EPOCH, EPOCH + 1, 2 * EPOCH - 1, 2 * EPOCH, 2 * EPOCH + 1, chain.head()]
    heights += random.Random(1).sample(range(3, EPOCH - 1), 6)
    for checkpoint in heights:
        for height in heights:
            answer, _, verified = chain.ask("chain_header", checkpoint, height=height)
            assert verified.subject == "block" and verified.maximum_age is None
            assert verified.header.hash.hex() == answer["value"]["hash"]
            assert proofs.encode(list(verified.header)).hex() == answer["value"]["encodedHeader"]


def test_another_checkpoint_is_refused(chain):
    _, data, _ = chain.ask("chain_head", EPOCH)
    for trusted in [(EPOCH + 1, chain.trusted(EPOCH)[1]), (EPOCH, chain.trusted(EPOCH + 1)[1]), chain.trusted(0)]:
        with pytest.raises(proofs.ProofError) as refused:
            proofs.verify(data, *trusted)
        assert refused.value.field == "checkpoint"


def questions(chain):
    """Reads of the state. Their records are there, or not: balances of who has none, organizations without policies."""
    accounts = [account["address"] for account in chain.network.accounts.values()]
    organizations = [chain.organization(name) for name in ("hospital", "clinic")]
    for address in accounts:
        yield "account_get", {"address": address}
        yield "account_sequence", {"address": address}
    for party in accounts + organizations:
        yield "identity_get", {"party": party}
        yield "revenue_balance", {"party": party, "asset": chain.asset}
        yield "identity_credentials", {"subject": party}
    yield "revenue_statement", {"party": accounts[3], "asset": chain.asset, "limit": 100}
    yield "asset_get", {"asset": chain.asset}
    yield "asset_list", {}
    yield "governance_get", {}
    yield "governance_list", {}


def test_reads_are_proven(chain, tmp_path):
    checkpoints = [0, EPOCH, 2 * EPOCH + 1, chain.head()]
    cases, asked = [], []
    for position, (method, parameters) in enumerate(questions(chain)):
        checkpoint = checkpoints[position % 4]
        answer, data, verified = chain.ask(method, checkpoint, **parameters)
        assert verified.subject == "state" and verified.maximum_age == 3_600_000
        cases.append((data, chain.trusted(checkpoint)))
        asked.append((answer, verified))
    some = random.Random(5).sample(range(len(cases)), 32)
    for position, said in zip(some, chain.wallets(tmp_path, [cases[position] for position in some]), strict=True):
        answer, verified = asked[position]
        assert says_the_same(verified, said)
        assert said["answer"] == answer.get("value", answer.get("items"))
    values = [value for _, verified in asked for value in verified.reads.values()]
    assert values.count(None) > 100 and len(values) - values.count(None) > 100


def test_transactions_are_proven(chain, tmp_path):
    first = chain.head() + 1
    chain.pay(60, together=True)
    chain.pay(1)
    cases, proven, positions = [], [], []
    for height in range(first, chain.head() + 1):
        block = chain.node.call("chain_block", height=height)["value"]
        _, transactions, _, _ = proofs.decode(bytes.fromhex(block["encodedBlock"]), "block")
        for index, transaction in enumerate(transactions):
            body, _ = proofs.decode(transaction, "transaction")
            digest = proofs.tagged("mednexus/tx", proofs.encode(body))
            checkpoint = [0, 2 * EPOCH, first - 1, chain.head()][index % 4]
            answer, data, verified = chain.ask("tx_get", checkpoint, hash=digest.hex())
            assert verified.transaction_hash == digest and verified.header.height == height
            assert proofs.decode(data, "proof")[SUBJECT][1][0] == index == answer["value"]["index"]
            assert len(verified.receipt[2]) == len(answer["value"]["events"]) == 1
            cases.append((data, chain.trusted(checkpoint)))
            proven.append(verified)
            positions.append((index, len(transactions)))
    assert len(cases) == 61 and max(positions)[1] > 2
    for verified, said in zip(proven, chain.wallets(tmp_path, cases), strict=True):
        assert says_the_same(verified, said)


# Ten thousand records


def records(chain):
    """What the state holds, by key, of what questions lead to."""
    result = {}
    for method, parameters in questions(chain):
        result.update(chain.ask(method, chain.head(), **parameters)[2].reads)
    return result


def neighbor(key, chance):
    """A key that differs a little."""
    where, how = chance.randrange(len(key)), chance.randrange(4)
    if how == 0:
        return key[:where] + bytes([key[where] ^ 1 << chance.randrange(8)]) + key[where + 1 :]
    if how == 1:
        return key[:where] + chance.randbytes(1) + key[where:]
    if how == 2 and len(key) > 1:
        return key[:where] + key[where + 1 :]
    return key[:-1] + bytes([(key[-1] + 1) % 256])


def test_evidence_is_not_overwritten(chain, tmp_path):
    kept = tmp_path / "kept.proof"
    kept.write_bytes(b"evidence")
    license_id = ledger.bech32m("tmnxlic", bytes(32))
    consent = ledger.bech32m("tmnxconsent", bytes(32))
    for command in [
        ["proof", "block", "--out", str(kept)],
        ["license", "check", license_id, "--proof", str(kept)],
        ["consent", "check", consent, "--actor", "clinic-org", "--action", "analyze", "--proof", str(kept)],
    ]:
        done = chain.network.wallet(*command, check=False)
        assert done.returncode == 2 and "is there already" in done.stderr, (command, done.returncode, done.stderr)
    assert kept.read_bytes() == b"evidence"


def test_ten_thousand_records_present_and_absent(chain, tmp_path):
    chance = random.Random(2)
    known = sorted(records(chain))
    cases, proven, ends = [], [], {"present": 0, "empty": 0, "another leaf": 0}
    for _ in range(40):
        chain.pay()  # another root each time
        checkpoint = chance.randrange(chain.head() + 1)
        keys = set(chance.sample(known, min(len(known), 120)))
        keys.update(neighbor(chance.choice(known), chance) for _ in range(70))
        while len(keys) < 256:
            keys.add(chance.randbytes(chance.choice([1, 2, 3, 32, 40, 1024])))
        keys = list(keys)
        chance.shuffle(keys)
        answer, data, verified = chain.ask("proof_state", checkpoint, keys=[key.hex() for key in keys])
        assert len(verified.reads) == 256
        for key, value in zip(keys, answer["value"], strict=True):
            assert verified.reads[key] == (None if value is None else bytes.fromhex(value))
        for _, value, (_, terminal) in proofs.decode(data, "proof")[SUBJECT][1]:
            ends["present" if value is not None else "another leaf" if terminal[0] else "empty"] += 1
        cases.append((data, chain.trusted(checkpoint)))
        proven.append(verified)
    for verified, said in zip(proven, chain.wallets(tmp_path, cases), strict=True):
        assert says_the_same(verified, said)
    print(ends)
    assert sum(ends.values()) == 10_240 and min(ends.values()) > 800, ends


# What is no proof


class Original:
    """A valid proof to be changed, by name."""

    def __init__(self, chain, name, checkpoint, method, **parameters):
        self.name, self.checkpoint, self.trusted = name, checkpoint, chain.trusted(checkpoint)
        _, self.data, self.verified = chain.ask(method, checkpoint, **parameters)
        self.tree = proofs.decode(self.data, "proof")

    def allows(self, said: proofs.Verified):
        """Is it what the original says? Or less: fewer records, a later block of the chain, that other keys are absent
        too (what proves that there is nothing under a key proves it for all whose paths begin alike)."""
        if said.subject == "block" and said.header in self.headers():
            return self.verified.subject == "block"
        return (
            said.header == self.verified.header and said.subject == self.verified.subject
            and all(value == self.verified.reads.get(key) for key, value in said.reads.items())
            and said.transaction_hash == self.verified.transaction_hash and said.receipt == self.verified.receipt)

    def headers(self):
        return [proofs.header(one, "headers") for one in self.tree[CHAIN][HEADERS]]


@pytest.fixture(scope="module")
def originals(chain):
    known = sorted(records(chain).items())
    present = [key for key, value in known if value is not None and len(value) < 40][:3]
    absent = [key for key, value in known if value is None][:2]
    several = [key.hex() for key in [proofs.VALIDATORS_KEY, *present, *absent, b"x"]]
    paid = [chain.node.call("tx_get", hash=digest.hex())["value"] for digest in chain.pay(30, together=True)]
    digest = next(transaction["hash"] for transaction in paid if transaction["index"] > 0)
    earlier = Original(chain, "state at the checkpoint", chain.head(), "proof_state", keys=several)
    chain.pay()
    return [
        Original(chain, "state", 0, "proof_state", keys=several),
        earlier,
        Original(chain, "transaction", EPOCH, "tx_get", hash=digest),
        Original(chain, "block", 3, "chain_header", height=2 * EPOCH),
        Original(chain, "block of the first epoch", 1, "chain_header", height=EPOCH - 2),
        Original(chain, "block below", EPOCH + 4, "chain_header", height=EPOCH),
        Original(chain, "list", 2 * EPOCH, "asset_list"),
    ]


def is_advice(path):
    """network-kind, maximum-age, question"""
    return path[0] in (1, 2) or path[:2] == (SUBJECT, 2)


def replaced(tree, path, value):
    if not path:
        return value
    result = list(tree)
    result[path[0]] = replaced(tree[path[0]], path[1:], value)
    return result


def at(tree, path):
    for index in path:
        tree = tree[index]
    return tree


def changes(value, chance):
    """Other values in place of one, each with what was done."""
    if type(value) is list:
        for index in range(len(value)):
            yield f"drop {index}", value[:index] + value[index + 1 :]
        for index in range(len(value) - 1):
            yield "swap", value[:index] + [value[index + 1], value[index]] + value[index + 2 :]
        if value:
            yield "double", value + [value[-1]]
            yield "double the first", [value[0]] + value
        yield "append", value + [None]
        yield "append a hash", value + [bytes(32)]
        yield "prepend a hash", [bytes(32)] + value
        yield "wrap", [value]
        yield "empty", []
    elif type(value) is bytes:
        if value:
            where = chance.randrange(len(value))
            yield "flip", value[:where] + bytes([value[where] ^ 1 << chance.randrange(8)]) + value[where + 1 :]
            yield "shorten", value[:-1]
            yield "empty", b""
        yield "lengthen", value + b"\0"
        yield "zero", bytes(len(value))
        yield "text", value.hex()
    elif type(value) is bool:
        yield "not", not value
        yield "number", int(value)
    elif type(value) is int:
        yield "more", value + 1
        yield "most", proofs.MAXIMUM_UINT
        if value > 0:
            yield "less", value - 1
        if value < 2:
            yield "truth", bool(value)
    elif type(value) is str:
        yield "longer", value + "x"
        yield "bytes", value.encode()
    else:
        yield "number", 0
        yield "array", []
        yield "false", False
    if value is not None:
        yield "nothing", None
    if value != b"\0":
        yield "something", b"\0"


def places(tree, path=()):
    yield path
    if type(tree) is list:
        for index, value in enumerate(tree):
            yield from places(value, path + (index,))


def one_change_each(original, chance):
    """Every change of one field, encoded as it should be: path, what was done, bytes."""
    for path in places(original.tree):
        for what, value in changes(at(original.tree, path), chance):
            data = proofs.encode(replaced(original.tree, path, value))
            if data != original.data:
                yield path, what, data


def may_pass(original, path, what):
    """Changes that leave a proof: of less (see above), without a hop that repeats the set, or with another size of the
    transaction's block, to which no root commits."""
    if is_advice(path):
        return True
    if original.verified.subject == "transaction" and path == (SUBJECT, 1, 1):
        return True
    if len(path) == 4 and path[:2] == (SUBJECT, 1) and path[3] == 0 and original.verified.subject == "state":
        return at(original.tree, path[:3])[1] is None
    if path == (SUBJECT, 1) and original.verified.subject == "state":
        return what.startswith("drop") or what in ("swap", "empty")
    if path == (CHAIN, HEADERS):
        return what == "drop 0" and original.verified.subject == "block" and len(original.headers()) > 1
    return path == (CHAIN, HOPS) and what == "drop 0" and original.checkpoint == 0


def agree(chain, folder, cases):
    """Both verifiers say the same of all, `[(original, what, data)]`; how many are proofs still."""
    words = chain.wallets(folder, [(data, original.trusted) for original, _, data in cases])
    accepted, disputed = 0, []
    for position, ((original, what, data), said) in enumerate(zip(cases, words, strict=True)):
        verified = ours(data, original.trusted)
        # Who has the functions of the ledger asks again, and so refuses more where there is a question.
        asked = original.verified.subject == "state" and original.tree[SUBJECT][2] is not None
        is_agreed = (verified is None) == (said is None) or (said is None and asked)
        if verified is not None:
            accepted += 1
            is_agreed &= original.allows(verified) and (said is None or says_the_same(verified, said))
        if not is_agreed:
            disputed.append((original.name, what, verified, said, str(folder / f"{position}.proof")))
    assert not disputed
    return accepted


def test_no_change_of_one_field_is_accepted(chain, originals, tmp_path):
    chance = random.Random(3)
    tried, passed, cases = 0, 0, []
    for original in originals:
        all_changes = list(one_change_each(original, chance))
        for path, what, data in chance.sample(all_changes, min(len(all_changes), 1500)):
            tried += 1
            verified = ours(data, original.trusted)
            if verified is not None:
                assert may_pass(original, path, what), (original.name, path, what)
                assert original.allows(verified), (original.name, path, what)
                passed += 1
        cases += [(original, (path, what), data) for path, what, data in chance.sample(all_changes, 60)]
    print(f"{tried} changes of one field, {passed} of them harmless")
    agree(chain, tmp_path, cases)


def changed_bytes(data, chance):
    where = chance.randrange(len(data))
    how = chance.choice(["flip", "replace", "truncate", "insert", "delete", "exchange", "append", "repeat"])
    if how == "flip":
        return how, data[:where] + bytes([data[where] ^ 1 << chance.randrange(8)]) + data[where + 1 :]
    if how == "replace":
        return how, data[:where] + chance.randbytes(1) + data[where + 1 :]
    if how == "truncate":
        return how, data[:where]
    if how == "insert":
        return how, data[:where] + chance.randbytes(1) + data[where:]
    if how == "delete":
        return how, data[:where] + data[where + 1 :]
    if how == "append":
        return how, data + chance.randbytes(1)
    other, length = chance.randrange(len(data)), chance.randrange(1, 40)
    if how == "repeat":
        return how, data[:where] + data[other : other + length] + data[where:]
    low, high = sorted((where, other))
    length = min(length, high - low)
    return how, (
        data[:low] + data[high : high + length] + data[low + length : high] + data[low : low + length]
        + data[high + length :])


def test_changed_bytes_have_one_verdict(chain, originals, tmp_path):
    chance = random.Random(4)
    cases = []
    for original in originals:
        cases += [(original, *changed_bytes(original.data, chance)) for _ in range(60)]
    print(f"{len(cases)} files, {agree(chain, tmp_path, cases)} of them proofs still")

    for original in originals:  # and many more by ours alone
        for _ in range(500):
            how, data = changed_bytes(original.data, chance)
            verified = ours(data, original.trusted)
            assert verified is None or original.allows(verified), (original.name, how)


def forged_chains(tree):
    """Where, and what to put there: for a chain that ends in a certificate."""
    chain = tree[CHAIN]
    certificate, hops, headers, validators = chain[CERTIFICATE], chain[HOPS], chain[HEADERS], chain[VALIDATORS]
    signers, signatures = certificate[5], certificate[6]
    bits, size = int.from_bytes(signers, "big"), len(signers)

    def put(what, field, value):
        return what, (CHAIN, field), value

    def signed(what, bits, signatures, size=size):
        return put(what, CERTIFICATE, [*certificate[:5], bits.to_bytes(size, "big"), signatures])

    count = len(hops[-1][2]) if hops else len(validators)
    quorum = count - (count - 1) // 3
    fewer = bits
    for left in reversed(range(len(signatures))):
        fewer &= fewer - 1  # the last signer's
        if left < quorum:
            yield signed(f"{left} of {count} signers", fewer, signatures[:left])
    unused = next(bit for bit in (128 >> index for index in range(8)) if not bits & bit)
    yield signed("another signer's bit", bits & bits - 1 | unused, signatures)
    yield signed("a bit without a signature", bits | unused, signatures)
    yield signed("a signature without a bit", bits, signatures + signatures[-1:])
    yield signed("a signer beyond the set", bits | 1, signatures + signatures[-1:])
    yield signed("a longer bitmap", bits << 8, signatures, size + 1)
    yield signed("signatures exchanged", bits, signatures[::-1])
    yield signed("one signature for all", bits, signatures[:1] * len(signatures))
    yield put("a notarization", CERTIFICATE, [0, *certificate[1:]])
    yield put("another view", CERTIFICATE, [*certificate[:2], certificate[2] + 1, *certificate[3:]])
    yield put("no certificate", CERTIFICATE, None)
    yield put("validators exchanged", VALIDATORS, validators[::-1])
    yield put("fewer validators", VALIDATORS, validators[:-1])
    yield put("a validator twice", VALIDATORS, validators + validators[:1])
    yield put("another top", HEADERS, headers + [chain[CHECKPOINT]])
    if not hops:
        return

    yield put("no hops", HOPS, [])
    yield put("the last hop left out", HOPS, hops[:-1])
    yield put("the last hop twice", HOPS, hops + hops[-1:])
    yield put("the first hop twice", HOPS, hops[:1] + hops)
    yield put("the certificate of a hop", CERTIFICATE, hops[-1][1])
    yield put("a hop as the top", HEADERS, [hops[-1][0]])
    yield put("the checkpoint as the top", HEADERS, [chain[CHECKPOINT]])
    if len(hops) > 1:
        yield put("hops exchanged", HOPS, hops[::-1])
        yield put("a hop between left out", HOPS, hops[:-2] + hops[-1:])
        yield "a hop without certificate", (CHAIN, HOPS, 1, 1), None
        yield "the earlier set again", (CHAIN, HOPS, len(hops) - 1, 2), hops[-2][2]
        yield put("the earlier set with its proof", HOPS, hops[:-1] + [hops[-1][:2] + hops[-2][2:]])
    if hops[0][1] is None:
        yield "the checkpoint with a certificate", (CHAIN, HOPS, 0, 1), certificate


def forged_headers(tree, certificate, hop):
    """For a chain that ends in the checkpoint."""
    headers = tree[CHAIN][HEADERS]
    yield "a gap", (CHAIN, HEADERS), headers[:1] + headers[2:]
    yield "without the checkpoint", (CHAIN, HEADERS), headers[:-1]
    yield "downwards", (CHAIN, HEADERS), headers[::-1]
    yield "a certificate that is not needed", (CHAIN, CERTIFICATE), certificate
    yield "a hop that is not needed", (CHAIN, HOPS), [hop]


def forged_records(tree, elsewhere):
    """For some that are present, and some that are absent."""
    reads = tree[SUBJECT][1]
    present = [read for read in reads if read[1] is not None]
    absent = [read for read in reads if read[1] is None]
    assert len(present) > 2 and len(absent) > 1
    yield "a record twice", (SUBJECT, 1), reads + reads[:1]
    yield "a record of another block", (SUBJECT, 1), reads[1:] + elsewhere[:1]
    for index, (key, value, (siblings, terminal)) in enumerate(reads):
        def put(what, *read, index=index):
            return what, (SUBJECT, 1, index), list(read)

        own = proofs.path_of(key)
        if value is not None:
            near = own[:-1] + bytes([own[-1] ^ 1])
            leaf = proofs.sha(b"\x11", own, proofs.sha(value))
            other = next(read for read in present if read[0] != key)
            yield put("another value", key, value + b"\0", [siblings, terminal])
            yield put("another value, its hash", key, b"\0", [siblings, [1, own, proofs.sha(b"\0")]])
            yield put("nothing, but its leaf", key, None, [siblings, terminal])
            yield put("nothing, a leaf beside", key, None, [siblings, [1, near, terminal[2]]])
            yield put("nothing, empty", key, None, [siblings, [0]])
            yield put("nothing, its leaf a sibling", key, None, [siblings + [leaf], [0]])
            yield put("the other's terminal", key, value, [siblings, other[2][1]])
            yield put("the other's proof", key, value, other[2])
            yield put("another key", key + b"\0", value, [siblings, terminal])
        else:
            yield put("something", key, b"", [siblings, terminal])
            yield put("something, its leaf", key, b"", [siblings, [1, own, proofs.sha(b"")]])
            yield put("the other terminal", key, None, [siblings, present[0][2][1] if terminal == [0] else [0]])
            far = next(bytes([n]) for n in range(256) if proofs.path_of(bytes([n]))[0] ^ own[0] > 127)
            yield put("another key", far, None, [siblings, terminal])
        yield put("sibling dropped", key, value, [siblings[:-1], terminal])
        yield put("first sibling dropped", key, value, [siblings[1:], terminal])
        yield put("sibling appended", key, value, [siblings + [bytes(32)], terminal])
        yield put("sibling put before", key, value, [[bytes(32)] + siblings, terminal])
        yield put("siblings reversed", key, value, [siblings[::-1], terminal])
        yield put("256 siblings", key, value, [(siblings + [bytes(32)] * 256)[:256], terminal])
        yield put("257 siblings", key, value, [(siblings + [bytes(32)] * 257)[:257], terminal])


def forged_transactions(tree):
    index, count, transaction, path, receipt, receipt_path = tree[SUBJECT][1]
    body, _ = proofs.decode(transaction, "transaction")

    def put(what, *inclusion):
        return what, (SUBJECT, 1), list(inclusion)

    yield put("another place", index - 1, count, transaction, path, receipt, receipt_path)
    yield put("beyond", count, count, transaction, path, receipt, receipt_path)
    yield put("a larger block", index, count * 2, transaction, path, receipt, receipt_path)
    yield put("too large a block", index, 10_001, transaction, path, receipt, receipt_path)
    yield put("an empty block", 0, 0, transaction, path, receipt, receipt_path)
    yield put("paths exchanged", index, count, transaction, receipt_path, receipt, path)
    yield put("a shorter path", index, count, transaction, path[:-1], receipt, receipt_path)
    yield put("a longer path", index, count, transaction, path + [bytes(32)], receipt, receipt_path)
    yield put("a longer receipt path", index, count, transaction, path, receipt, receipt_path + [bytes(32)])
    yield put("unsigned", index, count, proofs.encode([body, []]), path, receipt, receipt_path)
    yield put("no events", index, count, transaction, path, [*receipt[:2], []], receipt_path)
    yield put("another hash", index, count, transaction, path, [bytes(32), *receipt[1:]], receipt_path)


def forgeries(originals):
    """Changes of somebody who knows how it works: none of them is a proof."""
    named = {original.name: original for original in originals}
    state, below, transaction = named["state"], named["block below"], named["transaction"]
    kinds = [(original, forged_chains(original.tree)) for original in originals
             if original.tree[CHAIN][CERTIFICATE] is not None]
    kinds += [
        (below, forged_headers(below.tree, state.tree[CHAIN][CERTIFICATE], state.tree[CHAIN][HOPS][1])),
        (state, forged_records(state.tree, named["state at the checkpoint"].tree[SUBJECT][1])),
        (transaction, forged_transactions(transaction.tree)),
    ]
    for original, changed in kinds:
        for what, path, value in changed:
            yield original, what, proofs.encode(replaced(original.tree, path, value))


def encodings(original):
    """The same proof, or nearly, in bytes that are not deterministic CBOR."""
    data = original.data
    network_kind, age = 2, 3  # where they stand in the bytes
    yield "trailing byte", data + b"\0"
    yield "nothing", b""
    yield "indefinite length", b"\x9f" + data[1:] + b"\xff"
    yield "overlong array", b"\x98\x05" + data[1:]
    yield "overlong version", b"\x85\x18\x01" + data[2:]
    yield "overlong kind", data[:network_kind] + b"\x19\x00\x01" + data[age:]
    yield "tag", data[:network_kind] + b"\xc1\x01" + data[age:]
    yield "self-described", b"\xd9\xd9\xf7" + data
    yield "float", data[:network_kind] + b"\xf9\x3c\x00" + data[age:]
    yield "true", data[:network_kind] + b"\xf5" + data[age:]
    yield "negative", data[:network_kind] + b"\x20" + data[age:]
    yield "map", data[:network_kind] + b"\xa0" + data[age:]
    yield "undefined", data[:network_kind] + b"\xf7" + data[age:]
    yield "simple value", data[:network_kind] + b"\xe0" + data[age:]
    yield "bignum", data[:network_kind] + b"\xc2\x41\x01" + data[age:]
    yield "too deep", data[:network_kind] + b"\x81" * 23 + b"\x80" + data[age:]
    yield "far too deep", b"\x81" * 100_000
    yield "a huge array", data[:network_kind] + b"\x9b" + b"\xff" * 8 + data[age:]
    yield "huge bytes", data[:network_kind] + b"\x5b" + b"\x7f" + b"\xff" * 7 + data[age:]
    assert data.endswith(b"\xf6")  # no question
    for name, method in [
        ("cut", b"\xc3"), ("overlong", b"\xc0\xaf"), ("surrogate", b"\xed\xa0\x80"), ("beyond", b"\xf4\x90\x80\x80"),
        ("continuation", b"\x80"),
    ]:
        yield f"text: {name}", data[:-1] + b"\x83" + bytes([0x60 + len(method)]) + method + b"\x60\x82\x80\x80"


def test_forgeries_and_other_encodings_are_refused_by_both(chain, originals, tmp_path):
    cases = list(forgeries(originals))
    cases += [(originals[0], what, data) for what, data in encodings(originals[0])]
    for original, what, data in cases:
        assert data != original.data, what
        assert ours(data, original.trusted) is None, (original.name, what)
    assert agree(chain, tmp_path, cases) == 0
    print(f"{len(cases)} forgeries")


def test_what_may_be_left_out_is_no_part_of_the_proof(chain, originals, tmp_path):
    cases = []
    state = originals[0]
    for what, path, value in [
        ("fewer records", (SUBJECT, 1), state.tree[SUBJECT][1][1:]),
        ("another order", (SUBJECT, 1), state.tree[SUBJECT][1][::-1]),
        ("no records", (SUBJECT, 1), []),
        ("for ever", (2,), None),
        ("not for long", (2,), 0),
        ("longest", (2,), proofs.MAXIMUM_UINT),
        ("main network", (1,), 0),
        ("only the block", (SUBJECT,), [0]),
    ]:
        cases.append((state, what, proofs.encode(replaced(state.tree, path, value))))
    for original in originals[4:6]:
        signed = original.tree[CHAIN][CERTIFICATE]
        if signed is not None and len(signed[6]) == 4:  # three are enough
            fewer = signed[:5] + [b"\x70", signed[6][1:]]
            cases.append((original, "a quorum", proofs.encode(replaced(original.tree, (CHAIN, CERTIFICATE), fewer))))
    below = originals[5]
    cases.append((below, "the next block", proofs.encode(replaced(
        below.tree, (CHAIN, HEADERS), below.tree[CHAIN][HEADERS][1:]))))
    asked = originals[6]
    cases.append((asked, "no question", proofs.encode(replaced(asked.tree, (SUBJECT, 2), None))))
    words = chain.wallets(tmp_path, [(data, original.trusted) for original, _, data in cases])
    for (original, what, data), said in zip(cases, words, strict=True):
        verified = ours(data, original.trusted)
        assert verified is not None and said is not None, what
        assert says_the_same(verified, said), what


# Chains of our own making: who trusts a block of one can be shown what no network has


KEYS = [ledger.Key(hashlib.sha256(bytes([index])).digest()) for index in range(101)]
NETWORK = bytes([7]) * 32


def validators(keys):
    return [[key.address, [1, key.address]] for key in keys]


def made_header(keys, height, parent=bytes(32), **fields):
    digest = proofs.tagged("mednexus/validators", proofs.encode(validators(keys)))
    return proofs.Header(
        1, NETWORK, height, parent, 1_700_000_000_000 + height, 0, 0, digest, *[bytes(32)] * 4)._replace(**fields)


def made_certificate(of, keys, signers):
    bits = sum(1 << 8 * ((len(keys) + 7) // 8) - 1 - index for index in signers)
    message = proofs.tagged("mednexus/vote", proofs.encode([of.network, of.epoch, 1, 2, 0, of.hash]))
    return [2, of.epoch, 1, 0, of.hash, bits.to_bytes((len(keys) + 7) // 8, "big"),
            [keys[index].sign(message) for index in signers]]


def made_hop(keys, later, height):
    """A block, signed by the keys, after which others sign."""
    records = [["node", [1, key.address], key.address, None, 0] for key in later]
    path, digest = proofs.path_of(proofs.VALIDATORS_KEY), proofs.sha(proofs.encode(records))
    of = made_header(keys, height, state_root=proofs.sha(b"\x11", path, digest))
    return [list(of), made_certificate(of, keys, range(len(keys))), records, [[], [1, path, digest]]]


def made_proof(checkpoint, keys, hops=(), headers=(), certificate=None, subject=(0,)):
    headers = [list(one) for one in headers or [checkpoint]]
    chain = [list(checkpoint), validators(keys), list(hops), headers, certificate]
    return proofs.encode([1, 1, None, chain, list(subject)]), (checkpoint.height, checkpoint.hash)


def made_read(depth, differs_at=None, is_empty=False):
    """A record at this depth, or that there is none: nothing, or a leaf whose path differs at a bit. And the root."""
    key = b"key"
    path = proofs.path_of(key)
    other = int.from_bytes(path, "big") ^ (0 if differs_at is None else 1 << 255 - differs_at)
    leaf = [1, other.to_bytes(32, "big"), proofs.sha(b"value")]
    node = bytes(32) if is_empty else proofs.sha(b"\x11", *leaf[1:])
    siblings = [proofs.sha(bytes([index])) for index in range(depth)]
    for index in reversed(range(depth)):
        sibling = siblings[index]
        is_right = path[index // 8] >> 7 - index % 8 & 1
        node = proofs.sha(b"\x12", sibling, node) if is_right else proofs.sha(b"\x12", node, sibling)
    value = b"value" if differs_at is None and not is_empty else None
    return [key, value, [siblings, [0] if is_empty else leaf]], node


def made_by_us():
    """What it is, whether it is a proof, bytes and the trusted block."""
    for count in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 17, 100):
        keys = KEYS[:count]
        checkpoint, top = made_header(keys, 5), made_header(keys, 6)
        quorum = count - (count - 1) // 3
        for signers in {quorum - 1, quorum, count}:
            certificate = made_certificate(top, keys, range(count - signers, count))
            yield f"{signers} of {count}", signers >= quorum, made_proof(checkpoint, keys, [], [top], certificate)
    for keys in (KEYS[:0], KEYS, [KEYS[0], *KEYS[:3]]):
        yield f"a set of {len(keys)}", False, made_proof(made_header(keys, 5), keys)

    keys, later = KEYS[:4], KEYS[4:7]
    checkpoint = made_header(keys, 5, epoch=1)
    for what, is_proof, fields in [
        ("height", True, {"height": 1 << 62}), ("height", False, {"height": (1 << 62) + 1}),
        ("no higher", False, {"height": 5}), ("lower", False, {"height": 4}),
        ("time", True, {"time": proofs.MAXIMUM_TIME}), ("time", False, {"time": proofs.MAXIMUM_TIME + 1}),
        ("epoch", True, {"epoch": 1 << 62}), ("epoch", False, {"epoch": (1 << 62) + 1}),
        ("not later", False, {"time": 1_700_000_000_005}), ("another epoch", False, {"epoch": 0}),
        ("version", False, {"format_version": 2}), ("network", False, {"network": bytes(32)}),
    ]:
        top = made_header(keys, 6, epoch=1)._replace(**fields)
        yield what, is_proof, made_proof(checkpoint, keys, [], [top], made_certificate(top, keys, range(4)))
    for length in (4096, 4097):
        headers = [made_header(keys, 0)]
        while len(headers) < length:
            headers.append(made_header(keys, len(headers), headers[-1].hash))
        yield f"{length} headers", length == 4096, made_proof(headers[-1], keys, [], headers)

    checkpoint = made_header(keys, 5)
    hop = made_hop(keys, later, 6)
    for height in (6, 7):  # of the same height as the hop, and above
        top = made_header(later, height)
        yield "after a hop", height == 7, made_proof(
            checkpoint, keys, [hop], [top], made_certificate(top, later, range(3)))
    retired = made_header(keys, 7)
    certificate = made_certificate(retired, keys, range(4))
    yield "retired ones", False, made_proof(checkpoint, keys, [hop], [retired], certificate)
    twice = made_hop(keys, [later[0], *later[:2]], 6)
    top = made_header([later[0], *later[:2]], 7)
    yield "a key twice after a hop", False, made_proof(
        checkpoint, keys, [twice], [top], made_certificate(top, [later[0], *later[:2]], range(3)))
    one = KEYS[:1]
    for count in (1024, 1025):
        hops = [made_hop(one, one, 6 + index) for index in range(count)]
        top = made_header(one, 6 + count)
        yield f"{count} hops", count == 1024, made_proof(
            made_header(one, 5), one, hops, [top], made_certificate(top, one, [0]))

    for is_proof, parameters in [
        (True, (0,)), (True, (256,)), (True, (0, None, True)), (True, (256, None, True)),
        (True, (0, 0)), (True, (0, 255)), (True, (9, 9)), (True, (255, 255)),
        (False, (9, 8)), (False, (9, 0)), (False, (255, 254)), (False, (256, 255)),
    ]:
        read, root = made_read(*parameters)
        yield f"a record at {parameters}", is_proof, made_proof(
            made_header(keys, 5, state_root=root), keys, subject=[1, [read], None])


def test_chains_of_our_own_making_have_one_verdict(chain, tmp_path):
    made = list(made_by_us())
    for (what, is_proof, (data, trusted)), said in zip(
            made, chain.wallets(tmp_path, [case for _, _, case in made]), strict=True):
        verified = ours(data, trusted)
        assert (verified is not None) == is_proof and (said is not None) == is_proof, what
        assert not is_proof or says_the_same(verified, said), what
    print(f"{len(made)} chains")
