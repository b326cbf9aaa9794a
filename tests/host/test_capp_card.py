# SPDX-License-Identifier: Apache-2.0
"""A card with an extended application: what is read, updated and made final (JR/T 0025.14)."""

import pytest

from sim.capp_profile import Extension, blank
from sim.card import Card
from sim.issuer import Authority, Profile
from tests.host.capp_reading import (
    RANDOM,
    extended_card,
    gpo_as,
    key_of,
    last,
    money,
    place,
    read,
    retail_mac,
    ride,
    told_fen,
    update,
    whole,
    written,
)
from tests.host.card_reading import ok, select, tags

# --- what it says of itself ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "trades, r_mac, df61",
    (
        (("metro",), False, "01"),
        (("metro", "bike"), False, "02"),
        (("metro",), True, "81"),
        (("metro", "bike"), True, "82"),
    ),
)
def test_fci_and_signed_data_should_name_what_the_card_can(trades, r_mac, df61):
    card = extended_card(*trades, r_mac=r_mac)
    fci = tags(select(card))
    assert fci["DF61"].hex() == df61 and fci["9F38"].endswith(bytes.fromhex("DF6001"))
    ok(read(card, "metro"))
    ok(gpo_as(card, "deduct", 200))
    ok(update(card, "metro", written(card, "metro", 1)))
    assert tags(ok(last(card)))["9F69"][7:8].hex() == df61


def test_sm_card_should_ask_for_its_indicator_and_the_country():
    issuer = Authority.generate(suite="sm2").issue_issuer()
    made = issuer.personalise("6228000100000010", Profile(suite="sm2", extended=Extension()))
    pdol = tags(select(Card(made)))["9F38"]
    assert bytes.fromhex("9F1A02") in pdol and pdol.endswith(bytes.fromhex("DF6901DF6001"))


# --- reading ----------------------------------------------------------------------------------


def test_read_should_give_the_record_as_it_lies():
    card = extended_card("metro", "bike", "rides")
    for trade in ("metro", "bike"):
        assert ok(read(card, trade)) == blank(place(trade))


def test_r_mac_should_cover_the_record_and_the_random():
    card = extended_card("metro", r_mac=True)
    answer = ok(read(card, "metro"))
    record, sealed = answer[:-4], answer[-4:]
    assert record == blank(place("metro"))
    assert sealed == retail_mac(key_of(card, "metro"), RANDOM, record)
    assert ok(read(card, "metro", random=bytes(8)))[-4:] != sealed


# --- a debit with its records -----------------------------------------------------------------


@pytest.mark.parametrize("r_mac", (False, True))
def test_debit_and_records_should_become_final_together(r_mac):
    card = extended_card("metro", "bus", "rides", r_mac=r_mac)
    for trade in ("metro", "bus"):
        ok(read(card, trade))
    ok(gpo_as(card, "deduct", 300))
    records = {trade: written(card, trade, 7) for trade in ("metro", "bus", "rides")}
    for trade, record in records.items():
        sent = ok(update(card, trade, record))
        assert len(sent) == 4 * r_mac
    assert card.torn and ok(read(card, "metro"))[:64] == blank(place("metro"))
    assert ride(card) == b"\x6a\x83"
    ok(last(card))
    assert money(card) == (9700, 0, 0) and card.debits == [(1, 300, True)]
    assert ok(ride(card)) == records["rides"]
    assert ok(read(card, "metro"))[:64] == records["metro"]
    assert ok(read(card, "bus"))[:64] == records["bus"]


def test_r_mac_of_an_update_should_cover_the_status_word():
    card = extended_card("metro", r_mac=True)
    ok(read(card, "metro"))
    ok(gpo_as(card, "deduct", 0))
    record = written(card, "metro", 5)
    key = key_of(card, "metro")
    header = bytes([0x84, 0xDE, 0, 0xA8, len(record) + 4])
    sent = retail_mac(key, bytes(6) + b"\x00\x01", header + record)
    answer = ok(card.exchange(header + record + sent + b"\0"))
    assert answer == retail_mac(key, bytes(4) + sent, b"\x90\x00")


def test_a_transaction_torn_before_its_last_record_should_leave_everything():
    card = extended_card("metro", "rides")
    ok(read(card, "metro"))
    ok(gpo_as(card, "deduct", 300))
    ok(update(card, "metro", written(card, "metro", 7)))
    ok(update(card, "rides", written(card, "rides", 7)))
    select(card)
    assert ok(read(card, "metro")) == blank(place("metro")) and ride(card) == b"\x6a\x83"
    assert told_fen(card, "9F79") == 10000 and card.debits == [(1, 300, False)]


# --- worked run (capp.md 2.7) --------------------------------------------------------------------


def test_money_should_run_as_the_worked_example():
    card = extended_card("metro", "bike", offset_fen=40000, profile={"balance_fen": 100000})
    found = whole(card, "freeze", 60000, "bike")
    assert int(found["9F5D"].hex()) == 40000 and "9F26" not in found
    assert money(card) == (40000, 60000, 0)
    found = whole(card, "deduct", 80000)
    assert int(found["9F5D"].hex()) == 0 and told_fen(card, "DF63") == 40000
    found = whole(card, "complete", 30000, "bike")
    assert int(found["9F5D"].hex()) == 0 and told_fen(card, "DF63") == 10000
    assert money(card) == (0, 0, 10000)
    assert card.debits == [(2, 80000, True), (3, 30000, True)]  # a frozen sum is no sale
