# SPDX-License-Identifier: Apache-2.0
"""The line to who writes the bills: requests again until answered, damaged lines nobody's."""

from firmware.neighbours.bills import (
    ASK_MS,
    MOST_LINE,
    REPEAT_MS,
    SILENT_MS,
    Bills,
    packed,
    words_of,
)


def test_line_should_have_a_sum_that_finds_a_changed_sign():
    line = packed("A 7 100234").strip()
    assert line == b"A 7 100234*72" and words_of(line) == ["A", "7", "100234"]
    for at in range(len(line)):
        bent = line[:at] + bytes((line[at] ^ 1,)) + line[at + 1 :]
        assert words_of(bent) == [], bent
    assert words_of(b"") == words_of(b"*00") == words_of(b"\xff" * 9 + b"*FF") == []
    assert words_of(b"A" * MOST_LINE + b"*00") == []


def test_question_should_be_sent_again_until_its_answer_comes():
    bills = Bills()
    bills.ask(100234, 0)
    assert bills.outgoing(0) == bills.outgoing(REPEAT_MS) == packed("A 1 100234")
    assert bills.outgoing(REPEAT_MS + 1) == b""
    assert bills.feed(packed("B 9 5001 4250"), 1500) == []  # of another question
    assert bills.feed(packed("B 1 5001 4250"), 1500) == [("bill", 5001, 4250)]
    assert bills.feed(packed("B 1 5001 4250"), 1600) == [] and bills.alive
    for word in ("none", "paid", "held"):
        bills.ask(1, 2000)
        said = bills.feed(packed("N %d %s" % (bills.request, word)), 2000)
        assert said == [("nothing", word)]


def test_states_should_be_told_in_order_each_until_it_is_answered():
    """Before anything is asked: who holds a bill knows what became of the last one."""
    bills = Bills()
    bills.tell(5001, "paid", 19, 4250)
    bills.tell(5002, "free")
    bills.ask(7, 0)
    assert bills.outgoing(0) == bills.outgoing(1000) == packed("S 2 5001 paid 19 4250")
    bills.feed(packed("O 9"), 1100)
    assert bills.outgoing(2000) == packed("S 2 5001 paid 19 4250")
    bills.feed(packed("O 2"), 2100)
    assert bills.outgoing(2100) == packed("S 3 5002 free 0 0")
    bills.feed(packed("O 3"), 2200)
    assert bills.outgoing(2200) == packed("A 1 7")


def test_silence_should_end_a_question_and_be_known():
    """TD-019: never waited for without an end."""
    bills = Bills()
    bills.feed(packed("N 0 none"), 0)
    assert bills.alive
    bills.ask(7, 100)
    assert bills.feed(b"", SILENT_MS) == [] and not bills.alive
    assert bills.feed(b"", 100 + ASK_MS) == [("nothing", "away")]


def test_hostile_answers_should_say_nothing():
    """Amounts that are none, too many words, too long, no end."""
    bills = Bills()
    bills.ask(7, 0)
    for text in (
        "B 1 5001", "B 1 0 100", "B 1 5001 0", "B 1 5001 -5", "B 1 5001 1e3", "B 1 x 5", "N 1 why",
        "B 1 5001 12345678901", "B 1 5001 42 7", "O", "O 1 1", "B", "",
    ):  # fmt: skip
        assert bills.feed(packed(text), 10) == [], text
    bills.feed(b"B" * 5000, 20)
    assert len(bills.held) <= MOST_LINE + 1
    assert bills.feed(b"\r\n" + packed("B 1 5001 42"), 30) == [("bill", 5001, 42)]
    while bills.tell(1, "free"):
        pass
    assert len(bills.states) < 100
