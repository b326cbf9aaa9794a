# SPDX-License-Identifier: Apache-2.0
"""Timelines: who is in the field and when; a day of taps before a whole terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import FormatError, LinkLost
from sim.field import Field
from sim.timeline import Timeline, day, parse
from sim.timing import Timing
from tests.host.chip_stand import ChipStand, RadioCard
from tests.host.virtual_host import FakeCard, answer, command, started

STORY = """
# a morning
0        come one         # stays 2.5 s
+2.5     leave
4        come one
+1.5     change two
0:06     enter one
+1       leave two
+0.5     leave
1:00     tear apdu=2 after
1:00     come one
+5       leave
1:06     repeat 2
"""


class Named(FakeCard):
    def __init__(self, name):
        super().__init__(uid=name.encode().ljust(4))
        self.name = name

    def power_up(self):
        pass


CARDS = {name: Named(name) for name in ("one", "two")}


def here(field):
    return [card.name for card in field.cards()]


def test_cards_should_come_stay_go_and_change_as_the_lines_say():
    """PS-21: the field at each moment of two rounds; the end is known."""
    story, field = parse(STORY), Field()
    assert story.cards() == ["one", "two"]
    wanted = [
        (0, ["one"]), (2.4, ["one"]), (2.5, []), (3.9, []), (4, ["one"]), (5.5, ["two"]),
        (5.9, ["two"]), (6, ["two", "one"]), (7, ["one"]), (7.5, []), (60, ["one"]), (65, []),
    ]  # fmt: skip
    for begin_s in (0, 66):
        for at_s, names in wanted:
            story.play(field, CARDS.get, begin_s + at_s)
            assert here(field) == names, begin_s + at_s
    assert story.next_s() == 132
    story.play(field, CARDS.get, 1000)
    assert story.next_s() is None and here(field) == []
    assert field.presentation == 2 * 4, "come and change are presentations, enter is none"


def test_torn_card_should_be_torn_where_the_line_says():
    """PS-20, PS-21: at its second APDU, after it acted; it is gone until it comes again."""
    story, field, card = parse(STORY), Field(), Named("one")
    story.play(field, lambda name: card, 60)
    field.activate(card)
    field.transmit(card, b"\x00\x01")
    with pytest.raises(LinkLost):
        field.transmit(card, b"\x00\x02")
    assert card.seen == [b"\x00\x01", b"\x00\x02"] and field.cards() == []


def test_a_poll_that_waits_should_end_when_the_timeline_brings_a_card():
    """PS-21: InListPassiveTarget waits for ever; at 2 s the card comes, at 3 s it has gone."""
    field, story = Field(), parse("2 come one\n3 leave")
    host = started(field=field, timing=Timing())
    host.say(command("4a0100"))
    heard = b""
    while host.now_us < 3_000_000:
        heard += host.hear(50)
        host.now_us += 50_000
        story.play(field, CARDS.get, host.now_us / 1e6)
        if len(heard) > 6:
            break
    assert 1_950_000 < host.now_us < 2_200_000
    assert heard.endswith(b"\x00") and heard[6:].startswith(b"\x00\x00\xff\x17")
    assert host.ask(command("40010001")) == answer("410000")
    story.play(field, CARDS.get, 3)
    assert host.ask(command("40010001")) == answer("4101")


class StoryField(Field):
    """A field that plays its timeline by the chip's clock whenever the chip looks into it."""

    def __init__(self, story, card_of, clock):
        super().__init__()
        self.story, self.card_of, self.clock = story, card_of, clock

    def cards(self):
        self.story.play(self, self.card_of, self.clock.us / 1e6)
        return super().cards()

    def transmit(self, card, c_apdu):
        self.story.play(self, self.card_of, self.clock.us / 1e6)
        return super().transmit(card, c_apdu)


def test_a_day_of_taps_should_run_unattended():
    """PS-21: 16 hours, 24 cards: every card that came has paid once. Idle minutes are skipped."""
    cards = {"%02d" % n: RadioCard("62280001000%05d" % n, busy_ms=12) for n in range(8)}
    for number, card in enumerate(cards.values()):
        card.uid = bytes((8, 1, 2, number))
    stand = ChipStand("same_card_s: 0")
    story = parse(day(7, sorted(cards), 24))
    came = [one.card for one in story.events if one.verb == "come"]
    stand.radio = StoryField(story, cards.get, stand.chip_clock)
    stand.chip.radio.field = stand.radio
    taps = []
    while story.next_s() is not None:
        taps += stand.turn()
        stand.journal.acknowledge(stand.journal.settled_upto())  # a collector took them
        idle_s = (story.next_s() or 0) - stand.chip_clock.us / 1e6
        if idle_s > 2 and not Field.cards(stand.radio):
            stand.chip_clock.us += int((idle_s - 1) * 1e6)
    assert stand.chip_clock.us / 1e6 > 10 * 3600
    assert [one["outcome"] for one in taps] == ["approved"] * 24
    for name, card in cards.items():
        assert len(card.debits) == came.count(name), name


def test_a_day_should_repeat_from_its_seed():
    """PS-21: the same seed, the same day; each is a timeline that can be read, tears and all."""
    assert day(1, ("a", "b"), 500, tears=20) == day(1, ("a", "b"), 500, tears=20)
    assert day(1, ("a", "b"), 500) != day(2, ("a", "b"), 500)
    story = parse(day(3, ("a", "b"), 500, tears=20))
    verbs = [one.verb for one in story.events]
    assert (verbs.count("come"), verbs.count("leave"), verbs.count("tear")) == (500, 500, 20)
    assert 16 * 3600 > story.events[-1].at_s > 8 * 3600


WRONG = [
    ("0 come", "line 1: `come` wants the name"),
    ("0 come a\n1 come b", "line 2: a is still there"),
    ("0 change a", "line 1: nothing is there"),
    ("0 leave", "line 1: a card cannot leave"),
    ("0 come a\n1 leave b", "line 2: b cannot leave"),
    ("0 come a\n1 enter a", "line 2: a is there already"),
    ("2 come a\n1 leave", "line 2: 1 lies before"),
    ("soon come a", "line 1: 'soon' is no time"),
    ("+1:00 come a", "line 1: '+1:00' is no time"),
    ("0", "line 1: a line is TIME and one of come"),
    ("0 go a", "line 1: a line is TIME and one of come"),
    ("0 tear", "line 1: `tear` wants to know where"),
    ("0 tear apdu=x", "line 1: `tear` does not know 'apdu=x'"),
    ("0 come a\n1 repeat\n2 leave", "line 3: nothing can follow"),
    ("0 come a\n0 repeat", "a round of no time"),
    ("0 come a\n1 repeat 0", "line 2: `repeat` wants a number"),
]


@pytest.mark.parametrize("text, words", WRONG)
def test_a_wrong_line_should_be_refused_with_its_number_and_reason(text, words):
    with pytest.raises(FormatError) as refused:
        parse(text, "day.txt")
    if words.startswith("line "):
        words = words.replace("line ", "day.txt:", 1)
    assert words in str(refused.value)


@given(st.text(alphabet="0123456789:.+ \ncomeavlntrpd=#\ud800é٣", max_size=80))
def test_any_text_should_be_read_or_refused(text):
    try:
        assert isinstance(parse(text), Timeline)
    except FormatError:
        pass
