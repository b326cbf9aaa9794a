# SPDX-License-Identifier: Apache-2.0
"""A terminal on a test stand: real device, kernel and journal; reader, clock and panel in memory.

    stand = Stand("same_card_s: 0")
    event = stand.tap(SmallCard())           # placed, served, taken away
    stand.records()                          # [(kind, values)] in the order of writing

One stand at a time: the next one erases the flash.

`stand.log` is what a rider saw and heard, in order: ("lamp", "green", n) with n the records that
were durable then. Runs on both interpreters.
"""

from firmware.devices.sources import Qualifiers, UnpredictableNumbers
from firmware.devices.terminal import Parts, Terminal
from firmware.errors import LinkLost
from firmware.formats import record
from firmware.journal import Journal
from firmware.kernel import apdu
from sim.flash import Flash
from tests.forget import collect, forget
from tests.hand_clock import HandClock
from tests.small_card import CAPK, LAST, SmallCard

SETTINGS = "terminal: 1\nreader: serial:none\njournal: file:none\nparameters: none\nline: 5"
FLEET = "fare_fen: 200\nca: RSA %s F1 03 %s\n" % (CAPK.rid.hex(), CAPK.key.hex())


READERS = (
    "firmware.formats.parameters",
    "firmware.formats.ca_keys",
    "firmware.formats.lines",
    "firmware.settings",
)


def read_texts(fleet):
    """(Settings, Parameters); what reads them leaves the heap again, as in firmware/main.py."""
    from firmware.formats import parameters
    from firmware.settings import parse

    read = parse(SETTINGS), parameters.parse(fleet, "fleet")
    forget(READERS)
    return read


class HandReader:
    """A reader whose field the test fills: `field` is the list of cards in it.

    `failures` makes so many looks for a card end in LinkLost; `heals` is what recover() says.
    """

    def __init__(self):
        self.field = []
        self.failures = 0
        self.heals = True
        self.resets = self.looks = self.recoveries = 0
        self.powered = None  # the field: what power() said last

    def find(self, timeout_ms):
        self.looks += 1
        self._fail()
        for card in self.field:
            card.power_up()
        return list(self.field)

    def power(self, on):
        self.powered = on

    def reset_field(self):
        self.resets += 1

    def recover(self):
        self.recoveries += 1
        return self.heals

    def _fail(self):
        if self.failures:
            self.failures -= 1
            raise LinkLost("the chip is silent")


BLOCK_COUNT, BLOCK_BYTES, ENTRY_BYTES, RECORD_BYTES = 9, 1792, 1000, 750
FLASH = Flash(BLOCK_COUNT, BLOCK_BYTES)  # one for all: it lies in the heap of a board here


class Stand:
    """One terminal with its journal; restart() gives it new RAM over the same flash."""

    flash, limits = FLASH, (ENTRY_BYTES, RECORD_BYTES)
    make_journal = Journal
    module = None  # a security module

    def __init__(self, extra="", make_trade=None):
        """extra: lines of the parameters; make_trade(settings, parameters, clock, report)."""
        collect()
        self.settings, self.fleet = read_texts(FLEET + extra)
        self.clock = HandClock()
        self.reader = HandReader()
        self.flash.restart()
        for block in range(self.flash.block_count):
            self.flash.ioctl(6, block)
        self.numbers = 0
        self.make_trade = make_trade
        self.restart()

    def restart(self):
        """Power on: journal recovered, terminal started."""
        self.events, self.log = [], []
        self.journal = self.make_journal(self.flash, *self.limits)
        numbers = UnpredictableNumbers(self.random_bytes)
        parts = Parts(
            reader=self.reader,
            clock=self.clock,
            draw_un=numbers.draw,
            qualify=Qualifiers(self.fleet).qualify,
            journal=self.journal,
            uploader=None,
            panel=self,
            report=self.events.append,
            module=self.module,
        )
        trade = None
        if self.make_trade:
            trade = self.make_trade(self.settings, self.fleet, self.clock, self.events.append)
        self.terminal = Terminal(parts, self.settings, self.fleet, trade)
        self.prepare()
        self.terminal.start()

    def prepare(self):
        """What a test adds to the terminal before it starts."""

    def random_bytes(self, count):
        """Different each time."""
        self.numbers += 1
        return self.numbers.to_bytes(count, "big")

    # --- the panel

    def lamp(self, colour):
        self.log.append(("lamp", colour, len(list(self.journal.records()))))

    def beep(self, kind):
        self.log.append(("beep", kind, 0))

    def show(self, line1, line2):
        self.log.append(("show", line2, 0))

    def voice(self, number):
        """No lines: what is said is a number of the row that is shown."""

    def refresh(self):
        """Nothing goes on by itself."""

    def shown(self):
        """The last lamp."""
        return [one for one in self.log if one[0] == "lamp"][-1][1]

    # --- the rider

    def tap(self, *cards):
        """Place cards, let the terminal serve them, take them away: the last tap event or None."""
        self.events[:] = []
        self.reader.field = list(cards)
        self.terminal.turn()
        self.reader.field = []
        for _ in range(4):
            self.terminal.turn()
        taps = [one for one in self.events if one["event"] == "tap"]
        return taps[-1] if taps else None

    def hold(self, card, turns=20):
        """Leave a card in the field: the outcomes of its taps."""
        self.events[:] = []
        self.reader.field = [card]
        for _ in range(turns):
            self.terminal.turn()
        self.reader.field = []
        for _ in range(4):
            self.terminal.turn()
        return [one["outcome"] for one in self.events if one["event"] == "tap"]

    # --- what lasts

    def records(self):
        """[(kind word, values)] of the journal."""
        found = []
        for _, data in self.journal.records():
            values = record.unpack(data)
            found.append((record.kind_name(values["kind"]), values))
        return found

    def kinds(self):
        """The kinds alone."""
        return [kind for kind, _ in self.records()]


def torn_stand(card=None, acted=True, extra="same_card_s: 0", **has):
    """(Stand, card): one tap whose last answer was lost, shown amber, entry open.

    has: switches of the card (tests/full_card.py).
    """
    stand, card = Stand(extra), card or SmallCard()
    for name in has:
        setattr(card, name, has[name])
    card.tear = (apdu.INS_READ_RECORD, LAST, acted)
    event = stand.tap(card)
    assert (event["outcome"], event["message"]) == ("torn_pending", "last_record_lost")
    assert event["taken"] is None and stand.shown() == "amber"
    assert ("beep", "again", 0) in stand.log
    assert ("show", "Not done: same card again", 0) in stand.log
    assert len(stand.journal.pending()) == 1 and stand.records() == []
    card.sent = []
    return stand, card
