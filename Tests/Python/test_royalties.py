"""Rights holders of a three-level graph, with a relative share and a ceiling, collect what they are due to the unit, by the
wallet alone; the statement adds up in a spreadsheet. And the independent model judges what the ledger did."""

import csv
import datetime
import io
import json
import math
import os
import re
import subprocess
from fractions import Fraction

import pytest

import royalty_model
from conftest import BINARIES, Devnet

# Histories that the model judges in CI; `make royalty-model` judges a hundred thousand.
HISTORIES = int(os.environ.get("MEDNEXUS_ROYALTY_SEEDS", "300"))


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    network = Devnet(tmp_path_factory.mktemp("royalties") / "devnet")
    yield network
    network.stop()


def act(network, *arguments):
    return network.wallet(*map(str, arguments), "--yes")


def units(network, name):
    found = json.loads(network.wallet("revenue", "balance", name, "--json"))
    return sum(int(balance["amount"]) for balance in found["balances"])


def terms(network, name, owner, *options):
    act(network, "terms", "new", "--preset", "derivatives-allowed", "--asset", "EURX", *options, "--from", owner, "--as",
        name)


@pytest.fixture(scope="module")
def graph(network, tmp_path_factory):
    """author's and coauthor's score → developer's sheet → the hospital's pathway."""
    folder = tmp_path_factory.mktemp("works")
    for name in ("score", "sheet", "pathway"):
        (folder / f"{name}.json").write_text(json.dumps({"work": name}))

    def mint(name, owner, *options):
        act(network, "inft", "mint", "--file", folder / f"{name}.json", "--class", "algorithm", "--title", name, "--uri",
            f"https://example.org/{name}", "--from", owner, *options, "--as", name)

    act(network, "revenue", "transfer", "10.00", "--asset", "EURX", "--to", "hospital", "--from", "clinic")
    terms(network, "score-terms", "author", "--revenue-share", "10", "--royalty-policy", "relative", "--revenue-ceiling",
          "7.00")
    mint("score", "author", "--share", "author=60", "--share", "coauthor=40", "--co-sign", "coauthor", "--terms",
         "score-terms", "--price", "1.00")
    act(network, "license", "buy", "score", "--commercial", "--training", "--from", "developer", "--as", "of-score")
    terms(network, "sheet-terms", "developer", "--revenue-share", "20")
    mint("sheet", "developer", "--parent", "of-score", "--terms", "sheet-terms", "--price", "1.00")
    quoted = network.wallet("license", "quote", "sheet", "--from", "hospital")
    act(network, "license", "buy", "sheet", "--commercial", "--training", "--from", "hospital", "--as", "of-sheet")
    mint("pathway", "hospital", "--parent", "of-sheet", "--terms", "commercial", "--price", "100.01", "--asset", "EURX")
    return quoted


def test_dilution_is_labeled_before_anyone_signs(network, graph):
    # Whoever buys the license that dilutes sees it, and whoever buys the diluted work sees it.
    assert "2 % (diluted from 10 %)" in graph and "20 % to" in graph, graph
    quote = network.wallet("license", "quote", "pathway", "--from", "clinic")
    assert "diluted from 10 %" in quote and "at most 7.00 EURX ever" in quote, quote
    quoted = json.loads(network.wallet("license", "quote", "pathway", "--from", "clinic", "--json"))
    found = {royalty["agreed"]: (royalty["share"], royalty["isDiluted"]) for royalty in quoted["royalties"]}
    assert found == {100_000: (20_000, True), 200_000: (200_000, False)}


def test_a_relative_share_with_a_ceiling_is_collected_to_the_unit(network, graph):
    before = {name: units(network, name) for name in ("author", "coauthor", "developer", "hospital")}
    act(network, "license", "buy", "pathway", "--commercial", "--from", "clinic")
    act(network, "revenue", "pay", "pathway", "333.33", "--asset", "EURX", "--from", "clinic")
    act(network, "revenue", "pay", "sheet", "50.00", "--asset", "EURX", "--from", "clinic")
    pathway, sheet = 10_001 + 33_333, 100 + 5_000
    # 2 % of the pathway up to 7.00 and 10 % of the sheet up to 7.00; and the price of the score's own license.
    score = min(pathway * 2 // 100, 700) + min(sheet * 10 // 100, 700) + 100
    assert pathway * 2 // 100 > 700
    # What descendants owe is told before it is claimed, to the unit.
    whole = f"{score * 60 // 10_000}.{score * 60 // 100 % 100:02} EURX"
    assert f"{whole} to claim from score" in network.wallet("account", "inbox", "--from", "author")
    assert f"can claim: {whole}" in re.sub(r" +", " ", network.wallet("revenue", "vault", "score", "--holder", "author"))
    said = act(network, "revenue", "claim", "score", "--from", "author")
    assert f"You get {whole}." in said, said
    assert "to claim from score" not in network.wallet("account", "inbox", "--from", "author")
    act(network, "revenue", "claim", "score", "--from", "coauthor")
    act(network, "revenue", "claim", "sheet", "--from", "developer")
    act(network, "revenue", "claim", "pathway", "--from", "hospital")
    gained = {name: units(network, name) - amount for name, amount in before.items()}
    assert gained == {
        "author": score * 60 // 100,
        "coauthor": score * 40 // 100,
        "developer": pathway * 20 // 100 + sheet - sheet * 10 // 100,
        # All sums are exact before they are rounded down: 43,334 − 700 − 8,666.8.
        "hospital": 33_967,
    }


def test_a_holder_sees_what_each_sum_was_earned_by(network, graph):
    found = json.loads(network.wallet("revenue", "earnings", "score", "--json"))
    assert [one["what"] for one in found][0] == "sale" and {one["what"] for one in found} == {"sale", "royalty"}
    shown = network.wallet("revenue", "earnings", "score")
    assert "developer" in shown and "pathway" in shown and "of-score" in shown, shown
    vault = json.loads(network.wallet("revenue", "vault", "score", "--json"))["accounts"][0]
    of = {what: sum(int(one["amount"]) for one in found if one["what"] == what) for what in ("sale", "royalty")}
    assert of == {"sale": int(vault["total"]), "royalty": int(vault["royaltiesReceived"])}
    lines = network.wallet("revenue", "earnings", "score", "--csv").splitlines()
    assert len(lines) == len(found) + 1 and lines[1].split(",")[4] == "sale"
    assert json.loads(network.wallet("revenue", "earnings", "score", "--since", "0s", "--json")) == []
    # A buyer's line is a purchase; and a period may begin so long ago.
    statement = network.wallet("revenue", "statement", "developer", "--since", "1h")
    assert "purchase" in statement and " sale " not in statement, statement


def test_a_share_is_sold_in_one_step_with_both_signatures(network, graph):
    before = {name: units(network, name) for name in ("author", "clinic")}
    alone = network.wallet("revenue", "share", "sell", "score", "--to", "clinic", "--share", "10", "--price", "12.34",
                           "--from", "author", "--yes", check=False)
    assert alone.returncode == 1 and "not_authorized" in alone.stderr, alone.stderr
    act(network, "revenue", "share", "sell", "score", "--to", "clinic", "--share", "10", "--price", "12.34", "--from",
        "author", "--co-sign", "clinic")
    assert units(network, "author") - before["author"] == 1_234 == before["clinic"] - units(network, "clinic")
    act(network, "revenue", "pay", "score", "10.00", "--asset", "EURX", "--from", "developer")
    act(network, "revenue", "claim", "score", "--from", "clinic")
    assert units(network, "clinic") == before["clinic"] - 1_234 + 100


def test_a_group_of_two_owners_is_sold_as_one(network, graph, tmp_path):
    for name, owner in (("guide", "author"), ("atlas", "developer")):
        (tmp_path / name).write_text(name)
        act(network, "inft", "mint", "--file", tmp_path / name, "--class", "algorithm", "--title", name, "--uri",
            f"https://example.org/{name}", "--from", owner, "--as", name)
    terms(network, "bundle-terms", "hospital")
    act(network, "group", "create", "Guide and atlas", "--member", "guide=50", "--member", "atlas=45", "--terms",
        "bundle-terms", "--from", "hospital", "--as", "bundle")
    offer = ("offer", "create", "bundle", "--terms", "bundle-terms", "--price", "20.00", "--from", "hospital", "--yes")
    early = network.wallet(*offer, check=False)
    assert early.returncode == 1 and "group_not_formed" in early.stderr, early.stderr
    act(network, "group", "join", "bundle", "--from", "author")
    words = act(network, "group", "join", "bundle", "--from", "developer")
    assert "45 % of what the group earns" in words, words
    network.wallet(*offer, "--as", "bundle-offer")
    shown = json.loads(network.wallet("group", "show", "bundle", "--json"))
    assert shown.get("obstacle") is None and all(member["hasJoined"] for member in shown["members"])
    act(network, "license", "buy", "bundle-offer", "--from", "clinic")
    before = {name: units(network, name) for name in ("author", "developer", "hospital")}
    act(network, "revenue", "claim", "guide", "--from", "author")
    act(network, "revenue", "claim", "atlas", "--from", "developer")
    act(network, "revenue", "claim", "bundle", "--from", "hospital")
    gained = {name: units(network, name) - amount for name, amount in before.items()}
    assert gained == {"author": 1_000, "developer": 900, "hospital": 100}


def cents(text):
    whole, fraction = text.split(".")
    return int(whole) * 100 + int(fraction)


@pytest.mark.parametrize("name", ["author", "developer", "clinic", "hospital"])
def test_the_statement_adds_up_in_a_spreadsheet(network, graph, name):
    rows = list(csv.DictReader(io.StringIO(network.wallet("revenue", "statement", name, "--csv"))))
    opening, lines, closing = rows[0], rows[1:-1], rows[-1]
    assert opening["what"] == "opening" and closing["what"] == "closing" and lines
    came = sum(cents(line["in"]) for line in lines if line["in"])
    went = sum(cents(line["out"]) for line in lines if line["out"])
    assert cents(opening["balance"]) + came - went == cents(closing["balance"]) == units(network, name)
    assert (came, went) == (cents(closing["in"]), cents(closing["out"]))
    times = [datetime.datetime.fromisoformat(line["time"]) for line in lines]
    assert times == sorted(times) and all(time.tzinfo for time in times)
    assert not any(cell.startswith(tuple("=+-@")) for row in rows for cell in row.values())
    # The same as JSON, and by source: what each INFT brought sums to the whole.
    [statement] = json.loads(network.wallet("revenue", "statement", name, "--json"))["statements"]
    assert [int(statement[key]) for key in ("opening", "incoming", "outgoing", "closing")] == [
        cents(opening["balance"]), came, went, cents(closing["balance"])]
    labels = {("sale", False): "purchase", ("shareSale", False): "sharePurchase"}
    assert [labels.get((entry["kind"], entry["isIncoming"]), entry["kind"]) for entry in statement["entries"]] == [
        line["what"] for line in lines]
    assert sum(int(part["incoming"]) for part in statement["subtotals"]) == came
    assert sum(int(part["outgoing"]) for part in statement["subtotals"]) == went


def test_periods_join_without_gap_or_overlap(network, graph):
    rows = list(csv.DictReader(io.StringIO(network.wallet("revenue", "statement", "author", "--csv"))))
    middle = rows[len(rows) // 2]["time"]
    parts = []
    for period in (("--until", middle), ("--since", middle)):
        done = network.wallet("revenue", "statement", "author", *period, "--csv")
        parts.append(list(csv.DictReader(io.StringIO(done))))
    first, second = parts
    assert first[-1]["balance"] == second[0]["balance"]
    assert first[1:-1] + second[1:-1] == rows[1:-1]
    shown = network.wallet("revenue", "statement", "author")
    assert "Every line is proven" in shown and "shareSale" in shown


def test_the_independent_model_agrees_to_the_unit():
    problems, kinds = royalty_model.run(1, HISTORIES, jobs=2, simulator=BINARIES / "mednexus-simulator", size=50)
    assert not problems, problems[:5]
    # It has seen what it is there to judge.
    for kind in (
        "entry relative, diluted", "entry absolute, ceiling", "mint refused: royalties_exceed_whole",
        "offer refused: derivative_expired", "due: released escrow", "due: released held", "due: released bond",
        "due: paid", "dispute", "claim", "share", "decline", "decline refused: refund_not_due",
    ):
        assert kinds[kind] > 0, (kind, kinds)


@pytest.fixture(scope="module")
def histories():
    done = subprocess.run(
        [BINARIES / "mednexus-simulator", "--royalties", "--seeds", "60"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def bequeathed(dilute):
    """What a parent brings into a vector, if `dilute` made what becomes of an entry."""
    def bequeath(history, parent, share):
        for entry in history.vectors[parent]:
            diluted = dilute(entry, share)
            if diluted.share > 0 and royalty_model.entry_ceiling(diluted) != 0:
                yield diluted
    return bequeath


def diluted(entry, share, rounded=math.floor):
    return entry._replace(share=rounded(Fraction(entry.share * share, royalty_model.WHOLE)))


def kept_ceiling(entry, share):
    return diluted(entry, share)._replace(most=royalty_model.entry_ceiling(entry), revenue=None)


def without_carry(vault):
    net = vault.net()
    for party, share in vault.shares.items():
        vault.accrued[party] += share * (net - vault.spread_until) // royalty_model.WHOLE
    vault.spread_until = net


RELATIVE = {
    "a product rounded up": lambda entry, share: diluted(entry, share, math.ceil),
    "a revenue ceiling that does not follow the share": kept_ceiling,
}
OTHER = {
    "an absolute share diluted": (royalty_model.History, "bequeath", bequeathed(diluted)),
    "a remainder forgotten": (royalty_model.Vault, "spread", without_carry),
}


@pytest.mark.parametrize("rule", [*RELATIVE, *OTHER])
def test_a_rule_that_is_off_by_a_unit_is_found(histories, rule, monkeypatch):
    """The histories tell the rules apart: a model with one of them changed disagrees with the ledger."""
    assert not any(royalty_model.judge(line)[0] for line in histories)
    if rule in RELATIVE:
        change = RELATIVE[rule]
        monkeypatch.setattr(royalty_model.History, "bequeath", bequeathed(
            lambda entry, share: entry if entry.policy == "absolute" else change(entry, share)))
    else:
        monkeypatch.setattr(*OTHER[rule])
    assert sum(royalty_model.judge(line)[0] is not None for line in histories) > 1
