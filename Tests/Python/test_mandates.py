"""Mandates, as a person grants, looks up and ends them with the wallet."""

import json


def listed(network, *arguments):
    return json.loads(network.wallet("mandate", "list", "--json", *arguments))


def test_an_account_is_let_act_and_stopped(devnet):
    said = devnet.wallet(
        "mandate", "grant", "clinic", "--operation", "license.begin", "--operation", "inft.erase", "--uses", "3", "--until",
        "90d", "--from", "author", "--as", "custody", "--yes")
    assert "in your place" in said and "At most 3 times" in said and "custody" in said
    (mandate,) = listed(devnet, "--from", "author")
    assert mandate["status"] == "inForce" and mandate["usesLeft"] == 3
    assert mandate["mandate"]["grant"]["operations"] == ["license.begin", "inft.erase"]
    assert mandate["mandate"]["grant"]["delegate"] == devnet.accounts["clinic"]["address"]
    # The delegate finds it too, by itself and when asked for by name; a table shows it to a person.
    assert listed(devnet, "--from", "clinic") == listed(devnet, "--delegate", "clinic") == [mandate]
    table = devnet.wallet("delegate", "list", "--from", "clinic")
    assert "custody" in table and "license.begin, inft.erase" in table and "inForce" in table
    refused = devnet.wallet("mandate", "revoke", "custody", "--from", "patient", "--yes", check=False)
    assert refused.returncode == 1 and "neither the grantor nor the delegate" in refused.stderr
    devnet.wallet("mandate", "revoke", "custody", "--from", "clinic", "--yes")
    (ended,) = listed(devnet, "--grantor", "author")
    assert ended["status"] == "revoked" and ended["mandate"]["revocation"]["reason"] == "surrendered"


def test_an_organization_grants_by_its_policy(devnet):
    devnet.wallet(
        "mandate", "grant", "author", "--operation", "consent.disclose", "--until", "1y", "--from", "hospital",
        "--acting-for", "hospital-org", "--yes")
    (mandate,) = listed(devnet, "--grantor", "hospital-org")
    assert mandate["mandate"]["grantor"] != devnet.accounts["hospital"]["address"]
    assert mandate["status"] == "inForce" and "usesLeft" not in mandate


def test_what_can_not_be_granted_is_refused_in_words(devnet):
    def grant(*arguments):
        return devnet.wallet("mandate", "grant", *arguments, "--from", "author", "--yes", check=False)

    wrong = grant("clinic", "--operation", "asset.issue", "--until", "90d")
    assert wrong.returncode == 2 and "license.begin, inft.beginTransfer, consent.disclose, inft.erase" in wrong.stderr
    offers = grant("clinic", "--operation", "offer.create", "--until", "90d")
    assert offers.returncode == 2 and "No mandate is for offer.create" in offers.stderr and "tx sign" in offers.stderr
    unlimited = grant("clinic", "--operation", "revenue.transfer", "--until", "90d")
    assert unlimited.returncode == 2 and "say how much at most" in unlimited.stderr
    surplus = grant("clinic", "--operation", "inft.erase", "--limit", "5.00", "--asset", "EURX", "--until", "90d")
    assert surplus.returncode == 1 and "moves money" in surplus.stderr
    long = grant("clinic", "--operation", "inft.erase", "--until", "3y")
    assert long.returncode == 1 and "at the latest" in long.stderr
    assert grant("clinic", "--operation", "inft.erase").returncode == 2
    assert grant("hospital-org", "--operation", "inft.erase", "--until", "90d").returncode == 2


def test_money_is_spent_within_a_limit(devnet):
    def pay(amount, check=True):
        return devnet.wallet(
            "revenue", "transfer", amount, "--asset", "EURX", "--to", "hospital", "--payer", "author", "--from", "clinic", "--yes",
            check=check)

    assert pay("1.00", check=False).returncode == 1
    said = devnet.wallet(
        "mandate", "grant", "clinic", "--operation", "revenue.transfer", "--limit", "10.00", "--asset", "EURX", "--until", "30d",
        "--from", "author", "--as", "purse", "--yes")
    assert "at most 10.00 EURX" in said
    pay("6.00")
    table = devnet.wallet("mandate", "list", "--from", "author")
    assert "4.00 EURX" in table
    refused = pay("4.01", check=False)
    assert refused.returncode == 1 and "so much left" in refused.stderr
    pay("4.00")
    (spent,) = [one for one in listed(devnet, "--grantor", "author") if one["status"] == "spent"]
    assert spent["mandate"]["spent"] == "1000"
