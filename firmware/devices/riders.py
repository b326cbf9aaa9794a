# SPDX-License-Identifier: Apache-2.0
"""What a terminal remembers of cards for its fares: the last boarding, and what each has paid.

    riders = Riders(clock, stamp.trusted)
    trip.new(.., last=riders.last(pan), spent=riders.spent(pan))        before a price is asked
    riders.boarded(pan, "12", direction, fen)                           behind a sale
    riders.restore(recent, lambda values: "12")                         at the start

Of MOST_CARDS cards, a row of bytes each; the one that was longest away is forgotten first and pays
as if it had not ridden: `forgotten` counts them. Other vehicles are known by the host's sums alone
(`sums`): of the two the larger counts, so that no ride is counted twice.

How long ago is told by the ticks, which no step of the wall clock moves. Where a clock cannot be
trusted, nothing that was paid is dropped for being of another day: doubt is the rider's (TD-008).
"""

from firmware.errors import FormatError
from firmware.fares import calendar
from firmware.fares.layout import WORD_BYTES, padded, unpadded
from firmware.fares.trip import Boarding
from firmware.formats import fields, record
from firmware.formats.fields import U8, U16, U32, Fixed, Number

MOST_CARDS = 64
PAN_BYTES = 10
AGE_DAYS = 1  # ticks go round: a boarding that is older by the calendar is none
MOST_FEN = 0xFFFFFFFF

ROW = (
    ("pan", Fixed(PAN_BYTES)),  # digits, F behind them
    ("product", Fixed(WORD_BYTES)),
    ("direction", U8),
    ("base_ms", Number(8)),  # ticks when the row was written
    ("age_s", U32),  # seconds since the boarding at that time
    ("paid_fen", U32),  # for the trip that may go on
    ("day", U16),  # calendar.day_number of the boarding
    ("day_fen", U32),
    ("week_fen", U32),
    ("month_fen", U32),
)


class Riders:
    """Rows of cards, newest last.

    clock: ticks and local time; trusted(): whether that time counts; sums: None, or an object
    whose `of(pan)` gives (day number, day_fen, week_fen, month_fen) as the host knows them, or
    None.
    """

    def __init__(self, clock, trusted, most_cards=MOST_CARDS, sums=None):
        self.clock = clock
        self.trusted = trusted
        self.most_cards = most_cards
        self.sums = sums
        self.rows = []
        self.forgotten = 0

    def last(self, pan):
        """Boarding of this card before, None where none is known."""
        row = self._row(pan)
        today = self._today()
        if row is None or (today is not None and today - row["day"] > AGE_DAYS):
            return None
        ms = self.clock.ticks_diff(self.clock.ticks_ms(), row["base_ms"])
        minutes = (max(0, ms) // 1000 + row["age_s"]) // 60
        return Boarding(unpadded(row["product"]), row["direction"], minutes, row["paid_fen"])

    def spent(self, pan):
        """(day, week, month): fen this card has paid, here or by the host's word."""
        row, today = self._row(pan), self._today()
        known = self.sums.of(pan) if self.sums and pan else None
        here = _sums_of(row, today) if row else (0, 0, 0)
        if known is None:
            return here
        names = ("day", "day_fen", "week_fen", "month_fen")
        told = _sums_of(dict(zip(names, known)), today)
        return tuple([max(pair) for pair in zip(here, told)])

    def boarded(self, pan, product, direction, amount_fen, riders=1, goes_on=False):
        """A sale stands. riders: people it was for; goes_on: it was a transfer, the trip goes on
        and so does what was paid for it. Without effect for what has no place in a row.
        """
        if not pan:
            return
        row, today = self._row(pan), self._today()
        sums = _sums_of(row, today) if row else (0, 0, 0)
        day = today if today is not None else row["day"] if row else 0
        paid_fen = amount_fen // max(1, riders) + (row["paid_fen"] if row and goes_on else 0)
        packed = self._pack(
            pan, product, direction, 0, paid_fen, day, [n + amount_fen for n in sums]
        )
        if packed is None:
            return
        self._drop(pan)
        self.rows.append(packed)
        if len(self.rows) > self.most_cards:
            self.rows.pop(0)
            self.forgotten += 1

    def restore(self, recent, product_of, count=256):
        """Fill the rows from the journal at the start.

        recent(count): (sequence, record dict), newest first (trade.py); product_of(values): word
        of the product a record was sold for, "" where it counts for nothing.
        """
        going_on = []  # cards whose trip began before the oldest record seen so far
        for _, values in recent(count):
            if values["kind"] == record.APPROVED:
                self._restore_one(values, product_of(values), going_on)

    def _restore_one(self, values, product, going_on):
        """Older records add to the sums of a card; its newest one is the boarding, and the trip
        goes back to the last one that was no transfer.
        """
        pan = record.pan_digits(values["pan"])
        at = _date(values["date"])
        if not pan or not product or at is None:
            return
        row, amount_fen = self._row(pan), values["amount_fen"]
        paid_fen = amount_fen // max(1, values["riders"])
        if row and pan in going_on:
            row["paid_fen"] = min(MOST_FEN, row["paid_fen"] + paid_fen)
        if values["rule"] != "transfer":
            going_on[:] = [one for one in going_on if one != pan]
        elif not row:
            going_on.append(pan)
        if row:
            same = _same_periods(at, row["day"])
            for name, fits in zip(("day_fen", "week_fen", "month_fen"), same):
                row[name] = min(MOST_FEN, row[name] + (amount_fen if fits else 0))
            self._put(pan, fields.pack(ROW, row))
        elif len(self.rows) < self.most_cards:
            trusted = values["clock_trusted"] and self.trusted()
            age_s = max(0, self.clock.time_utc_s() - values["time_utc_s"]) if trusted else 0
            sums = [amount_fen] * 3
            packed = self._pack(pan, product, values["direction"], age_s, paid_fen, at, sums)
            if packed is not None:
                self.rows.insert(0, packed)

    def _pack(self, pan, product, direction, age_s, paid_fen, day, sums):
        """A row; None for what has no place in one."""
        try:
            return fields.pack(
                ROW,
                {
                    "pan": _key(pan),
                    "product": padded(product),
                    "direction": direction,
                    "base_ms": self.clock.ticks_ms(),
                    "age_s": min(age_s, 0xFFFFFFFF),
                    "paid_fen": min(paid_fen, MOST_FEN),
                    "day": day,
                    "day_fen": min(sums[0], MOST_FEN),
                    "week_fen": min(sums[1], MOST_FEN),
                    "month_fen": min(sums[2], MOST_FEN),
                },
            )
        except FormatError:
            return None

    def _row(self, pan):
        packed = self._find(pan)
        return None if packed is None else fields.unpack(ROW, packed)

    def _find(self, pan):
        wanted = _key(pan) if pan else None
        for packed in self.rows if wanted else ():
            if packed.startswith(wanted):
                return packed
        return None

    def _drop(self, pan):
        packed = self._find(pan)
        if packed is not None:
            self.rows.remove(packed)

    def _put(self, pan, packed):
        self.rows[self.rows.index(self._find(pan))] = packed

    def _today(self):
        """Day number, None where the clock says nothing."""
        if not self.trusted():
            return None
        at = calendar.moment(self.clock.local_now())
        return at[0] if at else None


def _key(pan):
    """PAN_BYTES of a card number, as in the same-card guard (rules.py)."""
    digits = pan[: 2 * PAN_BYTES]
    return bytes.fromhex(digits + "f" * (2 * PAN_BYTES - len(digits)))


def _date(digits):
    """Day number of YYMMDD; None for a day that is none."""
    year, month, day = 2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:])
    return calendar.day_number(year, month, day) if calendar.is_day(year, month, day) else None


def _sums_of(row, today):
    """(day, week, month) of a row as they count today. A day before the row's own is a clock that
    went back: nothing is dropped.
    """
    sums = (row["day_fen"], row["week_fen"], row["month_fen"])
    if today is None or today <= row["day"]:
        return sums
    return tuple([fen if fits else 0 for fen, fits in zip(sums, _same_periods(row["day"], today))])


def _same_periods(one, other):
    """Whether two day numbers share day, week (from Monday) and month."""
    monday, other_monday = one - calendar.weekday(one), other - calendar.weekday(other)
    same_month = calendar.date_of(one)[:2] == calendar.date_of(other)[:2]
    return (one == other, monday == other_monday, same_month)
