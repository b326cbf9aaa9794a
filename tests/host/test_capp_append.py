# SPDX-License-Identifier: Apache-2.0
"""APPEND RECORD opens a trade; records with the same ID one by one (JR/T 0025.14 A.2, A.3)."""

from tests.host.capp_reading import (
    extended_card,
    gpo_as,
    key_of,
    last,
    money,
    place,
    read,
    retail_mac,
    ride,
    update,
    whole,
    written,
)
from tests.host.card_reading import ok, select


def word(answer):
    """The status word; what is refused brings no data."""
    assert len(answer) == 2 or answer[-2:] == b"\x90\x00", answer.hex()
    return answer[-2:].hex().upper()


def sent(card, text):
    return word(card.exchange(bytes.fromhex(text)))


def append(card, sfi, record, key=bytes(range(16)), atc=None):
    """The answer to APPEND RECORD of a new `record` with its key."""
    opening = bytes.fromhex(card.capp.own["files"][f"{sfi:02X}"]["opening"])
    hidden = card.capp.cipher.encrypt(opening, key[:8]) + card.capp.cipher.encrypt(
        opening, key[8:]
    )
    body = hidden + record
    header = bytes([0x04, 0xE2, 0, sfi << 3, len(body) + 4])
    atc = card.atc if atc is None else atc
    return card.exchange(
        header + body + retail_mac(opening, atc.to_bytes(8, "big"), header + body)
    )


def test_append_should_open_a_trade_whose_key_then_guards_it():
    card = extended_card("metro")
    assert word(read(card, "bus")) == "6A83"
    record = written(card, "bus", 3)
    assert word(append(card, 0x16, record)) == "9000"
    assert ok(read(card, "bus")) == record and key_of(card, "bus") == bytes(range(16))
    whole(card, "deduct", 200, "bus", fill=4)
    assert ok(read(card, "bus")) == written(card, "bus", 4)
    assert word(append(card, 0x1E, bytes(40))) == "9000" and ok(ride(card)) == bytes(40)


def test_append_should_answer_with_the_words_of_the_table():
    card = extended_card("metro", "rides")
    record = written(card, "bus", 3)
    assert word(append(card, 0x16, record, atc=card.atc + 1)) == "6988"
    assert word(append(card, 0x16, record[:-1])) == "6A80"  # LEN and length differ
    too_long = b"\x02\x33\xc6\x01\x01\x00" + bytes(195)
    assert word(append(card, 0x16, too_long)) == "6A80"
    assert word(append(card, 0x1E, bytes(40))) == "6A80"  # the ring has records of 48
    long = b"\x02\x33\xc5\x01\x01\x00" + bytes(194)
    assert [word(append(card, 0x16, long)) for _ in range(4)] == ["9000"] * 3 + ["6A84"]
    assert sent(card, "04E200E805" + "11" * 5) == "6A82"
    assert sent(card, "04E200A814" + "11" * 20) == "6700" and sent(card, "04E200A8") == "6700"


def test_records_with_the_same_id_should_be_read_and_updated_one_by_one():
    card = extended_card("bus", "metro")
    for fill in (5, 6):
        ok(append(card, 0x16, written(card, "bus", fill), key=key_of(card, "bus")))
    ok(read(card, "bus"))
    assert ok(read(card, "bus", following=1)) == written(card, "bus", 5)
    assert ok(read(card, "bus", following=1)) == written(card, "bus", 6)
    assert word(read(card, "bus", following=1)) == "6A83"
    ok(gpo_as(card, "deduct", 100))
    ok(update(card, "bus", written(card, "bus", 8), following=1))
    ok(last(card))
    read(card, "bus")
    assert ok(read(card, "bus", following=1)) == written(card, "bus", 8)
    assert ok(read(card, "bus", following=1)) == written(card, "bus", 6)


def test_an_append_should_take_back_what_is_open():
    card = extended_card("metro")
    ok(read(card, "metro"))
    ok(gpo_as(card, "deduct", 200))
    ok(append(card, 0x16, written(card, "bus", 3)))
    assert money(card) == (10000, 0, 0) and not card.torn
    select(card)
    assert ok(read(card, "bus")) == written(card, "bus", 3)
    assert place("bus").sfi == 0x16
