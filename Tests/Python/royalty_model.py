"""An independent model of the royalty rules, in exact rationals, written from Specs/domains/revenue.md alone.

It reads histories that the real ledger executed (mednexus-simulator --royalties: a line of JSON each, with what was asked
for), works out by itself what had to come of every step, and compares: which steps are refused and why, every royalty
vector, every unit that moves, what everyone can claim at the end, and that each asset is conserved to the unit.

    python Tests/Python/royalty_model.py --seeds 100000 --jobs 2
    python Tests/Python/royalty_model.py --seed 7
"""

import argparse
import collections
import concurrent.futures
import json
import math
import pathlib
import subprocess
import sys
import time
from fractions import Fraction

WHOLE = 1_000_000
MOST_ENTRIES = 256
SIMULATOR = pathlib.Path(__file__).resolve().parents[2] / ".build" / "release" / "mednexus-simulator"

Entry = collections.namedtuple("Entry", "ancestor agreed share most revenue policy")


class Disagreement(Exception):
    """The ledger did what the rules don't say."""


def expect(found, due, what):
    if found != due:
        raise Disagreement(f"{what}: the ledger says {found}, the rules {due}")


class Vault:
    """One INFT's money in one asset, kept as what ever happened and never as a running remainder."""

    def __init__(self, vector, shares):
        self.total = 0
        self.received = 0
        self.taken = collections.Counter()
        self.vector = [(entry, entry_ceiling(entry)) for entry in vector]
        self.shares = shares
        self.spread_until = 0
        self.gone = 0
        self.accrued = collections.defaultdict(Fraction)
        self.claimed = collections.Counter()

    def portion(self, entry, ceiling):
        """What an entry is due of the total before it is rounded, exactly, in millionths of a unit."""
        due = entry.share * self.total
        return due if ceiling is None else min(due, ceiling * WHOLE)

    def due(self, ancestor):
        return sum(
            math.floor(Fraction(self.portion(entry, ceiling), WHOLE))
            for entry, ceiling in self.vector
            if entry.ancestor == ancestor)

    def net(self):
        owed = Fraction(sum(self.portion(entry, ceiling) for entry, ceiling in self.vector), WHOLE)
        return math.floor(self.total - owed) + self.received

    def spread(self):
        """To whoever holds a share now goes its part of what the holders have earned since the last time."""
        net = self.net()
        if net == self.spread_until:
            return
        if net < self.spread_until:
            raise Disagreement("what holders have earned fell")
        for party, share in self.shares.items():
            self.accrued[party] += Fraction(share * (net - self.spread_until), WHOLE)
        self.spread_until = net

    def claimable(self, party):
        return math.floor(self.accrued[party]) - self.claimed[party]

    def take(self, ancestor, amount):
        self.taken[ancestor] += amount
        self.gone += amount

    def pay_out(self, party, amount):
        self.claimed[party] += amount
        self.gone += amount

    def held(self):
        return self.total + self.received - self.gone


def entry_ceiling(entry):
    """The lower of the most that the share brings, and the share of the revenue that counts."""
    by_revenue = None if entry.revenue is None else math.floor(Fraction(entry.share * entry.revenue, WHOLE))
    limits = [limit for limit in (entry.most, by_revenue) if limit is not None]
    return min(limits) if limits else None


class History:
    def __init__(self, line):
        self.parties, self.assets, self.funds = line["parties"], line["assets"], line["funds"]
        self.balances = collections.Counter(
            {(party, asset): self.funds for party in range(self.parties) for asset in range(self.assets)})
        self.owners = []
        self.vectors = []
        self.shares = []
        self.expiries = []
        self.vaults = {}
        self.sales = {}
        self.now = 0

    # Reading

    def vault(self, inft, asset):
        if (inft, asset) not in self.vaults:
            self.vaults[inft, asset] = Vault(self.vectors[inft], self.shares[inft])
        return self.vaults[inft, asset]

    def sellable(self, inft):
        """A derivative whose licenses have ended is neither offered nor sold."""
        expiry = self.expiries[inft]
        return None if expiry is None or self.now < expiry else "derivative_expired"

    def spendable(self, party, asset, amount):
        return None if self.balances[party, asset] >= amount else "insufficient_balance"

    # Moving

    def pay(self, inft, asset, payer, amount, reason):
        vault = self.vault(inft, asset)
        vault.total += amount
        vault.spread()
        return ["paid", inft, asset, payer, amount, reason]

    def bequeath(self, parent, share):
        """What a parent's own vector brings into a derivative that was linked by terms asking for `share`."""
        for entry in self.vectors[parent]:
            if entry.policy == "absolute":
                yield entry
                continue
            diluted = entry._replace(share=math.floor(Fraction(entry.share * share, WHOLE)))
            if diluted.share > 0 and entry_ceiling(diluted) != 0:
                yield diluted

    # Steps: each returns why it is refused, or the moves of money that it has to make

    def offer(self, step):
        return self.sellable(step["inft"]) or []

    def mint(self, step):
        moves, vector, expiries = [], [], []
        spent = collections.Counter()
        for parent in step["parents"]:
            inft, asset, price = parent["inft"], parent["asset"], parent["price"]
            refusal = self.sellable(inft)
            if not refusal and price and self.balances[step["owner"], asset] < spent[asset] + price:
                refusal = "insufficient_balance"
            if refusal:
                return refusal
            spent[asset] += price
            if price:
                moves.append(("pay", inft, asset, step["owner"], price))
            if parent["share"]:
                vector.append(Entry(
                    inft, parent["share"], parent["share"], parent["most"], parent["revenue"], parent["policy"]))
            vector += self.bequeath(inft, parent["share"])
            if parent["duration"] is not None:
                expiries.append(self.now + parent["duration"])
            if self.expiries[inft] is not None:
                expiries.append(self.expiries[inft])
        if len(vector) > MOST_ENTRIES:
            return "too_many_royalties"
        if sum(entry.share for entry in vector) > WHOLE:
            return "royalties_exceed_whole"
        done = []
        for _, inft, asset, payer, price in moves:
            self.balances[payer, asset] -= price
            done.append(self.pay(inft, asset, payer, price, "sale"))
        self.owners.append(step["owner"])
        self.vectors.append(vector)
        self.shares.append({party: share for party, share in step["holders"]})
        self.expiries.append(min(expiries) if expiries else None)
        return done

    def check_vector(self, step):
        """The same entries, and in the order in which their ceilings bind."""
        found = step["vector"]
        due = [[one.ancestor, one.agreed, one.share, entry_ceiling(one), one.policy] for one in self.vectors[-1]]
        key = json.dumps
        expect(sorted(found, key=key), sorted(due, key=key), "the royalty vector")
        binding = [math.inf if one[3] is None else math.ceil(Fraction(one[3] * WHOLE, one[2])) for one in found]
        expect(binding, sorted(binding), "the order of the vector")

    def pay_step(self, step, reason):
        refusal = self.spendable(step["by"], step["asset"], step["amount"])
        if refusal:
            return refusal
        self.balances[step["by"], step["asset"]] -= step["amount"]
        return [self.pay(step["inft"], step["asset"], step["by"], step["amount"], reason)]

    def sale(self, step):
        return self.sellable(step["inft"]) or self.pay_step(step, "sale")

    def claim(self, step):
        inft, asset, holder = step["inft"], step["asset"], step["by"]
        known = self.vaults.get((inft, asset))
        if not self.shares[inft].get(holder) and not (known and known.claimable(holder)):
            return "not_a_holder"
        moves, takes = [], []
        coming = 0
        for descendant in step["descendants"]:
            giver = self.vaults.get((descendant, asset))
            amount = giver.due(inft) - giver.taken[inft] if giver else 0
            if amount:
                takes.append((giver, amount))
                coming += amount
                moves.append(["taken", inft, descendant, asset, amount])
        if not takes and not (known and known.claimable(holder)):
            return "nothing_to_claim"
        vault = self.vault(inft, asset)
        for giver, amount in takes:
            giver.take(inft, amount)
            if giver.held() < 0:
                raise Disagreement("a vault gave more than it had")
        vault.received += coming
        vault.spread()
        paid = vault.claimable(holder)
        if paid:
            vault.pay_out(holder, paid)
            self.balances[holder, asset] += paid
            moves.append(["claimed", inft, asset, holder, paid])
            if vault.held() < 0:
                raise Disagreement("a vault paid more than it had")
        return moves

    def share(self, step):
        inft, giver, taker, parts, price = (step[key] for key in ("inft", "by", "to", "parts", "price"))
        shares = self.shares[inft]
        if not shares.get(giver):
            return "not_a_holder"
        if shares[giver] < parts:
            return "share_too_large"
        if price and self.spendable(taker, step["asset"], price):
            return "insufficient_balance"
        shares[giver] -= parts
        if not shares[giver]:
            del shares[giver]
        shares[taker] = shares.get(taker, 0) + parts
        if price:
            self.balances[taker, step["asset"]] -= price
            self.balances[giver, step["asset"]] += price
        return [["share", inft, giver, taker, parts]]

    # Sealed content

    def order(self, step):
        refusal = self.sellable(step["inft"]) or self.spendable(step["by"], step["asset"], step["amount"])
        if refusal:
            return refusal
        self.balances[step["by"], step["asset"]] -= step["amount"]
        self.vault(step["inft"], step["asset"])
        self.sales[step["sale"]] = dict(
            step, kind="escrow", deadline=self.now + step["beginWithin"], stage="bought", bond=0)
        return [["reserved", "escrow", step["asset"], step["by"], step["amount"]]]

    def begin(self, step):
        sale = self.sales[step["sale"]]
        if sale["kind"] != "escrow":
            return "delivery_ended"
        if self.now >= sale["deadline"]:
            # Whether due work has ended it by now is seen by what was paid back, and nothing is of what cost nothing.
            unseen = sale["amount"] == 0 and step["refused"] == "delivery_ended"
            return "delivery_ended" if unseen else "delivery_late"
        # An hour and a hundred blocks, whichever is later: never before the hour.
        sale.update(stage="begun", deadline=self.now + 3_600_000)
        return []

    def complete(self, step):
        sale = self.sales[step["sale"]]
        if sale["kind"] != "escrow":
            return "delivery_ended"
        if sale["window"] == 0:
            sale["kind"] = "done"
            return [self.pay(sale["inft"], sale["asset"], sale["by"], sale["amount"], "sale")]
        sale.update(kind="held", stage="delivered", deadline=self.now + sale["window"])
        return []

    def decline(self, step):
        sale = self.sales[step["sale"]]
        if sale["kind"] != "escrow":
            return "delivery_ended"
        is_over = self.now >= sale["deadline"]
        if sale["stage"] == "begun":
            # Begun binds; once the hour is over, so may be the hundred blocks, which are not counted here.
            if not is_over or step["refused"] == "refund_not_due":
                return "refund_not_due"
        elif not is_over and step["by"] != self.owners[sale["inft"]]:
            return "refund_not_due"
        sale["kind"] = "done"
        self.balances[sale["by"], sale["asset"]] += sale["amount"]
        return [["released", "escrow", sale["asset"], sale["by"], sale["amount"]]]

    def dispute(self, step):
        sale = self.sales[step["sale"]]
        if sale["window"] == 0:
            return "not_disputable"
        if sale["kind"] != "held" or self.now >= sale["deadline"]:
            return "dispute_window_over"
        bond = max(100, sale["amount"] // 10)
        if self.spendable(sale["by"], sale["asset"], bond):
            return "insufficient_balance"
        self.balances[sale["by"], sale["asset"]] -= bond
        # Ten minutes to answer, and a minute to appeal for who did not.
        sale.update(stage="response", deadline=self.now + 660_000, bond=bond, revealed=set())
        return [["reserved", "bond", sale["asset"], sale["by"], bond]]

    def respond(self, step):
        self.sales[step["sale"]].update(stage="nonces", deadline=self.now + 600_000)
        return []

    def reveal(self, step):
        self.sales[step["sale"]]["revealed"].add(step["side"])
        return []

    def settle(self, sale):
        """The moves that a deadline brings, once it is over."""
        buyer, asset, amount, owner = sale["by"], sale["asset"], sale["amount"], self.owners[sale["inft"]]
        stage, revealed = sale["stage"], sale.get("revealed", set())
        refunded = False
        moves = []
        if stage in ("bought", "begun"):
            refunded = True
        elif stage in ("response", "nonces"):
            upheld = stage == "response" or revealed == {0}
            dismissed = stage == "nonces" and revealed == {1}
            to = owner if dismissed else buyer
            self.balances[to, asset] += sale["bond"]
            moves.append(["released", "bond", asset, to, sale["bond"]])
            refunded = upheld
        if refunded:
            self.balances[buyer, asset] += amount
            moves.append(["released", sale["kind"], asset, buyer, amount])
        else:
            moves.append(self.pay(sale["inft"], asset, buyer, amount, "sale"))
        sale["kind"] = "done"
        sale["bond"] = 0
        return moves

    def due_work(self, moves):
        """Due work moves exactly what deadlines that are over bring, each once."""
        left = list(moves)
        while left:
            for sale in self.sales.values():
                if sale["kind"] == "done" or sale["deadline"] > self.now or not self.begins(sale, left):
                    continue
                expected = self.settle(sale)
                expect(left[: len(expected)], expected, "due work")
                left = left[len(expected) :]
                break
            else:
                raise Disagreement(f"nothing was due that explains {left}")

    def begins(self, sale, moves):
        trial = dict(sale, revealed=set(sale.get("revealed", set())))
        copy = object.__new__(History)
        copy.owners, copy.balances = self.owners, collections.Counter()
        copy.pay = lambda inft, asset, payer, amount, reason: ["paid", inft, asset, payer, amount, reason]
        expected = copy.settle(trial)
        return moves[: len(expected)] == expected

    # The whole

    def run(self, line):
        for number, step in enumerate(line["steps"]):
            try:
                self.step(step)
                self.conserved()
            except Disagreement as found:
                raise Disagreement(f"step {number} ({step['do']}): {found}") from None
        self.check_end(line["end"])

    def step(self, step):
        self.now = step["at"]
        self.due_work(step["due"])
        kind = step["do"]
        if kind == "wait":
            found = []
        elif kind == "pay":
            found = self.pay_step(step, "payment")
        else:
            found = getattr(self, kind)(step)
        if isinstance(found, str):
            expect(step["refused"], found, "the refusal")
            expect(step["moves"], [], "a refused step's moves")
            return
        expect(step["refused"], None, "the refusal")
        expect(step["moves"], found, "the moves")
        if kind == "mint":
            self.check_vector(step)

    def conserved(self):
        for asset in range(self.assets):
            sums = self.sums(asset)
            expect(sum(sums), self.parties * self.funds, f"conservation of asset {asset}")

    def sums(self, asset):
        balances = sum(self.balances[party, asset] for party in range(self.parties))
        vaults = sum(vault.held() for (_, of), vault in self.vaults.items() if of == asset)
        sales = [sale for sale in self.sales.values() if sale["asset"] == asset]
        kinds = {kind: sum(sale["amount"] for sale in sales if sale["kind"] == kind) for kind in ("escrow", "held")}
        return [balances, vaults, kinds["escrow"], kinds["held"], sum(sale["bond"] for sale in sales), 0]

    def check_end(self, end):
        open_sales = [number for number, sale in self.sales.items() if sale["kind"] != "done"]
        expect(open_sales, [], "sales that nobody settled")
        for party, asset, amount in end["balances"]:
            expect(amount, self.balances[party, asset], f"the balance of {party} in {asset}")
        for asset, totals in enumerate(end["totals"]):
            expect(totals, [self.parties * self.funds] + self.sums(asset), f"the totals of asset {asset}")
        found = {(vault["inft"], vault["asset"]) for vault in end["vaults"]}
        expect(sorted(found), sorted(self.vaults), "the vaults with accounts")
        for line in end["vaults"]:
            vault = self.vaults[line["inft"], line["asset"]]
            what = f"vault {line['inft']} in {line['asset']}"
            expect(line["total"], vault.total, what + ": total")
            expect(line["received"], vault.received, what + ": received")
            expect(line["net"], vault.net(), what + ": net")
            expect(line["taken"], sum(vault.taken.values()), what + ": taken")
            expect(line["claimed"], sum(vault.claimed.values()), what + ": claimed")
            vault.spread()
            expect(line["claimable"], [vault.claimable(party) for party in range(self.parties)], what + ": claimable")
            owed = sum(vault.due(ancestor) for ancestor in {entry.ancestor for entry, _ in vault.vector})
            owed += sum(map(vault.claimable, range(self.parties))) - sum(vault.taken.values())
            if owed > vault.held():
                raise Disagreement(f"{what} owes {owed} and has {vault.held()}")


def judge(text):
    """Nil, or what the ledger did that the rules don't say; and what the history had in it."""
    line = json.loads(text)
    kinds = collections.Counter(
        f"{step['do']}{'' if step['refused'] is None else ' refused: ' + step['refused']}" for step in line["steps"])
    for step in line["steps"]:
        kinds.update(f"due: {move[0]} {move[1] if move[0] == 'released' else ''}".strip() for move in step["due"])
        for entry in step.get("vector", ()):
            kinds[f"entry {entry[4]}{', diluted' if entry[2] < entry[1] else ''}{', ceiling' if entry[3] else ''}"] += 1
    try:
        History(line).run(line)
    except Disagreement as found:
        return f"seed {line['seed']}: {found}", kinds
    return None, kinds


def judge_range(first, count, simulator):
    problems, kinds = [], collections.Counter()
    command = [simulator, "--royalties", "--from", str(first), "--seeds", str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        judged = 0
        for text in process.stdout:
            problem, found = judge(text)
            kinds.update(found)
            judged += 1
            if problem:
                problems.append(problem)
    if process.returncode != 0 or judged != count:
        problems.append(f"seeds {first}…: the simulator ended with {process.returncode} after {judged} histories")
    return problems, kinds


def run(first, count, jobs, simulator=SIMULATOR, size=500):
    """Judges `count` histories from seed `first` on; the problems, and how often what was seen."""
    parts = [(start, min(size, first + count - start)) for start in range(first, first + count, size)]
    problems, kinds = [], collections.Counter()
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        for found, seen in pool.map(judge_range, *zip(*parts), [str(simulator)] * len(parts)):
            problems += found
            kinds.update(seen)
    return problems, kinds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--from", dest="first", type=int, default=1)
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--simulator", default=SIMULATOR)
    options = parser.parse_args()
    first, count = (options.seed, 1) if options.seed is not None else (options.first, options.seeds)
    begin = time.monotonic()
    problems, kinds = run(first, count, options.jobs, options.simulator)
    for kind, times in sorted(kinds.items()):
        print(f"{times:>10,}  {kind}")
    for problem in problems[:20]:
        print("DISAGREES", problem)
    print(f"{count - len(problems):,} of {count:,} histories agree to the unit, in {time.monotonic() - begin:.0f} s")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
