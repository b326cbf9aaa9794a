# SPDX-License-Identifier: Apache-2.0
"""The replayed card, and debits counted from the card's side (sessions, format 1)."""

import pytest

from firmware.errors import LinkLost
from firmware.formats.session import parse
from sim.replay import UNTIMED_MS, ReplayCard, debits, last_record
from tests.host.card_reading import shared

HEAD = """name: made-up
source: test
note: none
uid: 04010203040506
ats: 0578807002
amount_fen: 200
date: 240229
time: 235959
currency: 0156
country: 0156
un: 01020304
type: 00
"""
GPO = "> 80A80000028300\n< 770B9F360200059404100101009000\n"
GPO_TWO = "> 80A80000028300\n< 77 0F9F360200059408 08010100 10010300 9000\n".replace(" ", "")
LAST = "> 00B2011400\n"
OK = "< 70009000\n"
LOST = "< -\n"


def session(body):
    return parse(HEAD + body, "made-up")


def data(atc="0005", balance="000000009800"):
    return f"> 80CA9F3600\n< 9F3602{atc}9000\n> 80CA9F7900\n< 9F7906{balance}9000\n"


def test_answers_should_be_found_by_the_header_of_the_command():
    card = ReplayCard(session("> 80A8000003830155\n< 6985 @7ms\n> 00B2011400\n< 70009000\n"))
    card.power_up()
    assert card.exchange(bytes.fromhex("80A8000002830000")) == b"\x69\x85"  # data ignored
    assert card.busy_ms == 7
    assert card.exchange(bytes.fromhex("00B20114")) == b"\x70\x00\x90\x00"
    assert card.busy_ms == UNTIMED_MS
    assert card.exchange(bytes.fromhex("00B2021400")) == b"\x6d\x00"
    assert card.exchange(bytes.fromhex("80B2011400")) == b"\x6d\x00"


def test_select_should_also_be_found_by_its_data():
    card = ReplayCard(
        session("> 00A4040002AABB00\n< 6F009000\n> 00A4040002AACC00\n< 6A82\n> 00A40400\n< 6A81\n")
    )
    card.power_up()
    assert card.exchange(bytes.fromhex("00A4040002AACC00")) == b"\x6a\x82"
    assert card.exchange(bytes.fromhex("00A4040002AABB")) == b"\x6f\x00\x90\x00"  # no Le
    assert card.exchange(bytes.fromhex("00A40400")) == b"\x6a\x81"
    assert card.exchange(bytes.fromhex("00A4040002AADD00")) == b"\x6d\x00"


def test_the_same_command_should_be_answered_in_recorded_order_and_stay_at_the_last():
    card = ReplayCard(session("> 80CA9F3600\n< 9001\n> 80CA9F3600\n< 9002\n"))
    card.power_up()
    ask = bytes.fromhex("80CA9F3600")
    assert [card.exchange(ask)[1] for _ in range(3)] == [1, 2, 2]


def test_a_lost_answer_should_take_the_card_away_until_its_next_presentation():
    card = ReplayCard(session(LAST + LOST + GPO + "---\n" + LAST + OK))
    card.power_up()
    with pytest.raises(LinkLost):
        card.exchange(bytes.fromhex("00B2011400"))
    with pytest.raises(LinkLost):
        card.exchange(bytes.fromhex("80A80000028300"))
    card.power_up()
    assert card.exchange(bytes.fromhex("00B2011400"))[-2:] == b"\x90\x00"
    assert card.exchange(bytes.fromhex("80A80000028300")) == b"\x6d\x00"
    card.power_up()  # nothing more was recorded
    with pytest.raises(LinkLost):
        card.exchange(bytes.fromhex("00B2011400"))


def test_a_card_that_was_placed_should_keep_its_presentation_when_activated_again():
    card = ReplayCard(session("> 80CA9F3600\n< 9001\n---\n> 80CA9F3600\n< 9002\n"))
    ask = bytes.fromhex("80CA9F3600")
    card.placed()
    for _ in range(3):  # the reader polls for removal
        card.power_up()
        assert card.exchange(ask)[1] == 1
    card.placed()
    card.power_up()
    assert card.exchange(ask)[1] == 2
    assert (card.presentation, card.presentations_left) == (1, 0)


def test_last_record_should_read_the_afl_of_both_formats():
    assert last_record(bytes.fromhex("77069404100104009000")) == (4, 0x14)
    assert last_record(bytes.fromhex("770A9408080101001801030 09000".replace(" ", ""))) == (
        3,
        0x1C,
    )
    assert last_record(bytes.fromhex("80067C00100102009000")) == (2, 0x14)
    for other in (None, "6985", "77049404109000", "7702820 09000", "77009000", "80027C009000"):
        answer = other and bytes.fromhex(other.replace(" ", ""))
        assert last_record(answer) is None, other


# what was recorded and sent, debits
COUNTS = (
    ("answered last record", GPO + LAST + OK, 1),
    ("no last record", GPO + "> 00B2021400\n" + OK, 0),
    ("last record without GPO", LAST + OK, 0),
    ("last record before the GPO", LAST + OK + GPO, 0),
    ("asked twice after one GPO", GPO + LAST + OK + LAST + OK, 1),
    ("two sales in one presentation", GPO + LAST + OK + GPO + LAST + OK, 2),
    ("the last entry of the AFL counts", GPO_TWO + "> 00B2010C00\n" + OK, 0),
    ("its last number counts", GPO_TWO + LAST + OK, 0),
    ("refused GPO", "> 80A80000028300\n< 6985\n" + LAST + OK, 0),
    ("no AFL", "> 80A80000028300\n< 77059F360200059000\n" + LAST + OK, 0),
    ("lost, nothing later", GPO + LAST + LOST, 1),
    ("other status, nothing later", GPO + LAST + "< 6974\n", 1),
    (
        "lost, lower balance",
        data("0004", "000000010000") + GPO + LAST + LOST + "---\n" + data(),
        1,
    ),
    (
        "other status, lower balance",
        data("0004", "000000010000") + GPO + LAST + "< 6A83\n---\n" + data(),
        1,
    ),
    (
        "lost, same balance",
        data("0004", "000000010000") + GPO + LAST + LOST + "---\n" + data(balance="000000010000"),
        0,
    ),
    (
        "lost, other ATC",
        data("0004", "000000010000") + GPO + LAST + LOST + "---\n" + data(atc="0006"),
        0,
    ),
    ("lost, later without data", GPO + LAST + LOST + "---\n" + GPO, 0),
    (
        "lost, the third presentation knows",
        data("0004", "000000010000")
        + GPO
        + LAST
        + LOST
        + "---\n"
        + data(atc="0003")
        + "---\n"
        + data(),
        1,
    ),
    (
        "recovered and sold again",
        data("0004", "000000010000") + GPO + LAST + LOST + "---\n" + data() + GPO + LAST + OK,
        2,
    ),
)


@pytest.mark.parametrize(
    "body, count", [row[1:] for row in COUNTS], ids=[row[0] for row in COUNTS]
)
def test_debits_should_be_counted_from_the_cards_side(body, count):
    assert debits(session(body)) == count


def replayed(session):
    """The session sent in its own order, until each presentation ends or loses the card."""
    card = ReplayCard(session)
    for presentation in session.presentations:
        card.power_up()
        for exchange in presentation:
            try:
                assert card.exchange(exchange.command) == exchange.answer
            except LinkLost:
                assert exchange.answer is None
                break
    return card


def test_shared_sessions_should_be_replayed_and_count_what_they_promise():
    folder = shared("sessions")
    names = sorted(folder.glob("*.session"))
    assert len(names) >= 7
    for name in names:
        recorded = parse(name.read_text(encoding="utf-8"), name.name)
        card = replayed(recorded)
        if name.stem != "visa-foreign-test-card":  # a right terminal sends none of its GPO
            assert card.debits() == int(recorded.expected("debits")), name.name


def test_only_what_was_sent_should_count():
    path = shared("sessions", "pboc-torn-last-record-committed.session")
    recorded = parse(path.read_text(encoding="utf-8"), path.name)
    card = ReplayCard(recorded)
    card.power_up()
    for exchange in recorded.presentations[0][:-1]:
        card.exchange(exchange.command)
    assert card.debits() == 0
    with pytest.raises(LinkLost):
        card.exchange(recorded.presentations[0][-1].command)
    # the terminal gives up and asks nothing more: the record still knows the lower balance
    assert card.debits() == 1
