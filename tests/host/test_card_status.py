# SPDX-License-Identifier: Apache-2.0
"""Status words of the simulated card: every command, every wrong way to send it.

JR/T 0025.5 annex B, .12 6.4, 6.5; qpboc.md 2.13. What the standard leaves to ISO 7816-4 (Le) is
marked there.
"""

import json

import pytest

from tests.host.card_reading import (
    PPSE,
    SELECT,
    get_data,
    gpo,
    last_of,
    ok,
    own_card,
    pay,
    read_record,
    select,
)

GPO = gpo(200).hex().upper()
# What is done before the wrong command
STATES = {
    "off": (),
    "ppse": (PPSE,),
    "selected": (PPSE, SELECT),
    "paid": (PPSE, SELECT, gpo(200)),
    "again": (PPSE, SELECT, gpo(200), PPSE),
}

# state, command, status word
WORDS = (
    # --- class, instruction, length
    ("selected", "", "6700"),
    ("selected", "00A404", "6700"),
    ("selected", "90A4040000", "6E00"),
    ("selected", "84CA9F7900", "6E00"),
    ("selected", "04B2011400", "6E00"),
    ("selected", "80AE400000", "6D00"),  # GENERATE AC: no contact path here
    ("selected", "00880000049F370400", "6D00"),  # INTERNAL AUTHENTICATE
    ("selected", "00200080084123FFFFFFFFFFFF", "6D00"),  # VERIFY
    ("selected", "80A4040000", "6D00"),
    ("selected", "00A80000028300", "6D00"),
    ("selected", "80B2011400", "6D00"),
    ("selected", "00CA9F7900", "6D00"),
    ("selected", "805A000002000108", "6D00"),  # GET TRANS PROVE on a card without it
    ("selected", "04DA9F7906000000010000", "6E00"),  # PUT DATA is the issuer's
    # --- SELECT
    ("off", "00A4040007A000000003101000", "6A82"),
    ("off", "00A404000E315041592E5359532E444446303100", "6A82"),
    ("off", "00A4040006325041592E", "6700"),
    ("off", "00A4040003A0000000", "6A82"),
    ("off", "00A4040008A000000333010102", "6A82"),
    ("off", "00A404000AA00000033301010100", "6700"),
    ("off", "00A4040009A0000003330101010000", "6A82"),
    ("off", "00A40000023F0000", "6A81"),
    ("off", "00A4010008A00000033301010100", "6A81"),
    ("off", "00A4040208A00000033301010100", "6A81"),
    ("off", "00A4040008A00000033301010110", "6700"),  # Le, ISO 7816-4
    ("off", "00A4040008A0000003330101010000", "6700"),
    ("off", "00A4040000", "6A82"),
    ("off", "00A40400", "6A82"),
    # --- GET PROCESSING OPTIONS
    ("off", GPO, "6985"),
    ("ppse", GPO, "6985"),
    ("paid", GPO, "6985"),  # a second one
    ("again", GPO, "6985"),
    ("selected", "80A80100028300", "6A86"),
    ("selected", "80A80001028300", "6A86"),
    ("selected", "80A80000", "6A80"),
    ("selected", "80A8000000", "6A80"),
    ("selected", "80A80000028300", "6700"),
    ("selected", "80A8000003830100", "6700"),
    ("selected", "80A80000022100", "6A80"),
    ("selected", GPO.replace("8321", "8320"), "6700"),
    ("selected", GPO.replace("8321", "8521"), "6A80"),
    ("selected", GPO[:-2] + "10", "6700"),  # Le
    ("selected", GPO + "00", "6700"),
    ("selected", GPO.replace("000000000200", "00000000020A", 1), "6A80"),
    ("selected", GPO.replace("28000080", "08000080"), "6985"),  # a reader without qPBOC
    # --- READ RECORD
    ("off", "00B2011400", "6985"),
    ("ppse", "00B2011400", "6985"),
    ("again", "00B2011400", "6985"),
    ("selected", "00B20114", "6700"),
    ("selected", "00B201140100", "6700"),
    ("selected", "00B2011500", "6A81"),
    ("selected", "00B2011000", "6A81"),
    ("selected", "00B2041400", "6A83"),
    ("selected", "00B2001400", "6A83"),
    ("selected", "00B2FF1400", "6A83"),
    ("selected", "00B2002400", "6A82"),
    ("selected", "00B2010400", "6A82"),  # SFI 0
    ("selected", "00B201FC00", "6A82"),  # SFI 31
    ("selected", "00B2010C10", "6C15"),  # Le, ISO 7816-4: 21 bytes are there
    ("selected", "00B2015C00", "6A83"),  # a log without an entry
    ("selected", "00B2015D00", "6A81"),
    ("selected", "00B2016400", "6A83"),
    # --- GET DATA
    ("off", "80CA9F7900", "6985"),
    ("ppse", "80CA9F3600", "6985"),
    ("again", "80CA9F3600", "6985"),
    ("selected", "80CA9F79", "6700"),
    ("selected", "80CA9F790100", "6700"),
    ("selected", "80CA9F7904", "6C09"),  # Le, ISO 7816-4
    ("selected", "80CA000000", "6A88"),
    ("selected", "80CAFFFF00", "6A88"),
    ("selected", "80CA9F2600", "6A88"),
)


@pytest.mark.parametrize("state, command, sw", WORDS)
def test_wrong_commands_should_get_their_word_and_change_nothing(state, command, sw):
    """Nothing of the card's state moves, and it goes on."""
    card = own_card()
    for one in STATES[state]:
        ok(card.exchange(one))
    before = json.dumps(card.state)
    assert card.exchange(bytes.fromhex(command)).hex().upper() == sw
    assert json.dumps(card.state) == before


def test_a_wrong_le_should_not_make_a_debit_final():
    """The tear flag falls only with an answer of 9000 (JR/T 0025.12 7.7.19)."""
    card = own_card()
    select(card)
    ok(card.exchange(gpo(200)))
    wrong = last_of(card)[:-1] + b"\x05"
    assert card.exchange(wrong)[0] == 0x6C and card.torn
    right = last_of(card)[:-1] + card.exchange(wrong)[1:]
    ok(card.exchange(right))
    assert card.debits == [(1, 200, True)]


def test_a_blocked_application_should_say_so_and_do_nothing_else():
    """6283 with its FCI, then 6985 to a GPO; GET DATA and logs may be read."""
    card = own_card(blocked="application")
    ok(card.exchange(PPSE))
    answer = card.exchange(SELECT)
    assert answer[:1] == b"\x6f" and answer[-2:] == b"\x62\x83"
    assert card.exchange(gpo(200)) == b"\x69\x85"
    ok(card.exchange(get_data("9F79")))
    assert card.exchange(read_record(0x0B, 1)) == b"\x6a\x83"
    assert (card.atc, card.balance_fen) == (0, 10000)


def test_a_blocked_card_should_answer_6a81_to_every_select():
    card = own_card(blocked="card")
    assert card.exchange(PPSE) == card.exchange(SELECT) == b"\x6a\x81"
    assert card.exchange(get_data("9F36")) == b"\x69\x85"


def test_a_foreign_card_should_offer_its_own_application_only():
    card = own_card(aid="A0000000031010")
    ok(card.exchange(PPSE))
    assert card.exchange(SELECT) == b"\x6a\x82"
    ok(card.exchange(bytes.fromhex("00A4040007A000000003101000")))


def test_a_part_of_the_name_should_select_the_application():
    """JR/T 0025.3 12.3: the shortest a card takes is the RID."""
    for length in (5, 6, 7, 8):
        card = own_card()
        name = bytes.fromhex("A000000333010101")[:length]
        ok(card.exchange(b"\x00\xa4\x04\x00" + bytes([length]) + name + b"\x00"))


def test_the_atc_should_lock_the_application_for_ever_at_its_end():
    """JR/T 0025.12 7.7: 65535 is the last; a load does not bring it back."""
    card = own_card(atc=0xFFFE)
    assert pay(card, 200)["9F36"] == b"\xff\xff"
    for _ in range(3):
        select(card)
        assert card.exchange(gpo(200)) == b"\x69\x85"
    with pytest.raises(ValueError, match="used up"):
        card.top_up(100)
    assert (card.balance_fen, card.atc) == (9800, 0xFFFF)


def test_a_torn_debit_should_be_taken_back_though_the_atc_is_used_up():
    card = own_card(atc=0xFFFE, rollback="gpo")
    card.rollback = "gpo"
    select(card)
    ok(card.exchange(gpo(200)))
    select(card)
    assert card.exchange(gpo(200)) == b"\x69\x85"
    assert (card.balance_fen, card.torn) == (10000, False)


def test_a_holder_check_that_cannot_be_done_should_be_6985():
    """JR/T 0025.12 7.7 row 4: the ATC is used, nothing else."""
    card = own_card(cvm_limit_fen=100)
    select(card)
    assert card.exchange(gpo(200)) == b"\x69\x85"
    assert (card.atc, card.balance_fen, card.torn) == (1, 10000, False)


# --- GET TRANS PROVE ----------------------------------------------------------------------------

# after a debit with ATC 0001: command, status word
PROVE_WORDS = (
    ("805A000002000208", "9406"),
    ("805A000002000008", "9406"),
    ("805A010002000108", "6A86"),
    ("805A0001020001", "6A86"),
    ("805A00000100", "6700"),
    ("805A0000030001010008", "6700"),
    ("805A000000", "6700"),
    ("805A000002000107", "6C08"),
    ("005A000002000108", "6D00"),
    ("845A000002000108", "6E00"),
)


def prove(card, atc):
    return card.exchange(bytes.fromhex(f"805A000002{atc:04X}08"))


@pytest.mark.parametrize("command, sw", PROVE_WORDS)
def test_get_trans_prove_should_refuse_what_it_cannot_prove(command, sw):
    """JR/T 0025.14 A.4, table A.11."""
    card = own_card(trans_prove=True)
    pay(card, 200)
    select(card)
    assert card.exchange(bytes.fromhex(command)).hex().upper() == sw


def test_get_trans_prove_should_give_the_tc_of_a_debit_that_stands():
    """JR/T 0025.14 A.4.1: only the last one that is final, never one that was taken back."""
    card = own_card(trans_prove=True)
    first = pay(card, 200)["9F26"]
    select(card)
    assert ok(prove(card, 1)) == first
    ok(card.exchange(gpo(300)))
    assert prove(card, 2) == b"\x94\x06"  # not final
    card.power_up()
    assert prove(card, 1) == b"\x69\x85"
    select(card)
    assert prove(card, 2) == b"\x94\x06" and ok(prove(card, 1)) == first
    second = pay(card, 400)["9F26"]
    select(card)
    assert prove(card, 1) == b"\x94\x06" and ok(prove(card, 3)) == second
