# SPDX-License-Identifier: Apache-2.0
"""Card against kernel: each kind of the wallet ends as it should, only a commit takes money."""

import pytest

from firmware.drive import drive
from firmware.errors import LinkLost
from firmware.kernel import capk, fdda, oda, oda_rsa, outcome, selection, transaction
from sim.field import Field
from sim.wallet import Wallet
from tests.host.card_reading import SELECT

# kind of card: outcome, reason, is money taken
ENDS = {
    "adult": (outcome.APPROVED, "ok", True),
    "student": (outcome.APPROVED, "ok", True),
    "senior": (outcome.APPROVED, "ok", True),
    "slow": (outcome.APPROVED, "ok", True),
    "low_balance": ("declined", "card_declined", False),
    "deny_listed": ("declined", "deny_list", False),
    "expired": ("declined", "expired", False),
    "unknown_ca": ("declined", "oda_failed", False),
    "foreign": ("other_interface", "no_common_app", False),
}
FORGED = {"forged-signature": False, "forged-certificate": False, "forged-hash": True}


@pytest.fixture(scope="module")
def wallet(tmp_path_factory):
    return Wallet.create(tmp_path_factory.mktemp("wallets") / "kernel")


def purchase_terms(wallet):
    """2.00 on 26-11-21 at an offline gate that knows the wallet's CA and deny list."""
    facts = wallet.parameters()
    _, rid, index, exponent, modulus = facts["ca"][0].split()
    key = capk.new(
        bytes.fromhex(rid), int(index, 16), oda_rsa, bytes.fromhex(modulus), int(exponent, 16)
    )
    sent = {
        0x9F66: "28000080",
        0x9F02: "000000000200",
        0x9F1A: "0156",
        0x5F2A: "0156",
        0x9A: "261121",
        0x9F21: "101500",
        0x9C: "00",
        0x9F37: "A1B2C3D4",
    }
    return transaction.Purchase(
        {tag: bytes.fromhex(value) for tag, value in sent.items()},
        (2026, 11, 21),
        (key,),
        oda.KeyCache(),
        lambda pan, psn: "deny_list" if pan in facts["deny"] else "",
        fdda.EDITIONS,
        True,
    )


def tap(exchange, terms):
    def steps():
        listed = selection.ListedAid(bytes.fromhex("A0000003330101"), True)
        selected = yield from selection.select_application([listed])
        if not isinstance(selected, selection.Selected):
            return selected
        ready = yield from transaction.prepare(selected, terms)
        if not isinstance(ready, transaction.Ready):
            return ready
        return (yield from transaction.commit(ready, terms))

    return drive(steps(), exchange)


def test_every_card_should_end_as_its_kind_demands(wallet):
    terms = purchase_terms(wallet)
    for entry, card in zip(wallet.entries, wallet.cards(), strict=True):
        card.path = None  # the wallet stays as it is
        card.power_up()
        before_fen = card.balance_fen
        result = tap(card.exchange, terms)
        taken = FORGED.get(entry.name) if entry.kind == "forged" else ENDS[entry.kind][2]
        expected = ENDS.get(entry.kind, ("declined", "oda_failed"))
        assert (result.outcome, result.reason) == expected[:2], entry.name
        assert any(final for _, _, final in card.debits) is taken, entry.name
        card.exchange(SELECT)  # takes back what is not final
        assert before_fen - card.balance_fen == 200 * taken


@pytest.mark.parametrize("acted", (False, True))
@pytest.mark.parametrize("at_apdu", range(1, 10))
def test_a_tear_at_any_apdu_should_end_in_an_outcome_that_fits_the_card(wallet, at_apdu, acted):
    card, field = wallet.card("adult-1"), Field()
    card.path = None
    field.place(card)
    field.activate(card)
    field.tear(at_apdu=at_apdu, acted=acted)

    def exchange(command, spare):
        return field.transmit(card, command)

    if at_apdu <= 2:  # PPSE, SELECT: nothing has begun, the loss is the caller's
        with pytest.raises(LinkLost):
            tap(exchange, purchase_terms(wallet))
    else:
        result = tap(exchange, purchase_terms(wallet))
        assert result.outcome == ("torn_pending" if at_apdu == 9 else "try_again")
    assert field.torn == 1
    with pytest.raises(LinkLost):
        field.transmit(card, b"\x00\xb2\x03\x1c\x00")
    assert any(final for _, _, final in card.debits) is (at_apdu == 9 and acted)
