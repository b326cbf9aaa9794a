# SPDX-License-Identifier: Apache-2.0
"""The logs of the simulated card: what was paid and what was loaded (qpboc.md 2.16)."""

from sim.card import Card
from sim.profile import LOG_PDOL
from tests.host.card_reading import (
    SELECT,
    get_data,
    gpo_of,
    image,
    last_of,
    ok,
    own_card,
    pay,
    read_record,
    select,
    shared,
    tags,
    value_of,
)

SALES, LOADS = 0x0B, 0x0C
LINE_12 = b"LINE 12".ljust(20, b"\0")
SENT = {
    "country": "0156",
    "date": "261121",
    "time": "101500",
    "merchant": LINE_12.hex(),
    "un": "A1B2C3D4",
}


def logged(card, number=1, sfi=SALES):
    return card.exchange(read_record(sfi, number))


def cut(card, record, format_tag="9F4F"):
    """{tag: hex} of a log record, cut by the format that GET DATA gives."""
    log_format, found, at = bytes.fromhex(value_of(card, format_tag)), {}, 0
    while log_format:
        size = 2 if log_format[0] & 0x1F == 0x1F else 1
        tag, length = log_format[:size].hex().upper(), log_format[size]
        found[tag] = record[at : at + length].hex().upper()
        at, log_format = at + length, log_format[size + 1 :]
    assert at == len(record)
    return found


def test_a_sale_should_be_logged_when_the_last_record_is_read():
    """JR/T 0025.12 7.7.19, .5 18.1: not at the GPO, which may still be taken back."""
    card = own_card(pdol=LOG_PDOL)
    fci = tags(select(card))
    assert fci["9F4D"] == b"\x0b\x0a" and fci["DF4D"] == b"\x0c\x0a"
    ok(card.exchange(gpo_of(card, 200, **SENT)))
    assert logged(card) == b"\x6a\x83"
    ok(card.exchange(last_of(card)))
    record = ok(logged(card))
    assert len(record) == 45
    assert cut(card, record) == {
        "9A": "261121",
        "9F21": "101500",
        "9F02": "000000000200",
        "9F03": "000000000000",
        "9F1A": "0156",
        "5F2A": "0156",
        "9F4E": LINE_12.hex().upper(),
        "9C": "00",
        "9F36": "0001",
    }


def test_what_the_pdol_does_not_ask_should_be_zero_in_the_log():
    card = own_card()
    pay(card, 200, **SENT)
    found = cut(card, ok(logged(card)))
    assert found["9F21"] == "000000" and found["9F4E"] == "00" * 20
    assert (found["9A"], found["9F36"]) == ("261121", "0001")


def test_the_newest_sale_should_be_record_1_and_the_eleventh_push_the_first_out():
    card = own_card()
    for amount_fen in range(1, 13):
        pay(card, amount_fen)
    select(card)
    amounts = [int(cut(card, ok(logged(card, n)))["9F02"]) for n in range(1, 11)]
    assert amounts == list(range(12, 2, -1))
    assert logged(card, 11) == b"\x6a\x83" and logged(card, 0) == b"\x6a\x83"


def test_a_torn_sale_should_leave_no_entry_unless_it_is_made_final():
    for rollback, kept in (("select", 0), ("gpo", 1)):
        card = own_card(rollback=rollback)
        select(card)
        ok(card.exchange(gpo_of(card, 200)))
        card.power_up()
        select(card)
        ok(card.exchange(last_of(card)))  # read again, without a GPO
        assert len(card.state["log"]) == kept == len([one for one in card.debits if one[2]])


def test_a_card_should_log_only_where_its_options_say_so():
    """JR/T 0025.12 7.7: 9F68 byte 2 b5 (the absence of an entry proves nothing)."""
    card = own_card(log=False)
    pay(card, 200)
    select(card)
    assert logged(card) == b"\x6a\x82" and value_of(card, "9F4F") is None
    assert "9F4D" not in tags(select(card))
    one = image()
    quiet = Card(dict(one, internal_data=dict(one["internal_data"], **{"9F68": "80400000"})))
    quiet.power_up()
    pay(quiet, 200)
    select(quiet)
    assert logged(quiet) == b"\x6a\x83"  # the file is there, nothing is written


def test_logs_should_be_readable_on_a_blocked_card_and_before_any_gpo():
    """JR/T 0025.5 18.1, .13 5.8."""
    card = own_card(records_need_gpo=True)
    pay(card, 200)
    card.top_up(300)
    card.image = dict(card.image, oddities={"blocked": "application", "records_need_gpo": True})
    card.power_up()
    assert card.exchange(SELECT)[-2:] == b"\x62\x83"
    assert len(ok(logged(card))) == 45 and len(ok(logged(card, 1, LOADS))) == 44
    assert len(ok(card.exchange(get_data("9F4F")))) == 28
    card.power_up()
    assert logged(card) == b"\x69\x85"  # nothing without SELECT


def test_the_published_card_should_log_as_its_fci_and_options_say():
    card = Card.from_test_card(shared("vectors", "test_card.json"))
    pay(card, 200, **SENT)
    assert cut(card, ok(logged(card)))["9F02"] == "000000000200"


def test_prepaid_funds_that_go_with_an_arqc_should_be_logged_at_once():
    """JR/T 0025.12 7.7, row 9 of qpboc.md 2.17: there is no last record to wait for."""
    card = own_card(options="80C00000")
    select(card)
    found = tags(ok(card.exchange(gpo_of(card, 200, ttq="26800080"))))
    assert found["9F10"][4] == 0xA0 and "94" not in found
    assert card.balance_fen == 9800 and cut(card, ok(logged(card)))["9F02"] == "000000000200"


# --- loads --------------------------------------------------------------------------------------


def test_a_load_should_be_logged_with_both_balances():
    """JR/T 0025.13 5.8: P1 P2 of the PUT DATA, old and new value, then DF4F."""
    card = own_card()
    pay(card, 200)
    card.top_up(1000, terminal={"9A": "261121", "9F21": "120000", "9F1A": "0156"})
    select(card)
    record = ok(logged(card, 1, LOADS))
    assert record[:14] == bytes.fromhex("9F79000000009800000000010800")
    found = cut(card, record[14:], "DF4F")
    assert (found["9A"], found["9F21"], found["9F36"]) == ("261121", "120000", "0002")
    assert logged(card, 2, LOADS) == b"\x6a\x83"


def test_record_0_of_the_load_log_should_hold_all_of_them():
    """JR/T 0025.13 tables 12, 13: ATC, count, so many times 22 bytes, MAC of 4."""
    card = own_card()
    for amount_fen in (100, 200, 300):
        card.top_up(amount_fen, terminal={"9A": "261121", "9F21": "120000"})
    select(card)
    whole = ok(logged(card, 0, LOADS))
    assert whole[:3] == bytes.fromhex("000303") and len(whole) == 3 + 3 * 22 + 4
    news = [whole[3 + at * 22 :][8:14].hex() for at in range(3)]
    assert news == ["000000010600", "000000010300", "000000010100"]
    card.top_up(100)
    select(card)
    assert ok(logged(card, 0, LOADS))[-4:] != whole[-4:]


def test_a_card_without_a_load_log_should_load_all_the_same():
    card = own_card(load_log=False)
    card.top_up(100)
    select(card)
    assert card.balance_fen == 10100 and logged(card, 1, LOADS) == b"\x6a\x82"
    assert value_of(card, "DF4F") is None
