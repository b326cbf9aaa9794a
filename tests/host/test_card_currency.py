# SPDX-License-Identifier: Apache-2.0
"""A card of two currencies, and one that is abroad (JR/T 0025.15; qpboc.md 2.12, 2.17)."""

import pytest

from sim.card import Card
from sim.profile import Second
from tests.host.card_reading import (
    gpo_of,
    last_of,
    ok,
    own_card,
    pay,
    select,
    shared,
    tags,
    value_of,
)

HONG_KONG = Second("0344", 5000, 300, 20000, 4000, 4500)
DOLLARS = {"currency": "0344"}


def card_of_two(**profile):
    return own_card(second=HONG_KONG, **profile)


def test_each_currency_should_have_its_own_money():
    card = card_of_two()
    pay(card, 200)
    found = pay(card, 300, **DOLLARS)
    assert (card.balance_fen, card.second_fen) == (9800, 4700)
    assert found["9F10"][10:15].hex() == "0000004700" and found["9F5D"].hex() == "000000004700"
    assert card.debits == [(1, 200, True), (2, 300, True)]
    card.top_up(1000, purse=1)
    assert (card.balance_fen, card.second_fen) == (9800, 5700)


def test_a_torn_debit_should_be_taken_back_in_its_currency():
    card = card_of_two()
    select(card)
    ok(card.exchange(gpo_of(card, 300, **DOLLARS)))
    assert (card.balance_fen, card.second_fen) == (10000, 4700)
    select(card)
    assert (card.balance_fen, card.second_fen) == (10000, 5000)


# tag, without a GPO, after one in the second currency
SECOND_VALUES = (
    ("9F79", "000000010000", "000000004700"),
    ("9F6D", "000000000000", "000000000300"),
    ("9F77", "000000100000", "000000020000"),
    ("9F78", "000000100000", "000000004000"),
    ("9F6B", "000000000900", "000000004500"),
    ("9F51", "0156", "0156"),
    ("DF71", "0344", "0344"),
    ("DF72", "000000004500", "000000004500"),
    ("DF76", "000000000300", "000000000300"),
    ("DF77", "000000020000", "000000020000"),
    ("DF78", "000000004000", "000000004000"),
    ("DF79", "000000005000", "000000004700"),
)


@pytest.mark.parametrize("tag, before, after", SECOND_VALUES)
def test_after_a_gpo_in_the_second_currency_get_data_should_give_its_values(tag, before, after):
    """JR/T 0025.15 5.3.3; a new SELECT gives those of the first again."""
    card = card_of_two(cvm_limit_fen=900, unreadable=())
    select(card)
    assert value_of(card, tag) == before
    ok(card.exchange(gpo_of(card, 300, **DOLLARS)))
    assert value_of(card, tag) == after
    ok(card.exchange(last_of(card)))
    select(card)
    assert value_of(card, tag) == (after if tag == "DF79" else before)


# amount, TTQ, kind
LIMITS = (
    (4000, "28000080", 0x90),
    (4001, "28000080", 0x80),  # DF78
    (4000, "26000080", 0x90),
    (4001, "26000080", 0xA0),
    (3701, "26000080", 0xA0, 4000),  # DF79 - DF76 of 300
    (3700, "26000080", 0x90, 4000),
)


@pytest.mark.parametrize("row", LIMITS)
def test_the_limits_of_the_second_currency_should_decide_there(row):
    amount_fen, ttq, kind = row[:3]
    card = card_of_two()
    card.state["second_fen"] = row[3] if len(row) > 3 else 5000
    assert pay(card, amount_fen, ttq=ttq, **DOLLARS)["9F10"][4] == kind


def test_the_card_limit_for_a_holder_check_should_be_that_of_the_currency():
    """9F6B for the first, DF72 for the second (row 4 of qpboc.md 2.17)."""
    card = own_card(
        second=Second(balance_fen=9000, single_limit_fen=9000, cvm_limit_fen=1000),
        cvm_limit_fen=2000,
    )
    for currency, amount_fen, refused in (
        ("0156", 2000, False),
        ("0156", 2001, True),
        ("0344", 1000, False),
        ("0344", 1001, True),
    ):
        select(card)
        answer = card.exchange(gpo_of(card, amount_fen, currency=currency))
        assert (answer == b"\x69\x85") is refused, (currency, amount_fen)


def test_the_allowance_should_count_the_first_currency_alone():
    card = card_of_two(options="40400000", total_limit_fen=1000)
    pay(card, 600)
    pay(card, 600, **DOLLARS)
    assert card.state["total_fen"] == 600
    assert pay(card, 500)["9F10"][4] == 0x80  # 1100 in all


def test_a_third_currency_should_be_foreign():
    """Row 1: forbidden by 9F68 byte 2 b7; row 7: counted by 9F53, no money of the card moves."""
    assert pay(card_of_two(), 100, currency="0840")["9F10"][4] == 0x80
    card = card_of_two(options="84000000", foreign_limit=2)
    kinds = [pay(card, 100, currency="0840")["9F10"][4] for _ in range(3)]
    assert kinds == [0x90, 0x90, 0x80]
    assert (card.balance_fen, card.second_fen) == (10000, 5000)
    card.top_up(100)  # the issuer was there: the counter starts anew
    assert pay(card, 100, currency="0840")["9F10"][4] == 0x90


def test_a_torn_foreign_sale_should_not_count():
    card = own_card(options="84000000", foreign_limit=1)
    for _ in range(3):
        select(card)
        assert tags(ok(card.exchange(gpo_of(card, 100, currency="0840"))))["9F10"][4] == 0x90
    assert card.state["foreign_count"] == 1 and pay(card, 100, currency="0840")["9F10"][4] == 0x90
    assert pay(card, 100, currency="0840")["9F10"][4] == 0x80


def test_the_published_card_should_pay_in_its_second_currency():
    card = Card.from_test_card(shared("vectors", "test_card.json"), "0001")
    card.power_up()
    found = pay(card, 100, currency="0344")
    assert found["9F10"][4] == 0x90 and card.second_fen == 19900
