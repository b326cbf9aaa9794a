# SPDX-License-Identifier: Apache-2.0
"""Terminal: the one loop of every device: find a card, tap, show, wait for its removal, upload.

`turn()` is called for ever and never blocks longer than one look for a card or one tap. What may
go wrong outside, with reader, line, card, ends inside the turn; the next goes on (TD-018, TD-019).

Parts (a namedtuple): reader, clock, draw_un() and qualify(amount_fen) of sources.py, journal,
uploader (None without a host), panel, report, module (None without a security module). Their
contracts stand in docs/design.md.
"""

from collections import namedtuple

from firmware.devices import window
from firmware.devices.keys import note
from firmware.devices.rules import MAX_REMEMBERED, SameCard, is_other_card
from firmware.devices.sale import Sale
from firmware.devices.screen import RESULT_MS, Screen
from firmware.devices.stamp import Stamp
from firmware.devices.stopwatch import Stopwatch, tracer
from firmware.devices.storage import StorageWatch
from firmware.devices.tap_report import tap_event
from firmware.devices.torn_taps import TornTaps
from firmware.devices.trade import House, Trade
from firmware.drive import drive
from firmware.errors import LinkLost
from firmware.formats import record

Parts = namedtuple(
    "Parts",
    ("reader", "clock", "draw_un", "qualify", "journal", "uploader", "panel", "report", "module"),
)

SILENT_POLLS = 3  # without an answer before the next customer (QT-073)
RETRIES_HELD = 5  # attempts with a flickering card before it has to be taken away
FIND_MS = 100
REMOVAL_MS = 30  # one look at each type
DEBITED = {  # what the same-card guard says of a card whose record is of this kind
    record.APPROVED: "already_paid",
    record.DEBITED_REFUSED: "refund_due",
    record.DEBITED_UNPROVEN: "refund_due",
}
SWEEP_TURNS = 3  # idle ones after which garbage goes, lest it be collected in the next tap
COUNTERS_S = 3600  # how often the counters of everything else are reported


class Terminal:
    """One device at work."""

    def __init__(self, parts, settings, parameters, trade=None):
        self.parts = parts
        self.trade = trade or Trade(settings, parameters)
        self.parameters = parameters
        self.trace = tracer(parts.report, settings.trace)
        self.meters_work = settings.trace == "frames"
        stamp = Stamp(settings, parameters, parts.clock)
        self.torn_taps = TornTaps(parts.journal, parameters, stamp)
        self.same_card = SameCard(parameters.same_card_s, parts.clock)
        stamp.trade = self.trade
        self.sale = Sale(parts, parameters, stamp, self.torn_taps, self.same_card, self.trade)
        again_ms = parameters.torn_prompt_s * 1000
        self.screen = Screen(parts.panel, parts.clock, self.trade, again_ms)
        self.screen.list_shown = lambda: self.sale.deny.shown()
        self.show = self.sale.notice = self.screen.show
        self.storage = StorageWatch(parts.journal, stamp, parts.report, self.show)
        self.counted = window.opened(parts.clock, COUNTERS_S)  # until they are reported
        self.powered = None  # the field: on, off, or not known
        self.closed = False  # service has ended, the field is off
        self.silent = SILENT_POLLS  # polls without a card since the last one
        self.reader_fault = ""  # said last of a reader that does not work
        self.collect = None  # collects garbage, where the interpreter wants that
        self.idled = 0  # turns without a card, up to SWEEP_TURNS
        self.retry = None  # window in which the reader is left alone: out of order, or resting
        self.last_card = None  # (kind, uid) of the last one served
        self.attempts = 0
        self.acknowledged = 0
        self.link_fault = ""  # said last of an upload that does not get through
        self.codes = []  # of the self-test
        self.sound = False  # it has passed, what is looked at in idle time too
        self.health = None  # random_health.Health of the source of 9F37
        self.refused = {}  # kind of file: number of the last one that was not taken
        self.condition = None  # condition.py, where a host is told
        self.feed = None  # what keeps a watchdog quiet, where there is one
        self.trade.attach(
            House(
                parts.journal,
                stamp,
                self.torn_taps,
                self.show,
                self.busy,
                parts.clock,
                parts.report,
                parts.module,
            )
        )

    def start(self):
        """Settle what the last run left open, remember who has paid, show that we are ready."""
        self.sale.finish_kept()
        self._restore_time()
        self.torn_taps.restore()
        self._restore_paid()
        self.trade.restore(self._recent)
        offer = self.trade.offer()
        self.show(offer.message, offer.fare_fen)  # QT-047
        self.screen.idle = True
        self.parts.report({"event": "ready"})

    def use_list(self, deny):
        """Ask a deny list in files (deny.py) too, from the start on."""
        self.sale.use_list(deny, self.sale.stamp)
        deny.start(self.parts.journal, self.sale.stamp, self._recent)

    def _recent(self, count):
        """Newest first, one block of the journal in memory: a gate reads 4096 records back."""
        past = record.readable(self.parts.journal.backwards())
        while count > 0:
            one = next(past, None)
            if one is None:
                return
            yield one
            count -= 1

    def _restore_time(self):
        """The clock must not be far behind the last record (QT-015)."""
        for _, values in self._recent(1):
            if values["clock_trusted"]:
                self.sale.stamp.latest_s = values["time_utc_s"]

    def _restore_paid(self):
        """Who has paid last, of these fields alone: 64 whole records are 40 KB."""
        found = []
        for _, values in self._recent(MAX_REMEMBERED):
            why = DEBITED.get(values["kind"])
            if why:
                found.append((why, values["pan"], values["psn"], values["time_utc_s"]))
        dated, length_s = self.sale.stamp.ages(), self.parameters.same_card_s
        for why, number, psn, time_utc_s in reversed(found):
            pan = record.pan_digits(number)
            since = window.opened_before(self.parts.clock, length_s, time_utc_s, dated)
            self.same_card.remember(pan, psn, why, since)
            if why == "already_paid":
                self.sale.deny.paid(pan, psn)

    def stop(self):
        """End service: the next turn closes the terminal (QT-070).

        May come at any time: a card that is not committed yet is refused at the gate (QT-156).
        """
        self.sale.stopping = True

    def busy(self):
        """True while a card has not been taken away."""
        return self.silent < SILENT_POLLS

    def is_idle(self):
        """True while no card is there and no torn tap waits for its card."""
        return self.silent >= SILENT_POLLS and not self.torn_taps.open

    def turn(self):
        """One turn of the loop; True when a card was served in it.

        A tap begins here and not further down: a board's stack holds some thirty calls.
        """
        served = False
        self.trade.turn()
        self.parts.panel.refresh()
        if self.retry and window.left_ms(self.parts.clock, self.retry) > 0:
            self._idle()
            return False
        self.retry = None
        try:
            if self.sale.stopping:
                return self._close()
            waits = self.silent < SILENT_POLLS
            card, began_us = self._await_removal() if waits else self._look_for_card()
            served = card is not None
            if served:  # a tap begins with the look that found the card, where the reader tells it
                self.tap(card, getattr(card, "look_us", began_us))
        except LinkLost as gone:
            self._reader_failed(gone)
        if not served:
            self._idle()
        return served

    def _close(self):
        """Field off, said once: what is open stays in the journal for the next start."""
        self.closed = True
        self.trade.close()
        self._power(False)
        self.show("closed")
        self._report_counts()
        return False

    def _power(self, on):
        """Switch the field, if it is not so already (QT-034)."""
        if self.powered != on:
            self.parts.reader.power(on)
            self.powered = on

    def _idle(self):
        """What must not keep a rider waiting: no byte is due from the chip now (MP-13; PD-30)."""
        self.idled = (self.idled + 1) % SWEEP_TURNS
        if self.collect and not self.idled:
            self.collect()
        self.torn_taps.expire()
        self.same_card.forget()
        self.parts.journal.tidy()
        self.sale.keys.idle()  # QT-022
        self.sale.deny.idle()
        self._keep_time()
        self.storage.turn()
        if self.parts.module:
            self.parts.module.idle()
        if window.left_ms(self.parts.clock, self.counted) <= 0:
            self._report_counts()
        if not self.parts.uploader:
            return
        if self.condition:
            self.condition.idle()
        self.parts.uploader.step()
        fault = self.parts.uploader.error if self.parts.uploader.failures else ""
        if fault and fault != self.link_fault:
            self.parts.report({"event": "link", "text": fault})
        self.link_fault = fault
        if self.parts.uploader.acknowledged != self.acknowledged:
            self.acknowledged = self.parts.uploader.acknowledged
            self.parts.report({"event": "upload", "acknowledged": self.parts.journal.acknowledged})

    def _keep_time(self):
        """What became of the clock, where somebody watches it (timekeeper.py)."""
        turn = getattr(self.parts.clock, "turn", None)
        said = turn() if turn else ""
        if said:
            self.parts.report({"event": "clock", "text": said})
            note(self.parts.journal, self.sale.stamp, said)

    def _report_counts(self):
        """How often what was not a sale was said, since the start (QT-249)."""
        self.counted = window.opened(self.parts.clock, COUNTERS_S)
        self.parts.report({"event": "counters", "counts": self.screen.counts})
        self.storage.tell()

    def _look_for_card(self):
        """(card that is to be served or None, ticks_us() of the look for it)."""
        stopped = self.sale.refused_before()
        if stopped and not self.torn_taps.open:  # a torn tap has its room in the journal
            # until its cause is gone, said once; a trade that is done lets its result stand
            traded = stopped == self.trade.offer().message
            self.screen.stand(stopped, None, RESULT_MS if traded else 0)
            self._power(False)
            return None, 0
        self._power(True)
        began_us = self.parts.clock.ticks_us()
        cards = self.parts.reader.find(FIND_MS)
        if not cards:
            self.screen.clear()
            self._rest()
        return self._alone(cards), began_us

    def _rest(self):
        """Nobody came for `rest_after_s`: field off, a look each second from here on (QT-070)."""
        after_s, screen = self.parameters.rest_after_s, self.screen
        waits = screen.shown == self.trade.offer().message
        if after_s and waits and screen.stood_ms() >= after_s * 1000:
            self._power(False)
            self.retry = window.opened(self.parts.clock, 1)

    def _alone(self, cards):
        """The card that came alone or None; two are told to come one by one (QT-056, TD-004)."""
        if len(cards) > 1:
            self.show("several_cards")
            self.parts.report({"event": "collision"})
            self.last_card = None
            self.silent = 0
            self.parts.reader.reset_field()
        elif cards:
            self.last_card = (cards[0].kind, cards[0].uid)
            return cards[0]
        return None

    def tap(self, card, began_us):
        """One presentation from activation to the lamp."""
        clock = self.parts.clock
        watch = Stopwatch(card.exchange, clock, self.trace, self.feed)
        found_us = clock.ticks_us()
        self.show("processing")  # QT-242
        steps, exchange = self.sale.steps(card.uid, watch), watch.exchange
        if self.meters_work:
            from firmware.devices.timed_work import metered  # where settings ask for it

            steps, exchange = metered(steps, exchange, clock, self.trace)
        sold = drive(steps, exchange)
        decided_us = clock.ticks_us()
        # what is a sale is durable before it is seen (QT-262)
        self.show(sold.message, sold.amount_fen, sold.outcome.balance_fen)
        self.screen.idle = False  # a result, also where its word is that of a state (TD-003)
        self.trade.after(sold)
        watch.spent["activate"] = clock.ticks_diff(found_us, began_us)
        total_us = clock.ticks_diff(decided_us, began_us)
        watch.spent["journal"] = self.sale.book.spent_us
        watch.spent["host"] = total_us - sum(watch.spent.values())
        self.parts.report(tap_event(card, sold, watch, total_us))
        if self.condition:
            self.condition.tapped(sold, total_us)
        self._after(sold)

    def _after(self, sold):
        """Who has to come again is looked for at once; anybody else takes the card away first.

        So a card that is still there is settled, or sold to anew, without its owner (QT-170).
        """
        again = sold.message in ("card_lost", "last_record_lost")
        self.attempts = self.attempts + 1 if again else 0
        at_once = again and self.attempts < RETRIES_HELD
        if not at_once:
            self.attempts = 0
            self.silent = 0
        # at every end (QT-239); may lose the chip: what comes next is decided before
        self.parts.reader.reset_field()
        if at_once:
            self.parts.report({"event": "ready"})

    def _await_removal(self):
        """A card that stays is not charged again (QT-073, QT-074; PD-26); the next need not wait.

        As _look_for_card(): another card, one that cannot be the last one.
        """
        began_us = self.parts.clock.ticks_us()
        self.parts.reader.reset_field()  # a card that is still in its protocol ignores polls
        cards = self.parts.reader.find(REMOVAL_MS)
        other = len(cards) == 1 and is_other_card(self.last_card, (cards[0].kind, cards[0].uid))
        if other and not self.sale.refused_before():
            self.silent = SILENT_POLLS
            return self._alone(cards), began_us
        self.silent = 0 if cards else self.silent + 1
        if self.silent >= SILENT_POLLS:
            self.parts.report({"event": "ready"})
        return None, began_us

    def _reader_failed(self, gone):
        """Heal the reader, or say once that it is out of order; tried again (PD-34, TD-019)."""
        self.powered = None
        if str(gone) != self.reader_fault:
            self.reader_fault = str(gone)
            self.parts.report({"event": "reader", "text": self.reader_fault})
        if self.parts.reader.recover():
            self.reader_fault = ""
            return
        self.show("reader_fault")
        self.retry = window.opened(self.parts.clock, 1)
