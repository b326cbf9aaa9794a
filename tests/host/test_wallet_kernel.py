# SPDX-License-Identifier: Apache-2.0
"""Card against kernel: each kind of the wallet ends as it should, only a commit takes money."""

import pytest

from firmware.drive import drive
from firmware.errors import LinkLost
from firmware.formats import parameters
from firmware.kernel import capk, fdda, oda, outcome, selection, transaction
from sim.field import Field
from sim.kinds import ALL_KINDS
from sim.parameter_file import parameter_text
from sim.wallet import Wallet
from tests.cards import committed
from tests.host.card_reading import PPSE, SELECT

BEFORE_GPO = ("no_common_app", "app_blocked", "no_ppse", "gpo_refused", "no_pdol_ttq")


@pytest.fixture(scope="module")
def wallet(tmp_path_factory):
    return Wallet.create(tmp_path_factory.mktemp("wallets") / "kernel", ALL_KINDS)


def purchase_terms(wallet):
    """2.00 on 26-11-21 at an offline gate that knows the wallet's CA and deny list."""
    facts = wallet.parameters()
    capks = parameters.parse(parameter_text(facts, 200), "wallet").capks
    sent = {
        0x9F66: "28000080",
        0x9F02: "000000000200",
        0x9F1A: "0156",
        0x5F2A: "0156",
        0x9A: "261121",
        0x9F21: "101500",
        0x9C: "00",
        0x9F37: "A1B2C3D4",
        0xDF69: "01" if capk.offers_sm(capks) else "00",
    }
    return transaction.Purchase(
        {tag: bytes.fromhex(value) for tag, value in sent.items()},
        (2026, 11, 21),
        capks,
        oda.KeyCache(),
        lambda pan, psn: "deny_list" if pan in facts["deny"] else "",
        fdda.EDITIONS,
        True,
        None,
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
        return (yield from committed(ready, terms))

    return drive(steps(), exchange)


@pytest.mark.parametrize("kind", ALL_KINDS, ids=[one.name for one in ALL_KINDS])
def test_every_card_should_end_as_its_kind_demands(wallet, kind):
    """The card's side of JR/T 0025.12 7.7 against the terminal: who pays, who is refused and when.

    A card that pays from an allowance or in another currency loses nothing of its balance.
    """
    card = wallet.card(kind.name)
    card.path = None  # the wallet stays as it is
    before_fen = card.balance_fen + card.second_fen
    result = tap(card.exchange, purchase_terms(wallet))
    paid = kind.reason == "ok"
    other = "other_interface" if kind.reason in BEFORE_GPO else "declined"
    assert (result.outcome, result.reason) == (outcome.APPROVED if paid else other, kind.reason)
    assert any(final for _, _, final in card.debits) is kind.taken
    card.power_up()
    card.exchange(PPSE)
    card.exchange(SELECT)  # takes back what is not final
    charged = sum(one[4] for one in card.state["debits"] if one[2])
    assert before_fen - card.balance_fen - card.second_fen == charged
    assert charged in (200 * kind.taken, 0)
    assert charged == 200 * kind.taken or kind.name in ("abroad", "ctta-only")


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
