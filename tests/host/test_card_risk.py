# SPDX-License-Identifier: Apache-2.0
"""The card's decision at GPO, row by row of qpboc.md 2.17 (JR/T 0025.12 7.7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import card_risk
from sim.card_risk import CardData, Terminal, decide
from tests.host.card_reading import gpo, ok, own_card, pay, select, tags

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


# --- on the wire --------------------------------------------------------------------------------

# Profile, TTQ, amount, 9F10 byte 5, byte 6, 9F6C; None: 6985. Rows of qpboc.md 2.17
ANSWERS = (
    ("1", {"currency": "0840"}, "28000080", 1, "80", "00", "0000"),
    ("2", {"new_card": True, "options": "80200000"}, "28000080", 1, "80", "10", "0000"),
    ("2 online", {"new_card": True, "options": "80200000"}, "26000080", 1, "90", "10", "0000"),
    ("3", {"pin_tries": 0, "options": "88000000"}, "28000080", 1, "80", "40", "0000"),
    ("3 online", {"pin_tries": 0, "options": "88000000"}, "26000080", 1, "A0", "40", "0000"),
    ("4 none", {"cvm_limit_fen": 100}, "28000080", 101, None, "", ""),
    ("4 no signature asked", {"cvm_limit_fen": 100}, "28000080", 100, "90", "00", "0000"),
    (
        "4 signature",
        {"cvm_limit_fen": 100, "options": "80001000"},
        "2A000080",
        101,
        "90",
        "00",
        "4000",
    ),
    (
        "4 online PIN",
        {"cvm_limit_fen": 100, "options": "80009000"},
        "26000080",
        101,
        "A0",
        "00",
        "8000",
    ),
    (
        "4 both can sign, the reader is offline",
        {"cvm_limit_fen": 100, "options": "80009000", "ctq": "3000"},
        "2E000080",
        101,
        "90",
        "00",
        "7000",
    ),
    ("4 TTQ asks", {}, "28400080", 1, None, "", ""),
    ("5", {}, "26800080", 1, "A0", "00", "0000"),
    ("5 offline reader", {}, "28800080", 1, "90", "00", "0000"),
    ("5 new", {"new_card": True, "options": "90000000"}, "26000080", 1, "A0", "10", "0000"),
    ("6 balance", {"balance_fen": 99}, "28000080", 100, "80", "20", "0000"),
    ("6 threshold", {"threshold_fen": 9901}, "26000080", 100, "A0", "20", "0000"),
    ("6 threshold, offline reader", {"threshold_fen": 9901}, "28000080", 100, "90", "00", "0000"),
    ("6, no option", {"options": "00000000"}, "28000080", 1, "80", "20", "0000"),
    (
        "7",
        {"currency": "0840", "options": "84000000", "foreign_limit": 1},
        "28000080",
        1,
        "90",
        "00",
        "0000",
    ),
    ("8", {"options": "82000000"}, "36800080", 1, None, "", ""),
    ("8 no contact", {"options": "82000000"}, "26800080", 1, "A0", "00", "0000"),
    ("9", {"options": "80800000"}, "26800080", 1, "A0", "00", "0000"),
    ("9 short", {"options": "80800000", "balance_fen": 0}, "26800080", 1, "80", "00", "0000"),
)


@pytest.mark.parametrize(
    "profile, ttq, amount_fen, kind, cvr, ctq",
    [row[1:] for row in ANSWERS],
    ids=[row[0] for row in ANSWERS],
)
def test_the_answer_should_say_what_was_decided(profile, ttq, amount_fen, kind, cvr, ctq):
    """JR/T 0025.12 7.7, annex E: 9F10 bytes 5 and 6, the CVM bits of 9F6C; AFL with a TC alone."""
    card = own_card(**{"log": False, **profile})
    select(card)
    answer = card.exchange(gpo(amount_fen, ttq=ttq))
    assert card.atc == 1  # 6985 too uses one up
    if kind is None:
        assert answer == b"\x69\x85" and card.debits == []
        return
    found = tags(ok(answer))
    assert (found["9F10"][4:6].hex().upper(), found["9F6C"].hex()) == (kind + cvr, ctq)
    assert ("94" in found) is ("9F4B" in found) is (kind == "90")


def test_the_allowance_should_fill_up_and_empty_with_a_load():
    """CTTA counts what was paid since the issuer was there; CTTAL for readers that can go online,
    CTTAUL for those that cannot (row 6 with CTTA).
    """
    card = own_card(options="40400000", total_limit_fen=500, total_upper_fen=700)
    assert [pay(card, 200)["9F10"][4] for _ in range(2)] == [0x90, 0x90]
    assert pay(card, 200, ttq="26000080")["9F10"][4] == 0xA0  # 600 > 500
    assert pay(card, 200)["9F10"][4] == 0x90
    assert pay(card, 200)["9F10"][4] == 0x80  # 800 > 700
    card.top_up(1)
    assert pay(card, 500)["9F10"][4] == 0x90 and card.state["total_fen"] == 500


def test_a_torn_sale_should_not_count_in_the_allowance():
    card = own_card(options="40400000", total_limit_fen=500)
    for _ in range(4):
        select(card)
        assert tags(ok(card.exchange(gpo(300))))["9F10"][4] == 0x90
    select(card)
    assert card.state["total_fen"] == 0


options = st.binary(min_size=4, max_size=4)
limits = st.none() | st.integers(0, 1200)


@given(
    st.builds(
        CardData,
        options=options,
        currency=st.sampled_from(("0156", "0840")),
        balance_fen=st.integers(0, 1200),
        single_limit_fen=limits,
        threshold_fen=st.integers(0, 400),
        cvm_limit_fen=limits,
        total_fen=st.integers(0, 600),
        total_limit_fen=limits,
        total_upper_fen=limits,
        new=st.booleans(),
        pin_tries=st.integers(0, 3),
        foreign_count=st.integers(0, 3),
        foreign_limit=st.integers(0, 3),
    ),
    st.builds(
        Terminal,
        ttq=st.binary(min_size=4, max_size=4),
        amount_fen=st.integers(0, 1500),
        currency=st.just("0156"),
    ),
)
def test_no_card_should_give_more_than_it_has(card, terminal):
    """Whatever bits are set: an offline-only reader gets no ARQC, no TC goes over a limit."""
    verdict = decide(card, terminal)
    home = terminal.currency == card.currency
    assert 0 <= verdict.charge_fen <= card.balance_fen
    if card_risk.has(terminal.ttq, card_risk.TTQ_OFFLINE_ONLY):
        assert verdict.kind != card_risk.ARQC
    if verdict.kind == card_risk.TC and home:
        assert card.single_limit_fen is None or terminal.amount_fen <= card.single_limit_fen
        assert verdict.charge_fen in (terminal.amount_fen, 0)
        assert verdict.charge_fen == terminal.amount_fen or verdict.total_fen
        most = max(card.total_limit_fen or 0, card.total_upper_fen or 0)
        assert not verdict.total_fen or verdict.total_fen + card.total_fen <= most
    if verdict.kind == card_risk.TC and not home:
        assert (verdict.charge_fen, verdict.total_fen, verdict.foreign) == (0, 0, 1)
    if verdict.kind in (card_risk.AAC, card_risk.REFUSED):
        assert (verdict.charge_fen, verdict.total_fen, verdict.foreign) == (0, 0, 0)
