# SPDX-License-Identifier: Apache-2.0
"""A scripted day in front of a journal, the model it is compared with, and what a cut must leave.

`Model` knows what a caller was told; `live()` makes the day; `after_cut()` is what must hold at
every cut (QT-184, MP-9, MP-10). Used by tests/test_journal.py on both interpreters and by
tests/host/test_journal_cuts.py with more seeds.
"""

from firmware.errors import JournalFull
from firmware.journal import Journal
from firmware.journal.journal import ANSWER_LIMIT
from sim.flash import Dice, Flash, PowerCut

PENDING_BYTES = 480  # two pages
RECORD_BYTES = 480
BLOCKS = 11
BLOCK_BYTES = 1024
ACTIONS = 110


def small(flash):
    return Journal(flash, PENDING_BYTES, RECORD_BYTES)


class Model:
    """What the terminal was told: resolved and open entries by number; the call in flight."""

    def __init__(self):
        self.resolved = {}
        self.opened = {}
        self.answers = {}
        self.given = 0
        self.acknowledged = 0
        self.flight = None  # (verb, number, bytes) of the call that has not returned
        self.unseen = []  # flights of earlier cuts: weak cells may show one yet

    def call(self, journal, verb, sequence, data):
        """Do one call; the model learns of it only when it has returned."""
        self.flight = (verb, sequence, data)
        if verb == "open":
            assert journal.open(data) == sequence
        elif verb == "append":
            assert journal.append(data) == sequence
        elif verb == "answer":
            journal.note_answer(sequence, data)
        elif verb == "settle":
            journal.settle(sequence, data)
        else:
            journal.acknowledge(sequence)
        self.learn()

    def learn(self):
        verb, sequence, data = self.flight
        self.flight = None
        self.given = max(self.given, sequence)
        if verb == "open":
            self.opened[sequence] = data
        elif verb == "answer":
            self.answers[sequence] = data
        elif verb == "acknowledge":
            self.acknowledged = max(self.acknowledged, sequence)
        else:
            self.opened.pop(sequence, None)
            self.answers.pop(sequence, None)
            self.resolved[sequence] = data

    def upto(self):
        return min(self.opened, default=self.given + 1) - 1


def content(dice, sequence, limit):
    """Bytes nobody could confuse with those of another entry."""
    start = b"%d/%d " % (sequence, dice.below(10000))
    return start + bytes([dice.below(256)]) * dice.below(limit - len(start) + 1)


def live(journal, model, dice, actions):
    """A day: sales, other records, settling out of order, acknowledgements, erasing ahead."""
    for _ in range(actions):
        what = dice.below(8)
        try:
            if what < 3 and len(model.opened) < 3:
                new = content(dice, model.given + 1, PENDING_BYTES)
                model.call(journal, "open", model.given + 1, new)
                if what == 2:  # its card has answered; always behind its opening
                    new = content(dice, model.given, ANSWER_LIMIT)
                    model.call(journal, "answer", model.given, new)
            elif what < 5 and model.opened:
                sequence = sorted(model.opened)[dice.below(len(model.opened))]
                new = content(dice, sequence, RECORD_BYTES)
                model.call(journal, "settle", sequence, new)
            elif what == 5:
                new = content(dice, model.given + 1, RECORD_BYTES)
                model.call(journal, "append", model.given + 1, new)
            elif what == 6:
                step = dice.below(1 + model.upto() - model.acknowledged)
                model.call(journal, "acknowledge", model.acknowledged + step, b"")
            else:
                journal.tidy()
        except JournalFull:
            model.flight = None
            for sequence in sorted(model.opened):  # what was opened can always be closed
                model.call(journal, "settle", sequence, b"s" * RECORD_BYTES)
            model.call(journal, "acknowledge", model.given, b"")


def compare(journal, model):
    """Nothing lost, nothing doubled, nothing invented; the call in flight happened or did not."""
    flights = model.unseen + ([model.flight] if model.flight else [])
    kept = {}
    for sequence, record in journal.records():
        assert sequence not in kept, "doubled"
        kept[sequence] = record
    pending = dict(journal.pending())
    cursors = [number for verb, number, _ in flights if verb == "acknowledge"]
    assert journal.acknowledged <= max(cursors + [model.acknowledged])
    for sequence, record in model.resolved.items():
        assert kept.get(sequence, record) == record
        assert sequence in kept or sequence <= journal.acknowledged, "lost"
        assert sequence not in pending
    for sequence, entry in model.opened.items():
        settled = ("settle", sequence, kept.get(sequence)) in flights
        assert pending.get(sequence) == entry or settled
        answer = journal.answer_of(sequence)
        known = answer == model.answers.get(sequence) or ("answer", sequence, answer) in flights
        assert known or settled, "answer lost or invented"
    for sequence, data in list(kept.items()) + list(pending.items()):
        known = sequence in model.resolved or sequence in model.opened
        assert known or (sequence, data) in [flight[1:] for flight in flights], "invented"
    assert journal.next > max(list(kept) + list(pending) + [model.given])
    unsent = journal.unsent(1 << 20, 1 << 20)
    wanted = range(journal.acknowledged + 1, min(pending, default=journal.next))
    assert [sequence for sequence, _ in unsent] == list(wanted)
    for sequence, record in unsent:
        assert kept[sequence] == record


def adopt(journal, model):
    """After a restart: find out how the calls in flight ended."""
    if model.flight:
        model.unseen.append(model.flight)
    for flight in list(model.unseen):
        verb, number, data = flight
        there = journal.pending() if verb == "open" else list(journal.records())
        if verb == "answer":
            there = [(number, journal.answer_of(number))]
        if verb == "acknowledge" and journal.acknowledged == number or (number, data) in there:
            model.unseen.remove(flight)
            model.flight = flight
            model.learn()
    model.flight = None


def boot(journal, model, dice):
    """What a device does: pending entries become suspects (QT-183), then the next tap works."""
    for sequence in sorted(model.opened):
        model.call(journal, "settle", sequence, b"suspect %d" % sequence)
    if journal.room() == 0:
        model.call(journal, "acknowledge", model.given, b"")
    assert journal.room() > 0
    number = model.given + 1
    model.call(journal, "open", number, content(dice, number, PENDING_BYTES))
    model.call(journal, "settle", number, content(dice, number, RECORD_BYTES))


def after_cut(flash, model, dice, build):
    """Restart, compare, sell, restart; also when the torn page reads well only later."""
    flash.restart()
    journal = build(flash)
    compare(journal, model)
    adopt(journal, model)
    if dice.below(3) == 0:
        flash.ripen()
    boot(journal, model, dice)
    model.unseen = []  # what comes to light after a new entry was written is void
    compare(journal, model)
    compare(build(flash), model)
    flash.ripen()
    compare(build(flash), model)


def live_beside(journal, model, dice, actions):
    """A day beside torn taps: the two oldest entries stay open while all others are settled."""
    for _ in range(actions):
        what = dice.below(8)
        try:
            if what < 5:
                if len(model.opened) < 3:
                    number = model.given + 1
                    model.call(journal, "open", number, content(dice, number, PENDING_BYTES))
                    if what == 0:
                        new = content(dice, number, ANSWER_LIMIT)
                        model.call(journal, "answer", number, new)
                if len(model.opened) == 3:
                    model.call(journal, "settle", model.given, content(dice, model.given, 200))
            elif what == 5 and dice.below(6) == 0:
                oldest = min(model.opened, default=0)
                if oldest:
                    model.call(journal, "settle", oldest, content(dice, oldest, 200))
                    model.call(journal, "acknowledge", model.upto(), b"")
            else:
                journal.tidy()
        except JournalFull:
            model.flight = None
            for sequence in sorted(model.opened):
                model.call(journal, "settle", sequence, b"s" * 200)
            model.call(journal, "acknowledge", model.given, b"")


def cut_day(
    seed,
    cut,
    build=small,
    blocks=BLOCKS,
    block_bytes=BLOCK_BYTES,
    actions=ACTIONS,
    day=live,
):
    """One day with the power cut in operation `cut`; False when the day ended before it."""
    flash = Flash(blocks, block_bytes)
    flash.cut(cut, seed * 7919 + cut)
    dice = Dice(seed)
    model = Model()
    try:
        day(build(flash), model, dice, actions)
        whole = True
    except PowerCut:
        after_cut(flash, model, Dice(seed + cut), build)
        whole = False
    assert flash.refused == 0, "a page was programmed twice"
    return not whole
