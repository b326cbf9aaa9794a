# SPDX-License-Identifier: Apache-2.0
"""Every status word of the extended application's commands (capp.md 2.4), and when it comes."""

import re
from pathlib import Path

import pytest

from sim import capp_words
from sim.capp_profile import Extension
from sim.card import Card
from tests.host.capp_reading import (
    RANDOM,
    extended_card,
    gpo_as,
    key_of,
    last,
    money,
    read,
    ride,
    update,
    update_command,
    whole,
    written,
)
from tests.host.card_reading import (
    PPSE,
    SELECT,
    get_data,
    image,
    ok,
    own_card,
    records_of,
    select,
    tags,
)
from tests.host.card_reading import read_record as record_of


def word(answer):
    """The status word; what is refused brings no data."""
    assert len(answer) == 2 or answer[-2:] == b"\x90\x00", answer.hex()
    return answer[-2:].hex().upper()


def sent(card, text):
    return word(card.exchange(bytes.fromhex(text)))


def ready(card, trade="metro", form="deduct", amount_fen=200):
    """A card that waits for its UPDATEs."""
    ok(read(card, trade))
    ok(gpo_as(card, form, amount_fen))
    return card


# --- a card without it, or blocked ---------------------------------------------------------------


@pytest.mark.parametrize("text", ("80B400A802022100", "84DE00A8051122334455", "04E200A80111"))
def test_a_plain_card_should_not_know_the_commands(text):
    card = own_card()
    select(card)
    assert sent(card, text) == ("6D00" if text[:2] == "80" else "6E00")


@pytest.mark.parametrize("text", ("80B400A802022100", "84DE00A8051122334455", "04E200A80111"))
def test_commands_should_need_an_application_that_is_not_blocked(text):
    asleep = extended_card("metro")
    asleep.power_up()
    assert sent(asleep, text) == "6986"
    blocked = Card(image(extended=Extension(), blocked="application"))
    blocked.exchange(PPSE)
    assert blocked.exchange(SELECT)[-2:] == b"\x62\x83"
    assert sent(blocked, text) == "9407"


# --- READ CAPP DATA ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, expected",
    (
        ("80B400A802022100", "9000"),
        ("80B400A8020221", "9000"),
        ("80B400A80202213C", "6C40"),
        ("80B400A800", "6700"),
        ("80B400A801" + "02" + "00", "6700"),
        ("80B400A803" + "022100" + "00", "6700"),
        ("80B400A80A0221" + "11" * 8 + "00", "6700"),  # no R-MAC on this card
        ("80B401A802022100", "6A81"),
        ("80B400AA02022100", "6A81"),
        ("80B400AC02022100", "6A81"),
        ("80B400E802022100", "6A82"),
        ("80B4000802022100", "6A82"),
        ("80B400A802099900", "6A83"),
        ("80B400A902022100", "6A83"),  # one record has this ID, not two
        ("80B400F002022100", "6981"),
    ),
)
def test_read_should_answer_with_the_words_of_the_table(text, expected):
    assert sent(extended_card("metro", "rides"), text) == expected


def test_read_with_r_mac_should_want_a_random():
    card = extended_card("metro", r_mac=True)
    assert sent(card, "80B400A802022100") == "6700"
    assert len(ok(card.exchange(bytes.fromhex("80B400A80A0221") + RANDOM + b"\0"))) == 68


def test_the_cyclic_file_should_be_read_as_records_newest_first():
    card = extended_card("metro", "rides")
    assert word(ride(card)) == "6A83"
    for fill in range(1, 13):
        whole(card, "deduct", 0)
        ready(fresh(card))
        ok(update(card, "rides", written(card, "rides", fill)))
        ok(last(card))
    assert [ok(ride(card, number))[0] for number in range(1, 11)] == list(range(12, 2, -1))
    assert word(ride(card, 11)) == "6A83" and word(ride(card, 0)) == "6A83"
    assert sent(card, "00B201AC00") == "6981"  # the metro's file
    without = extended_card("metro", layout="t-union")
    assert word(ride(without)) == "6A83"


def fresh(card):
    select(card)
    return card


# --- UPDATE CAPP DATA CACHE ----------------------------------------------------------------------


def test_update_should_come_directly_behind_gpo_or_another():
    card = extended_card("metro", "bus", "rides")
    record = written(card, "metro", 1)
    assert word(update(card, "metro", record)) == "6985"  # no GPO
    ready(card)
    ok(update(card, "metro", record))
    ok(update(card, "rides", written(card, "rides", 1)))
    for between in (get_data("9F36"), record_of(2, 1), bytes.fromhex("80B400A802022100")):
        ready(fresh(card))
        ok(card.exchange(between))
        assert word(update(card, "metro", record)) == "6985"
    select(card)
    ok(read(card, "metro"))
    ok(gpo_as(card, "plain", 200))
    assert word(update(card, "metro", record)) == "6985"
    select(card)
    ok(read(card, "metro"))
    assert "9F4B" not in tags(ok(gpo_as(card, "deduct", 99999999)))  # AAC
    assert word(update(card, "metro", record)) == "6985"


def test_a_failed_update_should_leave_room_for_another():
    card = ready(extended_card("metro"))
    record = written(card, "metro", 1)
    assert word(update(card, "metro", record, atc=card.atc + 1)) == "6988"
    assert word(update(card, "metro", record)) == "9000"


@pytest.mark.parametrize(
    "change, expected",
    (
        (lambda record: record + b"\0", "6A84"),
        (lambda record: record[:-1], "6A80"),
        (lambda record: record[:2] + b"\x01" + record[3:], "6A80"),
        (lambda record: b"\x99\x99" + record[2:], "6A83"),
        (lambda record: record[:1], "6A83"),
    ),
)
def test_update_should_keep_the_length_of_the_record(change, expected):
    card = ready(extended_card("metro"))
    assert word(update(card, "metro", change(written(card, "metro", 1)))) == expected
    assert card.state["torn"]["extended"]["updates"] == []


@pytest.mark.parametrize("more, expected", ((1, "6A84"), (-1, "6A80"), (0, "9000")))
def test_update_should_keep_the_length_of_the_cyclic_record(more, expected):
    card = ready(extended_card("metro", "rides"))
    assert word(update(card, "rides", bytes(48 + more))) == expected


@pytest.mark.parametrize(
    "text, expected",
    (
        ("84DE00E8" + "05" + "1122334455", "6A82"),
        ("84DE01A8" + "05" + "1122334455", "6A81"),
        ("84DE00AA" + "05" + "1122334455", "6A81"),
        ("84DE00A8" + "00", "6700"),
        ("84DE00A8" + "04" + "11223344", "6700"),
        ("84DE00F0" + "05" + "1122334455", "6A83"),  # nobody opened the cyclic file
    ),
)
def test_update_should_answer_with_the_words_of_the_table(text, expected):
    assert sent(ready(extended_card("metro")), text) == expected


def test_update_should_want_the_mac_of_this_gpo_this_key_and_this_command():
    card = ready(extended_card("metro", "bus"))
    record = written(card, "metro", 1)
    right = update_command(card, "metro", record)
    for wrong in (
        update_command(card, "metro", record, atc=0),
        update_command(card, "metro", record, key=key_of(card, "bus")),
        right[:-2] + bytes([right[-2] ^ 1]) + right[-1:],
        right[:20] + bytes([right[20] ^ 1]) + right[21:],
    ):
        assert word(card.exchange(wrong)) == "6988"
    assert word(card.exchange(right)) == "9000"


# --- GPO and the last record ---------------------------------------------------------------------


def test_gpo_should_know_the_kinds_that_df61_names():
    card = extended_card("metro")
    for form in ("freeze", "complete"):
        ok(read(fresh(card), "metro"))
        assert word(gpo_as(card, form, 200)) == "6985"
    both = extended_card("metro", "bike")
    assert word(gpo_as(both, "freeze", 200)) == "6985"  # no record was read
    assert both.debits == [] and not both.torn


def test_the_fourth_and_the_second_freeze_should_be_refused():
    trades = ("bike", "fuel", "metro", "bus")
    card = extended_card(*trades)
    for trade in trades[:3]:
        whole(card, "freeze", 100, trade)
        ok(read(fresh(card), trade))
        assert word(gpo_as(card, "freeze", 100)) == "6972"
    ok(read(fresh(card), "bus"))
    assert word(gpo_as(card, "freeze", 100)) == "6971"
    assert word(gpo_as(fresh_read(card, "bus"), "complete", 100)) == "6973"
    assert money(card) == (9700, 300, 0)
    whole(card, "complete", 100, "fuel")
    whole(card, "freeze", 100, "bus")
    assert money(card) == (9600, 300, 0)


def fresh_read(card, trade):
    ok(read(fresh(card), trade))
    return card


@pytest.mark.parametrize("form", ("freeze", "complete"))
@pytest.mark.parametrize("way", ("no update", "another record", "read another", "cyclic alone"))
def test_the_last_record_should_be_6974_where_another_was_updated(form, way):
    card = extended_card("bike", "fuel", "rides")
    if form == "complete":
        whole(card, "freeze", 500, "bike")
        whole(card, "freeze", 500, "fuel")
    held, atc = money(card), card.atc
    ready(fresh(card), "bike", form, 500)
    if way == "another record":
        ok(update(card, "fuel", written(card, "fuel", 9)))
    if way == "cyclic alone":
        ok(update(card, "rides", written(card, "rides", 9)))
    if way == "read another":  # ends the time of updates
        ok(read(card, "fuel"))
        assert word(update(card, "bike", written(card, "bike", 9))) == "6985"
    *others, final = [record_of(*one) for one in records_of(card.afl)]
    for other in others:
        ok(card.exchange(other))
    assert word(card.exchange(final)) == "6974"
    assert money(card) == held and not card.torn and card.atc == atc + 1
    assert b"\x09" * 9 not in ok(read(fresh(card), "bike")) + ok(read(card, "fuel"))
    assert word(ride(card)) == "6A83"


def test_a_strict_card_should_refuse_what_test_scripts_saw_refused():
    card = extended_card("metro", strict=True)
    ok(gpo_as(card, "deduct", 200))
    assert word(update(card, "metro", written(card, "metro", 1))) == "6986"
    assert word(last(card)) == "6974" and money(card) == (10000, 0, 0)
    lax = extended_card("metro")
    ok(gpo_as(lax, "deduct", 200))
    ok(last(lax))
    assert money(lax) == (9800, 0, 0)


# --- GET TRANS PROVE -----------------------------------------------------------------------------


def prove(card, atc):
    return card.exchange(bytes.fromhex(f"805A000002{atc:04X}08"))


def test_prove_should_tell_of_the_last_extended_transaction_alone():
    card = extended_card("metro", "bike")
    assert word(prove(card, 0)) == "9406"
    cryptogram = whole(card, "deduct", 200)["9F26"]
    assert ok(prove(fresh(card), 1)) == cryptogram
    assert word(prove(card, 0)) == word(prove(card, 2)) == "9406"
    whole(card, "freeze", 200, "bike")
    assert ok(prove(card, 2)) == bytes(8) and word(prove(card, 1)) == "9406"
    ready(fresh(card))  # torn before its end: the one before stays proven
    assert word(prove(fresh(card), 3)) == "9406" and ok(prove(card, 2)) == bytes(8)
    ok(gpo_as(card, "plain", 100))  # a plain debit proves nothing either way
    ok(last(card))
    assert word(prove(card, 4)) == "9406" and ok(prove(card, 2)) == bytes(8)


def test_prove_should_refuse_other_forms():
    card = extended_card("metro")
    assert sent(card, "805A0000010008") == "6700" and sent(card, "805A0100020001" + "08") == "6A86"
    card.power_up()
    assert word(prove(card, 1)) == "6985"


@pytest.mark.parametrize("withheld, told", (("absent", None), ("zero", bytes(8))))
def test_a_freeze_should_give_no_cryptogram(withheld, told):
    found = whole(extended_card("bike", withheld=withheld), "freeze", 200, "bike")
    assert found.get("9F26") == told


# --- the table of the manual ---------------------------------------------------------------------


def test_every_word_of_the_modules_should_stand_in_the_table():
    folder = Path(capp_words.__file__).parent
    said = set()
    for module in ("card", "gpo", "put"):
        text = (folder / f"capp_{module}.py").read_text(encoding="utf-8")
        refused = re.findall(r"Refused\(([^\n]*)\)", text)
        said |= {word for one in refused for word in re.findall('"([0-9A-F]{4})"', one)}
    money_text = (folder / "capp_money.py").read_text(encoding="utf-8")
    said |= set(re.findall('"(69[0-9]{2})"', money_text)) | {"9406"}
    assert said == {row[0] for row in capp_words.WORDS}
