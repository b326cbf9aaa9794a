# SPDX-License-Identifier: Apache-2.0
"""The table of cards whose extended application lies: all lie, and no money is lost by it."""

import pytest

from sim import capp_hostile
from sim.hostile import Hostile
from tests.host.capp_reading import (
    extended_card,
    gpo_as,
    last,
    money,
    read,
    ride,
    update_command,
    whole,
    written,
)
from tests.host.card_reading import PPSE, SELECT, select

ROWS = capp_hostile.rows()
FORGETFUL = [row for row in ROWS if "never committed" in row.name]
FORMS = {0: "deduct", 1: "deduct", 2: "freeze", 3: "complete"}
PROVE = bytes.fromhex("805A000002000108")


def card_for(row):
    """A card that the row can bend, with a ride behind it and a sum frozen where one is due."""
    trades = ("bike", "rides") if row.form > 1 or "says 02" in row.name else ("metro", "rides")
    if "says 82" in row.name:
        trades = ("bike", "rides")
    card = extended_card(*trades, r_mac=bool(row.r_mac))
    trade = trades[0]
    if row.form == 3:
        whole(card, "freeze", 500, trade)
    card.state["extended"]["ring"]["records"].append("55" * 48)
    return card, trade


def dialogue(card, trade, form, hostile):
    """A tap without a thought: what the bent card answers to each command, None where it ends."""
    card.power_up()
    for command in (PPSE, SELECT):
        hostile.exchange(command)
    read(hostile_as(card, hostile), trade)
    ride(hostile_as(card, hostile))
    if gpo_as(hostile_as(card, hostile), form, 200)[-2:] != b"\x90\x00":
        return
    record = written(card, trade, 9)
    if hostile.exchange(update_command(card, trade, record))[-2:] == b"\x90\x00":
        last(hostile_as(card, hostile))


def hostile_as(card, hostile):
    """The card for the helpers, its answers bent."""

    class Bent:
        exchange = staticmethod(hostile.exchange)

        def __getattr__(self, name):
            return getattr(card, name)

    return Bent()


def test_names_should_be_distinct():
    names = [row.name for row in (*ROWS, *capp_hostile.torn_rows())]
    assert len(names) == len(set(names)) > 90


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_row_should_bend_an_answer_and_keep_the_money(row):
    card, trade = card_for(row)
    hostile = Hostile(card, row.bend)
    before = sum(money(card)[:2]) - money(card)[2]
    for _ in range(2 if "replayed" in row.name else 1):
        dialogue(card, trade, FORMS[row.form], hostile)
    assert hostile.hits or row in FORGETFUL
    select(card)
    paid = sum(amount_fen for _, amount_fen, final in card.debits if final)
    assert before - paid == sum(money(card)[:2]) - money(card)[2]


@pytest.mark.parametrize("row", list(capp_hostile.torn_rows()), ids=lambda row: row.name)
def test_row_of_a_torn_tap_should_bend_what_proves_it(row):
    card = extended_card("metro")
    whole(card, "deduct", 200)
    select(card)
    hostile = Hostile(card, row.bend)
    assert hostile.exchange(PROVE) != card.exchange(PROVE) and hostile.hits == 1


@pytest.mark.parametrize("form", ("freeze", "complete"))
def test_a_forgotten_update_should_undo_a_pre_authorisation(form):
    number = {"freeze": 2, "complete": 3}[form]
    row = next(row for row in FORGETFUL if row.form == number)
    card, trade = card_for(row)
    held = money(card)
    hostile = Hostile(card, row.bend)
    dialogue(card, trade, form, hostile)
    assert money(card) == held and not card.torn


def test_a_forgotten_update_should_leave_a_deduction_without_its_record():
    card, trade = card_for(FORGETFUL[0])
    before = read(card, trade)
    dialogue(card, trade, "deduct", Hostile(card, FORGETFUL[0].bend))
    assert read(card, trade) == before and card.debits == [(1, 200, True)]
