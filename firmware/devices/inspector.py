# SPDX-License-Identifier: Apache-2.0
"""Inspector: a reader that shows what a card holds, and sells nothing (qpboc.md N; TD-022).

It reads card number, balance, the last payments and loads, switches the field off and shows one
after the other until the card is taken away. Then it forgets all of it. No GPO, no journal, no
upload. `turn()`, `stop()`, `closed` and `show()` are those of a Terminal: the same root runs both.

Parts (a namedtuple): reader, clock, panel, report. Their contracts stand in docs/design.md.
"""

from collections import namedtuple

from firmware.devices import panel as panels
from firmware.devices import window
from firmware.devices.rules import is_other_card
from firmware.devices.stopwatch import Stopwatch, tracer
from firmware.drive import drive
from firmware.errors import FormatError, LinkLost
from firmware.formats import record
from firmware.kernel import enquiry

Parts = namedtuple("Parts", ("reader", "clock", "panel", "report"))

FIND_MS = 100
REMOVAL_MS = 30
SILENT_POLLS = 3  # without an answer, and the card has left
PAGE_S = 2
LONGEST_S = 60  # nothing of a card is shown for longer, even if it is left lying
# message -> lamp, sound, Chinese, English; others stand in panel.py
MESSAGES = {
    "enquiry_ready": ("blue", "", "请放卡查询", "Hold card to read"),
    "enquiry_done": ("green", "ok", "", ""),
    "not_accepted": ("red", "no", "不能查询此卡", "Card not accepted"),
}
BALANCE, PAID, LOADED, BLOCKED = "余额", "消费", "充值", "应用已锁"
CURRENCIES = {156: "CNY", 344: "HKD", 446: "MOP"}  # of two decimals; others as they are written


class Inspector:
    """One enquiry device at work."""

    def __init__(self, parts, aids, trace="no", records=None):
        """records: module inspector_records, where records of trades are read as well."""
        self.parts = parts
        self.records = records
        self.aids = aids
        self.trace = tracer(parts.report, trace)
        self.stopping = self.closed = False
        self.powered = None
        self.pages = None  # (line 1, line 2) still to be shown; None: no card is here
        self.page_at = self.since = None  # windows of this page, of all that is shown
        self.silent = 0
        self.last_card = None
        self.reader_fault = ""
        self.retry = None

    def start(self):
        """Say that we are ready."""
        self.show("enquiry_ready")
        self.parts.report({"event": "ready"})

    def stop(self):
        """End service: the next turn switches the field off."""
        self.stopping = True

    def turn(self):
        """One turn of the loop; True when a card was read in it."""
        if self.retry and window.left_ms(self.parts.clock, self.retry) > 0:
            return False
        self.retry = None
        try:
            if self.stopping:
                return self._close()
            return self._look() if self.pages is None else self._await_removal()
        except LinkLost as gone:
            self._reader_failed(gone)
        return False

    def show(self, message):
        """A message of this device, or one of panel.py."""
        panel = self.parts.panel
        if message not in MESSAGES:
            panels.present(panel, message)
            return
        lamp, beep, chinese, english = MESSAGES[message]
        if chinese:
            panel.show(chinese, english)
        panel.lamp(lamp)
        if beep:
            panel.beep(beep)

    def _close(self):
        self._forget()
        self.closed = True
        self._power(False)
        self.show("closed")
        return False

    def _power(self, on):
        if self.powered != on:
            self.parts.reader.power(on)
            self.powered = on

    def _look(self):
        self._power(True)
        cards = self.parts.reader.find(FIND_MS)
        if len(cards) == 1:
            self.last_card = (cards[0].kind, cards[0].uid)
            self._read(cards[0])
        elif cards:
            self.show("several_cards")
            self._wait_for_removal([])
        return len(cards) == 1

    def _read(self, card):
        """Everything at once, then the field goes off (QT-269)."""
        watch = Stopwatch(card.exchange, self.parts.clock, self.trace)
        try:
            further = self.records.Records().read if self.records else None
            found = drive(enquiry.enquire(self.aids, further), watch.exchange)
        except LinkLost as gone:
            self.show("card_lost")
            self.parts.report({"event": "enquiry", "outcome": "card_lost", "detail": str(gone)})
        except FormatError as why:
            self.show("not_accepted")
            self.parts.report({"event": "enquiry", "outcome": "not_accepted", "detail": str(why)})
            self._wait_for_removal([])
        else:
            self.show("enquiry_done")
            self._report(found, watch.count)
            pages = pages_of(found)
            if self.records:  # what is frozen stands beside the balance that lacks it (QX-056)
                at = len(found.balances) + (1 if found.blocked else 0)
                pages[at:at] = self.records.pages_of(found.more, lambda fen: money(156, fen))
            self._wait_for_removal(pages)
        self._power(False)

    def _wait_for_removal(self, pages):
        self.pages, self.silent = pages, 0
        self.since = window.opened(self.parts.clock, LONGEST_S)
        self._turn_page()

    def _turn_page(self):
        """The next page; the last one stands."""
        if self.pages:
            self.parts.panel.show(*self.pages.pop(0))
        self.page_at = window.opened(self.parts.clock, PAGE_S)

    def _await_removal(self):
        """Turn the pages; look for the card with the field on no longer than that takes."""
        clock = self.parts.clock
        if window.left_ms(clock, self.page_at) <= 0:
            self._turn_page()
        self._power(True)
        cards = self.parts.reader.find(REMOVAL_MS)
        self._power(False)
        other = len(cards) == 1 and is_other_card(self.last_card, (cards[0].kind, cards[0].uid))
        self.silent = 0 if cards else self.silent + 1
        if other or self.silent >= SILENT_POLLS:
            self._forget()
            self.start()
        elif window.left_ms(clock, self.since) <= 0:
            self._forget()
            self.pages = []  # the card lies there still: it is not read again
        return False

    def _forget(self):
        """Nothing is kept or shown of a card that has left (QT-276)."""
        self.pages = self.last_card = None
        self.parts.panel.show("", "")

    def _reader_failed(self, gone):
        """Heal the reader, or say once that it is out of order and go on trying (PD-34)."""
        self.powered = None
        self._forget()
        if str(gone) != self.reader_fault:
            self.reader_fault = str(gone)
            self.parts.report({"event": "reader", "text": self.reader_fault})
        if self.parts.reader.recover():
            self.reader_fault = ""
            self.start()
            return
        self.show("reader_fault")
        self.retry = window.opened(self.parts.clock, 1)

    def _report(self, found, exchanges):
        """What was shown, for a bench; the number masked (CL-016)."""
        told = {
            "event": "enquiry",
            "outcome": "read",
            "detail": "blocked" if found.blocked else "",
            "card": masked(found.pan),
            "balances": [row(None, one) for one in found.balances],
            "payments": rows(found.payments),
            "loads": rows(found.loads),
            "exchanges": exchanges,
        }
        if self.records:
            told["records"] = found.more
        self.parts.report(told)


def masked(pan):
    """The card number for people, -- when it was not readable."""
    return record.mask_pan(record.pan_bytes(pan)) if pan else "--"


def money(currency, fen):
    """An amount with its currency: letters and two decimals where they are known, else as it is
    written, in the smallest unit.
    """
    if currency not in CURRENCIES:
        return "%03d %d" % (currency, fen)
    sign = "-" if fen < 0 else ""
    return "%s %s%s" % (CURRENCIES[currency], sign, panels.yuan(abs(fen)))


def day(date):
    """YYYY-MM-DD, -- for none."""
    return "%04d-%02d-%02d" % date if date else "--"


def pages_of(found):
    """(line 1, line 2) of each page: date, currency and amount, nothing else (QT-275), all of them
    as the card told them (QT-277).
    """
    pages = [(BLOCKED, "Application blocked")] if found.blocked else []
    for one in found.balances:
        pages.append(("%s %s" % (BALANCE, money(one.currency, one.fen)), masked(found.pan)))
    for word, entries in ((PAID, found.payments), (LOADED, found.loads)):
        for one in entries or ():
            pages.append(("%s %s" % (word, money(one.currency, one.fen)), day(one.date)))
    return pages


def row(date, one):
    """A balance or an entry as an object of the report."""
    found = {"currency": one.currency, "amount_fen": one.fen}
    if date:
        found["date"] = date
    return found


def rows(entries):
    """Entries of a log as objects, None where the card keeps none."""
    return None if entries is None else [row(day(one.date), one) for one in entries]
