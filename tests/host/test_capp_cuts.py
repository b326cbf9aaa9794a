# SPDX-License-Identifier: Apache-2.0
"""A card with an extended application, torn at any exchange or used in any order: debit, frozen
sums, offset and records change together or not at all (JR/T 0025.14 5, 5.2.4, 6.2.4).
"""

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.capp_profile import blank
from sim.card import Card
from tests.host.capp_reading import (
    FORMS,
    RANDOM,
    extended_card,
    gpo_as,
    last,
    money,
    place,
    read,
    ride,
    told_fen,
    update,
    update_command,
    whole,
    written,
)
from tests.host.card_reading import (
    PPSE,
    SELECT,
    get_data,
    gpo_of,
    ok,
    read_record,
    records_of,
    select,
    tags,
)

# --- every cut -----------------------------------------------------------------------------------

TRADES = ("bike", "metro", "rides")
STORIES = {  # form: amount, trade that it is about
    "deduct": (300, "metro"),
    "deduct beyond": (11000, "metro"),
    "entry": (0, "metro"),
    "freeze": (2500, "bike"),
    "complete": (700, "bike"),
    "complete all": (9500, "bike"),
}


def story_card(story, r_mac, rollback, path):
    """A card ready for a story: two sums are frozen where one is to be completed."""
    card = extended_card(*TRADES, r_mac=r_mac, offset_fen=4000, rollback=rollback, path=path)
    if story.startswith("complete"):
        whole(card, "freeze", 2500, "bike")
    card.save()
    return card


def commands(card, story):
    """The whole dialogue, each command made when it is due."""
    amount_fen, trade = STORIES[story]
    form = story.partition(" ")[0].replace("entry", "deduct")
    yield PPSE
    yield SELECT
    one = place(trade)
    data = bytes.fromhex(one.id) + (RANDOM if card.capp.r_mac else b"")
    yield bytes([0x80, 0xB4, 0, one.sfi << 3, len(data)]) + data + b"\0"
    yield gpo_of(card, amount_fen, capp=FORMS[form])
    for changed in (trade, "rides"):
        yield update_command(card, changed, written(card, changed, 0x77))
    for record in records_of(card.afl):
        yield read_record(*record)


def seen(card):
    """What a terminal finds after a new start: money, records, the newest ride, the proof."""
    card.power_up()
    select(card)
    found = [told_fen(card, "9F79"), told_fen(card, "DF63"), money(card)[1]]
    found += [ok(read(card, trade)) for trade in ("bike", "metro")]
    return [*found, ride(card)]


def proven(card):
    return card.exchange(bytes.fromhex(f"805A000002{card.atc:04X}08"))[-2:] == b"\x90\x00"


@pytest.mark.parametrize("r_mac", (False, True), ids=("", "r-mac"))
@pytest.mark.parametrize("story", STORIES)
def test_a_card_torn_at_any_exchange_should_be_all_or_nothing(story, r_mac, tmp_path):
    path = tmp_path / "card.json"
    before = seen(story_card(story, r_mac, "select", None))
    finished = story_card(story, r_mac, "select", None)
    steps = [ok(finished.exchange(command)) for command in commands(finished, story)]
    after = seen(finished)
    assert after != before and proven(finished)
    for cut in range(1, len(steps) + 1):
        card = story_card(story, r_mac, "select", path)
        for number, command in enumerate(commands(card, story), 1):
            ok(card.exchange(command))
            if number == cut:
                break
        stored = Card.load(path)  # what a card that lost its power finds in its memory
        assert seen(stored) == seen(card) == (after if cut == len(steps) else before)
        if cut >= 4:
            assert proven(stored) is (cut == len(steps))


@pytest.mark.parametrize("story", STORIES)
def test_a_card_that_restores_at_gpo_should_commit_all_or_take_back_all(story):
    before = seen(story_card(story, False, "select", None))
    card = story_card(story, False, "gpo", None)
    *steps, final = commands_of_whole(card, story)
    for step in steps:
        ok(card.exchange(step))
    again = copy.deepcopy(card)
    again.power_up()
    select(again)
    ok(again.exchange(final))  # the last record, read without a GPO, makes all of it final
    assert seen(again)[3:5] != before[3:5] and not again.torn
    card.power_up()
    select(card)
    ok(gpo_as(card, "plain", 0))
    ok(last(card))
    assert seen(card) == before


def commands_of_whole(card, story):
    """commands() of a story; the card is played to see them, and is then as before."""
    state, listed = copy.deepcopy(card.state), []
    for command in commands(card, story):
        ok(card.exchange(command))
        listed.append(command)
    card.state = state
    card.power_up()
    return listed


# --- any order -----------------------------------------------------------------------------------

NAMES = ("bike", "fuel", "metro", "bus", "rides")
WAYS = ("right", "right", "mac", "long")  # of an UPDATE
LIMIT_FEN, START_FEN, CEILING_FEN = 4000, 10000, 100000


class Model:
    """The card's money and records by the rules of capp.md 2.7, written once more."""

    def __init__(self):
        self.balance, self.used, self.frozen = START_FEN, 0, {}
        self.records = {name: blank(place(name)) for name in NAMES[:-1]}
        self.rides = []
        self.paid, self.loaded = 0, 0
        self.forget()

    def forget(self):
        """A new activation."""
        self.asleep, self.last_read, self.open = True, None, None
        self.due = False

    def gpo(self, form, amount):
        """Expected: "TC", "AAC" or a status word."""
        mode = ("plain", "deduct", "freeze", "complete").index(form)
        trade = self.last_read
        if mode > 1 and trade is None:
            return "6985"
        room = self.balance
        room += LIMIT_FEN - self.used if mode == 1 else 0
        room += self.frozen.get(trade, 0) if mode == 3 else 0
        if amount > room:
            return "AAC"
        if mode == 2 and trade in self.frozen:
            return "6972"
        if mode == 2 and len(self.frozen) == 3:
            return "6971"
        if mode == 3 and trade not in self.frozen:
            return "6973"
        self.open, self.due = [form, amount, trade, []], mode > 0
        return "TC"

    def commit(self):
        """Expected word of the last record."""
        form, amount, trade, updates = self.open
        self.open = None
        variable = [name for name, _ in updates if name != "rides"]
        if form in ("freeze", "complete") and variable[-1:] != [trade]:
            return "6974"
        if form == "freeze":
            self.frozen[trade] = amount
            self.balance -= amount
        else:
            self.paid += amount
            freed = self.frozen.pop(trade) if form == "complete" else 0
            self.hold(freed - amount)
        for name, record in updates:
            if name == "rides":
                self.rides = [record, *self.rides][:10]
            else:
                self.records[name] = record
        return "9000"

    def hold(self, more):
        """Balance and debt are one number, above or below nothing."""
        worth = self.balance - self.used + more
        self.balance, self.used = max(0, worth), max(0, -worth)

    def load(self, amount):
        """True when the ceiling allows it."""
        if self.balance + amount + sum(self.frozen.values()) > CEILING_FEN:
            return False
        self.hold(amount)
        self.loaded += amount
        return True


STEP = st.one_of(
    st.tuples(st.just("select")),
    st.tuples(st.just("read"), st.sampled_from(NAMES[:-1])),
    st.tuples(
        st.just("gpo"),
        st.sampled_from(("plain", "deduct", "deduct", "freeze", "freeze", "complete", "complete")),
        st.sampled_from((0, 1, 700, 2500, 4000, 6000, 9999, 10000, 14000)),
    ),
    st.tuples(st.just("update"), st.sampled_from(NAMES), st.sampled_from(WAYS)),
    st.tuples(st.just("other")),
    st.tuples(st.just("last")),
    st.tuples(st.just("load"), st.sampled_from((1, 3000, 50000, 95000))),
    st.tuples(st.just("tap"), st.sampled_from(tuple(FORMS)), st.sampled_from(NAMES[:-1])),
)


def spread(steps):
    """Single commands; a "tap" is a run of those that usually follow each other."""
    for step in steps:
        if step[0] == "tap":
            yield from (("select",), ("read", step[2]), ("gpo", step[1], 2500))
            yield from (("update", step[2], "right"), ("last",))
        else:
            yield step


class Play:
    """One card and its model, command by command."""

    def __init__(self, r_mac):
        profile = {"balance_fen": START_FEN, "ceiling_fen": CEILING_FEN}
        self.card = extended_card(*NAMES, r_mac=r_mac, offset_fen=LIMIT_FEN, profile=profile)
        self.model, self.fill, self.opened = Model(), 0, False
        self.model.asleep = False

    def select(self):
        select(self.card)
        self.model.forget()
        self.opened = False

    def read(self, trade):
        ok(read(self.card, trade))
        self.model.last_read, self.model.due = trade, False

    def gpo(self, form, amount):
        answer = gpo_as(self.card, form, amount)
        self.model.due = False
        if self.opened:
            assert answer == b"\x69\x85"
            return
        expected = self.model.gpo(form, amount)
        if answer[-2:] == b"\x90\x00":
            self.opened = True
            assert expected == ("TC" if "94" in tags(answer[:-2]) else "AAC")
        else:
            assert answer.hex().upper() == expected

    def update(self, trade, way):
        self.fill = self.fill % 255 + 1
        record = written(self.card, trade, self.fill) + b"\0" * (way == "long")
        odd = {"atc": self.card.atc + 1} if way == "mac" else {}
        word = update(self.card, trade, record, **odd)[-2:].hex().upper()
        if not self.model.due:
            assert word == "6985"
            return
        assert word == {"right": "9000", "mac": "6988", "long": "6A84"}[way]
        if way == "right":
            self.model.open[3].append((trade, record))

    def other(self):
        ok(self.card.exchange(get_data("9F36")))
        self.model.due = False

    def last(self):
        was_open, self.model.due = self.model.open, False
        word = last(self.card)[-2:].hex().upper()
        assert word == (self.model.commit() if was_open else "9000")

    def load(self, amount):
        try:
            self.card.top_up(amount)
            done = True
        except ValueError:
            done = False
        if done:  # what is open is taken back first
            self.model.open, self.model.due = None, False
        assert self.model.load(amount) is done

    def check(self):
        """What a tear right now would leave is what the model holds as final."""
        card, model = copy.deepcopy(self.card), self.model
        select(card)
        assert money(card) == (model.balance, sum(model.frozen.values()), model.used)
        assert model.balance * model.used == 0 <= model.used <= LIMIT_FEN
        total = model.balance + sum(model.frozen.values()) - model.used
        assert total == START_FEN + model.loaded - model.paid
        for trade, record in model.records.items():
            assert ok(read(card, trade))[: len(record)] == record
        assert card.state["extended"]["ring"]["records"] == [
            one.hex().upper() for one in model.rides
        ]
        assert sum(fen for _, fen, final in card.debits if final) == model.paid


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(STEP, min_size=4, max_size=20), st.booleans())
def test_any_order_of_commands_should_keep_money_and_records_together(steps, r_mac):
    play = Play(r_mac)
    for name, *terms in spread(steps):
        getattr(play, name)(*terms)
        play.check()
