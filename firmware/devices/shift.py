# SPDX-License-Identifier: Apache-2.0
"""Shift: who is signed on, and what was taken since: counts and sums that outlast a power cut.

Goals: the totals of a shift are the sum of its records, never a second truth; a restart costs few
reads; whoever signs off gets a statement (TD-032, terminals.md 7).

Strategy: totals are a fold over the journal. `after()` folds the record that a tap has left,
`restore()` those from the last checkpoint on. A checkpoint is an EVENT record with the totals so
far in `trade_data` (CHECKPOINT below), written in idle time when CHECKPOINT_EVERY more numbers
were drawn; opening and closing write one each. A record counts for the shift stamped in it: a torn
tap that is completed after sign-off is told as `shift_late` and changes no statement.

    reasons of the EVENT records: shift_opened, shift_totals, shift_closed, shift_forced
"""

from firmware.devices.panel import yuan
from firmware.devices.trade import PASSES
from firmware.errors import FormatError, JournalFull
from firmware.formats import fields, record
from firmware.formats.fields import FLAG, U8, U16, U32, Digits, Rows

CHECKPOINT_EVERY = 12  # numbers of the journal; the smallest one keeps 15 that are acknowledged
# records looked at after a start: those behind a checkpoint, open entries that were settled since,
# and what a device writes in one turn
RESTORED = 28
OPENED, TOTALS, CLOSED, FORCED = "shift_opened", "shift_totals", "shift_closed", "shift_forced"
# a ticket that was looked at, or printed again, is nobody who rides
CHECKS = ("pass_valid", "no_ticket", "ticket_again")
CASH = "paid_cash"  # reason of the EVENT record of a payment without a card
REFUND = "refund_cash"  # and of cash that was given back for a sale

# Row of the totals|Chinese|English; a row keeps its place, new ones stand at the end
ROWS = """card|刷卡全价|Card, full fare
reduced|刷卡优惠|Card, reduced
cash|现金|Cash
free|免费|Free
staff|员工|Staff
refund_due|已扣待退|Refund due
refused|拒付|Refused"""
COUNT = 7

ROW = (("count", U16), ("riders", U16), ("sum_fen", U32))
CHECKPOINT = (  # trade_data of the EVENT records: 13 bytes and 8 for each row
    ("version", U8),
    ("is_open", FLAG),
    ("opened_utc_s", U32),
    ("opened", Digits(10)),  # local, YYMMDDHHMM
    ("rows", Rows(ROW, COUNT)),
)
VERSION = 1


class Shift:
    """The shift of one device. `driver` and `number` stand in its records while it is open."""

    def __init__(self, day_cut=400):
        """day_cut: local HHMM at which a shift is closed by force, None for never."""
        self.day_cut = day_cut
        self.house = None
        self.is_open = False
        self.driver = self.number = 0
        self.opened_utc_s, self.opened, self.closed = 0, "0" * 10, ""
        self.totals = _nothing()
        self.mark = 0  # the journal's next number at the last checkpoint

    def attach(self, house):
        """House of trade.py."""
        self.house = house
        self.mark = house.journal.next

    def restore(self, recent):
        """Take up the shift where the power was cut; recent: of Trade.restore().

        Two walks, as the records themselves would not all fit into a board's memory.
        """
        behind = 0
        for _, values in recent(RESTORED):
            if values["reason"] in (OPENED, TOTALS, CLOSED, FORCED) and self._load(values):
                break
            behind += 1
        self.mark = self.house.journal.next - behind
        for _, values in recent(behind) if self.is_open else ():
            self._fold(values)

    def _load(self, values):
        """True when this record's checkpoint could be read."""
        try:
            kept = fields.unpack(CHECKPOINT, values["trade_data"])
        except FormatError:
            return False
        if kept["version"] != VERSION:
            return False
        self.is_open = bool(kept["is_open"])
        self.driver, self.number = values["driver"], values["shift"]
        self.opened_utc_s, self.opened = kept["opened_utc_s"], kept["opened"]
        self.totals = [list(row) for row in kept["rows"]]
        self.totals += _nothing()[len(self.totals) :]
        return True

    # opened and closed

    def open(self, driver, number=None):
        """Sign on; the next number where none is given. "" or what keeps it from being opened."""
        if self.is_open:
            return "sign off first: driver %d is signed on" % self.driver
        if (driver, number) == (self.driver, self.number):
            return "shift %d is closed: leave the number out" % number
        before = self.driver, self.number, self.opened_utc_s, self.opened, self.totals
        date, time = self.house.stamp.digits()
        self.driver = driver
        self.number = number or self.number % 0xFFFF + 1
        self.opened_utc_s, self.opened = self.house.clock.time_utc_s(), date + time[:4]
        self.totals, self.closed = _nothing(), ""
        self.is_open = True
        if self._write(OPENED):
            return ""
        self.is_open = False
        self.driver, self.number, self.opened_utc_s, self.opened, self.totals = before
        return "the storage is full: bring the terminal to its link and try again"

    def close(self, reason=CLOSED):
        """Sign off; "" or what keeps it from being closed. The statement stays until the next."""
        if not self.is_open:
            return "nobody is signed on"
        self.is_open = False
        if self._write(reason):
            date, time = self.house.stamp.digits()
            self.closed = date + time[:4]
            return ""
        self.is_open = True
        return "the storage is full: bring the terminal to its link and try again"

    def turn(self):
        """In idle time: write a checkpoint when one is due. True when the day was cut."""
        if self.house.busy():
            return False
        if self.house.journal.next - self.mark >= CHECKPOINT_EVERY:
            self._write(TOTALS)
        return self.is_open and self._day_is_over() and not self.close(FORCED)

    def _day_is_over(self):
        """True behind the day cut that follows the opening; never by a clock nobody trusts."""
        if self.day_cut is None or not self.house.stamp.trusted():
            return False
        date, time = self.house.stamp.digits()
        now, opened = date + time[:4], self.opened
        if now <= opened:
            return False  # the clock was set back
        cut = "%04d" % self.day_cut
        if now[:6] == opened[:6]:
            return opened[6:] < cut <= now[6:]
        # opened yesterday or before: over at today's cut, or since one that lies between
        return now[6:] >= cut or opened[6:] < cut or not self._was_yesterday()

    def _was_yesterday(self):
        """True when the shift was opened less than a day ago, by the seconds of the clock."""
        return self.house.clock.time_utc_s() - self.opened_utc_s < 86400

    # counted

    def onto(self, values):
        """Driver and shift into a record: 0 while nobody is signed on."""
        values["driver"] = self.driver if self.is_open else 0
        values["shift"] = self.number if self.is_open else 0

    def after(self, sold):
        """A tap is over: count the record it left, as the journal has it (Trade.after); that
        record as a dict, None where it left none.
        """
        for sequence, data in self.house.journal.recent(1) if sold.sequence else ():
            if sequence != sold.sequence:
                return None  # an entry that is still open
            values = record.unpack(data)
            if not self._fold(values) and values["kind"] == record.APPROVED:
                late = {"event": "shift_late", "shift": values["shift"], "sequence": sequence}
                self.house.report(late)
            return values
        return None

    def cash(self, amount_fen, reference=0, riders=1):
        """Write and count a payment without a card; its record, None where it cannot be kept."""
        values = self._event(CASH)
        values["amount_fen"] = values["full_fare_fen"] = amount_fen
        values["reference"], values["riders"] = reference, riders
        if not self._append(values):
            return None
        self._fold(values)
        return values

    def _fold(self, values):
        """Count one record; True when it is of this shift."""
        mine = (values["driver"], values["shift"]) == (self.driver, self.number)
        if not (self.is_open and mine):
            return False
        at = _place(values)
        if at is not None:
            row = self.totals[at]
            row[0] = min(0xFFFF, row[0] + 1)
            row[1] = min(0xFFFF, row[1] + max(1, values["riders"]))
            row[2] = min(0xFFFFFFFF, row[2] + values["amount_fen"])
        return True

    def sum_of(self, name):
        """(count, riders, sum in fen) of a row of ROWS."""
        names = [row.split("|")[0] for row in ROWS.split("\n")]
        return tuple(self.totals[names.index(name)])

    # written

    def _event(self, reason):
        values = self.house.stamp.onto(record.blank(record.EVENT))
        values["reason"] = reason
        values["driver"], values["shift"] = self.driver, self.number
        return values

    def _write(self, reason):
        """Append a checkpoint; False where there is no room for it."""
        values = self._event(reason)
        kept = {"version": VERSION, "is_open": self.is_open, "opened_utc_s": self.opened_utc_s}
        kept["opened"] = self.opened
        kept["rows"] = [tuple(row) for row in self.totals]
        values["trade_data"] = fields.pack(CHECKPOINT, kept)
        if not self._append(values):
            return False
        self.mark = self.house.journal.next
        return True

    def _append(self, values):
        try:
            return self.house.journal.append(record.pack(values))
        except JournalFull:
            return 0

    def statement(self):
        """Lines of the shift as it stands, Chinese and English, for a console or a printer."""
        yield "班次 Shift %d 司机 Driver %d" % (self.number, self.driver)
        yield "开始 From %s" % moment(self.opened)
        if self.closed:
            yield "结束 To %s" % moment(self.closed)
        taken_fen = 0
        for at, line in enumerate(ROWS.split("\n")):
            name, chinese, english = line.split("|")
            count, riders, sum_fen = self.totals[at]
            if count:
                yield "%s %s: %d 笔 %d 人 %s" % (chinese, english, count, riders, yuan(sum_fen))
            if name in ("card", "reduced", "cash"):
                taken_fen += sum_fen
        yield "合计 Total: %s" % yuan(taken_fen)


def _nothing():
    return [[0, 0, 0] for _ in range(COUNT)]


def _place(values):
    """Row of ROWS that a record counts in, None for one that is no passenger's."""
    kind, reason = values["kind"], values["reason"]
    if reason in CHECKS:
        return None
    if kind == record.APPROVED:
        return 0 if values["amount_fen"] >= values["full_fare_fen"] else 1
    if kind == record.EVENT and reason == CASH:
        return 2
    if kind == record.EVENT and reason in PASSES:
        return 4 if reason in ("staff", "driver") else 3
    if kind == record.DEBITED_REFUSED:
        return 5
    return 6 if kind == record.REFUSED else None


def moment(digits):
    """YYMMDDHHMM for people."""
    return "20%s-%s-%s %s:%s" % tuple([digits[at : at + 2] for at in range(0, 10, 2)])
