# SPDX-License-Identifier: Apache-2.0
"""The card's decision at GPO, row by row of qpboc.md 2.17 (JR/T 0025.12 7.7)."""

import pytest

from sim import card_risk
from sim.card_risk import CardData, Terminal, decide
from tests.host.card_reading import gpo, ok, own_card, select, tags

OFFLINE, ONLINE = "28000080", "26000080"

PLAIN = CardData(
    options=bytes.fromhex("80000000"),
    currency="0156",
    balance_fen=1000,
    single_limit_fen=800,
    threshold_fen=300,
    cvm_limit_fen=None,
    total_fen=0,
    total_limit_fen=500,
    total_upper_fen=600,
    new=False,
    pin_tries=3,
    foreign_count=0,
    foreign_limit=2,
)


def verdict(amount_fen, ttq, options="80000000", currency="0156", **terms):
    card = PLAIN._replace(options=bytes.fromhex(options), **terms)
    return decide(card, Terminal(bytes.fromhex(ttq), amount_fen, currency))


# row, amount, 9F68, what is special, offline-only, online-capable
DECISIONS = (
    ("1", 1, "80400000", {"currency": "0840"}, "AAC", "AAC"),
    ("2", 1, "80200000", {"new": True}, "AAC", "TC"),
    ("2 not new", 1, "80200000", {}, "TC", "TC"),
    ("3", 1, "88000000", {"pin_tries": 0}, "AAC", "ARQC"),
    ("4 limit", 501, "80000000", {"cvm_limit_fen": 500}, "6985", "6985"),
    ("4 at the limit", 500, "80000000", {"cvm_limit_fen": 500}, "TC", "TC"),
    ("4 online PIN", 501, "80008000", {"cvm_limit_fen": 500}, "6985", "ARQC"),
    ("4 signature", 501, "80001000", {"cvm_limit_fen": 500}, "6985", "TC"),
    ("4 foreign", 1, "84002000", {"currency": "0840"}, "6985", "6985"),
    ("5 foreign", 1, "80000000", {"currency": "0840"}, "AAC", "ARQC"),
    ("5 new", 1, "90000000", {"new": True}, "TC", "ARQC"),
    ("6", 700, "80000000", {}, "TC", "TC"),
    ("6 threshold", 701, "80000000", {}, "TC", "ARQC"),
    ("6 single limit", 801, "80000000", {}, "AAC", "ARQC"),
    ("6 balance", 701, "80000000", {"balance_fen": 700}, "AAC", "ARQC"),
    ("6' in the total", 500, "40000000", {}, "TC", "TC"),
    ("6' between", 600, "40000000", {}, "TC", "ARQC"),
    ("6' above", 601, "40000000", {}, "AAC", "ARQC"),
    ("6' balance", 400, "40000000", {"balance_fen": 399}, "AAC", "ARQC"),
    ("6'' balance", 700, "20000000", {}, "TC", "TC"),
    ("6'' total", 500, "20000000", {"balance_fen": 0}, "TC", "TC"),
    ("6'' neither", 601, "20000000", {"balance_fen": 0}, "AAC", "ARQC"),
    ("6''' no option", 1, "00000000", {}, "AAC", "ARQC"),
    ("7", 1, "84000000", {"currency": "0840"}, "TC", "TC"),
    ("7 used up", 1, "84000000", {"currency": "0840", "foreign_count": 2}, "AAC", "ARQC"),
    ("8", 801, "82000000", {}, "AAC", "ARQC"),
    ("9 short", 1001, "80800000", {}, "AAC", "AAC"),
    ("9 zero", 0, "80800000", {"pin_tries": 3, "single_limit_fen": -1}, "AAC", "AAC"),
    ("9", 801, "80800000", {}, "AAC", "ARQC"),
)


@pytest.mark.parametrize(
    "amount_fen, options, terms, offline, online",
    [row[1:] for row in DECISIONS],
    ids=[row[0] for row in DECISIONS],
)
def test_the_card_should_decide_by_the_table(amount_fen, options, terms, offline, online):
    terms = dict(terms)
    sent = {"currency": terms.pop("currency", "0156")}
    found = [
        verdict(amount_fen, ttq, options, **sent, **terms).kind for ttq in ("28000080", ONLINE)
    ]
    assert found == [offline, online]


def test_requests_of_the_reader_should_count_only_online():
    assert verdict(1, "28800080").kind == "TC"  # row 5 is not tested offline-only
    assert verdict(1, "26800080").kind == "ARQC"
    assert verdict(1, "28400080").kind == "6985"  # CVM required, none possible
    assert verdict(1, "26400080", "80001000").ctq == card_risk.CTQ_SIGNATURE
    assert verdict(1, "26400080", "80008000").ctq == card_risk.CTQ_ONLINE_PIN
    assert verdict(801, "36000080", "82000000").kind == "6985"  # row 8


def test_a_verdict_should_say_what_it_costs():
    assert verdict(700, OFFLINE).charge_fen == 700
    both = verdict(400, OFFLINE, "40000000")
    assert (both.charge_fen, both.total_fen) == (400, 400)
    spare = verdict(500, OFFLINE, "20000000", balance_fen=0)
    assert (spare.charge_fen, spare.total_fen) == (0, 500)
    abroad = verdict(1, OFFLINE, "84000000", currency="0840")
    assert (abroad.charge_fen, abroad.foreign) == (0, 1)
    assert verdict(801, ONLINE, "80800000").charge_fen == 801  # prepaid: funds go with the ARQC
    assert verdict(801, OFFLINE).cvr == card_risk.CVR_LIMIT


def test_an_online_reader_should_get_an_arqc_without_afl():
    card = own_card()
    select(card)
    found = tags(ok(card.exchange(gpo(200, ttq="26800080"))))
    assert found["9F10"][4] == 0xA0 and "94" not in found and "9F4B" not in found
    assert (card.balance_fen, card.debits) == (10000, [])


def test_a_reader_without_qpboc_should_be_refused():
    card = own_card()
    select(card)
    assert card.exchange(gpo(200, ttq="08000080")) == b"\x69\x85"
    assert card.atc == 0


def test_an_amount_that_is_no_number_should_be_refused():
    card = own_card()
    select(card)
    command = gpo(0).replace(bytes(6), bytes.fromhex("00000000000A"), 1)
    assert card.exchange(command) == b"\x6a\x80"
    assert card.atc == 0
