# SPDX-License-Identifier: Apache-2.0
"""The kernel's extended transactions against the simulated card, module between them: pays,
refuses, is torn at any exchange, and meets every card that lies (capp.md B to G).
"""

import pytest

from firmware.kernel import outcome, torn
from sim import capp_hostile
from sim.hostile import Hostile
from tests.host.capp_reading import extended_card, money, read, whole
from tests.host.capp_stand import STAMP, Cut, Terminal, factor_of
from tests.host.card_reading import ok, select

STORIES = {"deduct": (300, "metro"), "freeze": (2500, "bike"), "complete": (700, "bike")}
LAST = 40  # more exchanges than a tap has


def card_of(form, r_mac=False, **how):
    """A card that waits for `form`, with one ride in its cyclic file."""
    card = extended_card("metro", "bike", "rides", r_mac=r_mac, **how)
    if form == "complete":
        whole(card, "freeze", 2500, "bike")
    card.state["extended"]["ring"]["records"].append("55" * 48)
    card.power_up()
    return card


def worth(card):
    """What is on it, frozen or not, less what it owes."""
    balance, frozen, used = money(card)
    return balance + frozen - used


def stamped(card, trade):
    """Does the record, as it lies now, show the terminal's stamp?"""
    select(card)
    return bytes([STAMP]) * 8 in ok(read(card, trade))


@pytest.mark.parametrize("cipher", ("3des", "sm4"))
@pytest.mark.parametrize("r_mac", (False, True))
@pytest.mark.parametrize("form", STORIES)
def test_a_card_should_pay_and_keep_what_was_written(form, r_mac, cipher):
    amount_fen, trade = STORIES[form]
    card = extended_card("metro", "bike", "rides", r_mac=r_mac, cipher=cipher)
    card.state["extended"]["ring"]["records"].append("55" * 48)
    if form == "complete":
        first = Terminal("freeze", 2500, "bike", cipher)
        assert first.tap(card.exchange, factor_of(card)).outcome == outcome.APPROVED
    result = Terminal(form, amount_fen, trade, cipher).tap(card.exchange, factor_of(card))
    assert (result.outcome, result.oda) == (outcome.APPROVED, "fdda01")
    assert money(card)[1] == (2500 if form == "freeze" else 0)
    assert worth(card) == 10000 - (0 if form == "freeze" else amount_fen)
    assert stamped(card, trade)


@pytest.mark.parametrize("acted", (False, True))
@pytest.mark.parametrize("r_mac", (False, True))
@pytest.mark.parametrize("form", STORIES)
def test_a_tear_at_any_exchange_should_be_settled_as_the_card_has_it(form, r_mac, acted):
    amount_fen, trade = STORIES[form]
    pending = 0
    for at in range(1, LAST):
        card = card_of(form, r_mac)
        held, debits = worth(card), len(card.debits)
        terminal = Terminal(form, amount_fen, trade)
        result = terminal.tap(Cut(card, at, acted).exchange, factor_of(card))
        if getattr(result, "outcome", "") == outcome.APPROVED:
            break  # the cut lies behind the last exchange
        written = stamped(card, trade)
        final = written and worth(card) == held - (0 if form == "freeze" else amount_fen)
        assert final or (not written and worth(card) == held)
        if getattr(result, "taken", False) is None:
            pending += 1
            verdict = terminal.settle(card.exchange, result.tap)
            assert verdict.verdict == (torn.RECOVERED if final else torn.NOT_DEBITED)
        else:
            assert not final
        assert len([one for one in card.debits if one[2]]) == debits + (final and form != "freeze")
    assert pending == 1 and at > 8


CASES = [
    pytest.param(row, r_mac, id=f"{row.name}{' (R-MAC)' * r_mac}")
    for row in capp_hostile.rows()
    for r_mac in ((False, True) if row.r_mac is None else (row.r_mac,))
]


@pytest.mark.parametrize("row, r_mac", CASES)
def test_a_card_that_lies_should_never_be_let_through(row, r_mac):
    form = {0: "deduct", 1: "deduct", 2: "freeze", 3: "complete"}[row.form]
    amount_fen, trade = STORIES[form]
    if "says 02" in row.name or "says 82" in row.name or form != "deduct":
        card = card_of(form, r_mac)
    else:
        card = extended_card("metro", "rides", r_mac=r_mac)
        card.state["extended"]["ring"]["records"].append("55" * 48)
        card.power_up()
    held = worth(card)
    hostile = Hostile(card, row.bend)
    terminal = Terminal(form, amount_fen, trade)
    for _ in range(2 if "replayed" in row.name else 1):
        result = terminal.tap(hostile.exchange, factor_of(card))
    approved = getattr(result, "outcome", "") == outcome.APPROVED
    assert row.spared or not approved
    select(card)
    if not approved and not row.taken and "replayed" not in row.name:
        assert worth(card) == held
    if row.taken and not row.spared:
        assert result.taken is True and result.reason == "oda_failed"
    if "replayed" in row.name:
        assert result == "forged" and worth(card) == held - amount_fen
