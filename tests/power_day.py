# SPDX-License-Identifier: Apache-2.0
"""A scripted day of the real terminal, whose power fails in one operation of the flash.

    day = Day(flash); day.live(); day.finish()          # nothing fails
    day = lived(flash, cut, how); recover(day, cut)      # the power fails in operation `cut`

Twin(day, flash) is what remains of a day whose power is gone: cards and clock as they are, cells
on another flash, RAM empty. So a day is lived once up to a cut, which is then left in every way
(tests/power_cuts.py).

Riders pay, are torn before and after their card acted, come again or never, are refused; records
are uploaded; the terminal is switched off once. Real: loop, sale, kernel and journal. Simulated:
cards (tests/small_card.py), flash, clock. After a cut the terminal starts on what the flash then
holds, and check() must be true at once, when the next rider has paid, and when all is closed:

    what the cards lost = what the journal says was taken + open entries    (QT-184, TD-001, MP-10)

Both interpreters; the whole of it: tests/power_cuts.py.
"""

from collections import namedtuple

from firmware.formats import record
from firmware.journal.archived import ArchivedJournal
from firmware.kernel import apdu
from sim.flash import LEFT, Flash, PowerCut
from tests.small_card import LAST, SmallCard
from tests.stand import ENTRY_BYTES, RECORD_BYTES, HandReader, Stand

PAID = ("ok", "torn_recovered", "already_paid")
TAKEN = (record.APPROVED, record.DEBITED_REFUSED, record.DEBITED_UNPROVEN)
BEFORE, AFTER = (apdu.INS_READ_RECORD, LAST, False), (apdu.INS_READ_RECORD, LAST, True)
WINDOW_S = 75  # behind it every entry is closed
POOR = 7
NEXT = 90  # number of the rider who comes when all is over

# (what, number of the rider, how he is torn); riders are told apart by their number
MORNING = (
    ("tap", 1, None),
    ("tap", 2, AFTER),
    ("tap", 3, None),
    ("tap", 2, None),  # settled by a second tap
    ("upload", 0, None),
    ("tap", 4, BEFORE),
    ("tap", 5, None),
    ("tap", 6, AFTER),
    ("poor", POOR, None),
    ("off", 0, None),
    ("tap", 4, None),
    ("wait", 0, None),  # rider 6 never came
    ("tap", 8, None),
    ("upload", 0, None),
    ("tap", 9, AFTER),
    ("off", 0, None),
    ("tap", 9, AFTER),
    ("tap", 9, None),
)
EVENING = tuple([("tap", number, None) for number in range(10, 18)] + [("upload", 0, None)])
SCRIPT = MORNING + EVENING


BLOCKS, BLOCK_BYTES = 16, 1792
LIMITS = ENTRY_BYTES, RECORD_BYTES, 6  # blocks of records before the archive, which has 6 as well


def pan_of(number):
    return "62280001000%05d" % number


# What is asked of the card of a rider who does not come again: a small heap has room for few cards
Gone = namedtuple("Gone", ("pan", "debits"))


class Day(Stand):
    """One day on `flash`, which must be erased; `cards` by the number of the rider."""

    limits = LIMITS
    make_journal = ArchivedJournal

    def __init__(self, flash, extra="same_card_s: 600"):
        self.flash = flash
        self.cards = {}
        self.collected = {}  # what the collector has, by number
        self.greens = []  # numbers of riders who saw green
        self.doubt = None  # the rider who is there
        self.doubted = []  # those who were when the power went
        Stand.__init__(self, extra)

    def card(self, number):
        if number not in self.cards:
            self.cards[number] = SmallCard(pan_of(number))
        return self.cards[number]

    def live(self, script=SCRIPT):
        """The day, step by step; PowerCut where the power fails."""
        riders = [one[1] for one in script]
        for what, number, torn in script:
            riders.pop(0)
            if what == "tap":
                self.visit(number, torn)
                if number not in riders:
                    card = self.cards[number]
                    self.cards[number] = Gone(card.pan, card.debits)
            elif what == "poor":
                self.card(number).balance_fen = 100
                self.visit(number, None)
            elif what == "upload":
                self.upload()
            elif what == "off":
                self.restart()
            else:
                self.clock.advance(WINDOW_S)
                for _ in range(3):
                    self.terminal.turn()

    def visit(self, number, torn):
        """Message of the tap of one rider."""
        card = self.card(number)
        card.tear = torn
        self.doubt = number
        event = self.tap(card)
        self.doubt = None
        assert event is not None, "not served"
        return event["message"]

    def lamp(self, colour):
        if colour == "green":
            self.greens.append(self.doubt)

    def upload(self):
        """The collector takes all there is, and says so."""
        while self.journal.waiting():
            for number, data in self.journal.unsent(2000, 8):
                assert data and self.collected.get(number, data) == data, "lost or changed"
                self.collected[number] = data
                self.journal.acknowledge(number)

    # --- after the cut

    def recover(self):
        """Power on; balance; the next rider pays; the one in doubt comes again; all is closed."""
        if self.doubt is not None:
            self.doubted.append(self.doubt)
            self.doubt = None
        self.restart()
        self.check()
        if self.journal.room() < 1:
            self.upload()
        assert self.visit(NEXT, None) in PAID, "the next tap does not work"
        self.check()
        for doubt in self.doubted:
            said = "" if doubt not in (NEXT, POOR) else PAID[0]
            for _ in range(3):
                said = said if said in PAID else self.visit(doubt, None)
            assert said in PAID, said
            assert len(self.card(doubt).debits) == (doubt != POOR), "the rider in doubt"
        self.finish()

    def finish(self):
        """Every window closes, all is uploaded."""
        self.clock.advance(WINDOW_S)
        for _ in range(3):
            self.terminal.turn()
        assert self.journal.pending() == [] and self.terminal.torn_taps.open == []
        self.check()
        self.upload()
        self.check()

    def check(self):
        """Every debit of a card stands in exactly one place, and nothing is said to be one."""
        rows = dict(self.collected)
        here = []
        for number, data in self.journal.records():
            assert rows.get(number, data) == data, "changed"
            assert number not in here, "doubled"
            rows[number] = data
            here.append(number)
        opened = dict(self.journal.pending())
        assert not [number for number in opened if number in rows], "open and closed"
        numbers = sorted(list(rows) + list(opened))
        assert numbers == list(range(1, self.journal.next)), "a number is missing"
        left = [(card.pan, atc) for card in self.cards.values() for atc in card.debits]
        assert len(set(left)) == len(left)
        sold = 0
        for number in rows:
            values = record.unpack(rows[number])
            key = (record.pan_digits(values["pan"]), values["atc"])
            taken = key in left
            if values["kind"] in TAKEN:
                assert taken, "in the journal, not taken from the card"
            elif values["kind"] != record.PENDING:
                assert not taken, "taken from the card and called something else"
            if taken:
                left.remove(key)
            sold += values["kind"] == record.APPROVED
        for entry in self.terminal.torn_taps.open:
            key = (entry.pan, self.terminal.torn_taps.load(entry)["atc"])
            if key in left:
                left.remove(key)
        assert left == [], "taken from a card and nowhere in the journal"
        assert sold >= len(set(self.greens)), "green without a record"


class Twin(Day):
    """The day as it is, without its RAM, on another flash; what it does changes nothing in it."""

    def __init__(self, day, flash):
        self.settings, self.fleet, self.make_trade = day.settings, day.fleet, day.make_trade
        self.clock, self.reader, self.numbers = copied(day.clock), HandReader(), day.numbers
        self.flash, self.doubt = flash, day.doubt
        self.cards, self.collected = dict(day.cards), dict(day.collected)
        if self.doubt:  # the only one of them who comes again
            self.cards[self.doubt] = copied(day.cards[self.doubt])
        self.greens, self.doubted = list(day.greens), []


def copied(one):
    """Another object with the same in it; lists are its own."""
    other = object.__new__(type(one))
    for name in one.__dict__:
        value = one.__dict__[name]
        setattr(other, name, list(value) if isinstance(value, list) else value)
    return other


def left(day, flash, cut, how):
    """A Twin of a day that ended ahead of operation `cut`, on `flash`, which is left so by it."""
    flash.take(day.flash)
    flash.cut(0, cut, how)
    try:
        day.flash.struck(flash)
    except PowerCut:
        flash.restart()
    return Twin(day, flash)


def recover(day, cut, again=None):
    """The start after the cut, `again`: with a second cut so many operations later."""
    flash = day.flash
    if again is not None:
        flash.cut(again, cut + again, LEFT[(cut + again) % len(LEFT)])
        try:
            day.recover()
            flash.restart()
        except PowerCut:
            flash.restart()
            day.recover()
    else:
        if cut % 3 == 0:
            flash.ripen()
        day.recover()
    assert flash.refused == 0, "a page was programmed twice"


def erased(flash):
    """The same flash, as from the factory."""
    flash.restart()
    flash.torn = None
    for block in range(flash.block_count):
        flash.ioctl(6, block)
    return flash


def lived(flash, cut, how="not begun", script=SCRIPT):
    """The Day whose power failed in operation `cut`, its RAM empty; None when it ended before."""
    day = Day(erased(flash))
    flash.cut(cut, cut, how)
    try:
        day.live(script)
        return None
    except PowerCut:
        assert flash.refused == 0, "a page was programmed twice"
        day.terminal = day.journal = day.events = day.log = None
        return day


def worn_day(flash, block, kind):
    """A whole day on a flash in which one block is worn."""
    flash.worn.clear()
    day = Day(erased(flash))
    flash.wear(block, kind)
    day.live()
    day.finish()
    day.restart()
    day.check()
    assert day.visit(NEXT, None) == "ok"


def new_flash():
    """Small enough for the rings to be used anew within the day."""
    return Flash(BLOCKS, BLOCK_BYTES)
