# SPDX-License-Identifier: Apache-2.0
"""What a terminal remembers of cards for its fares: the last boarding, and what each has paid.

    riders = Riders(clock, stamp.trusted)
    trip.new(.., last=riders.last(pan), spent=riders.spent(pan))        before a price is asked
    riders.boarded(pan, psn, sequence, "12", direction, fen)            behind a sale
    riders.restore(recent, lambda values: "12")                         at the start
    riders.turn(first_open)                                             while nobody is there

A card is a number and its sequence number: a second card to one account rides for itself. A card
that is priced before it has told its sequence number is any card of its number, and the best for
the rider counts; what it has paid is noted for itself alone.

Of MOST_CARDS cards there is a row of bytes, the one that was longest away goes first. With a bank
(ride_bank.py) what they have paid is written there, and found there again; without one a card
that went pays as if it had not ridden: `forgotten` counts them.

Other vehicles are known by the host's sums alone (host_sums.py). Those hold every sale up to a
number of this terminal's records, the cut-off: what was sold here behind it is added, so that no
ride counts twice. A row that began before the cut-off and ended behind it counts as a whole: what
cannot be told apart is the rider's.

How long ago is told by the ticks, which no step of the wall clock moves. Where a clock cannot be
trusted, nothing that was paid is dropped for being of another day: doubt is the rider's (TD-008).
"""

from firmware.errors import FormatError
from firmware.fares import calendar
from firmware.fares.layout import WORD_BYTES, padded, unpadded
from firmware.fares.paid import KEY, Paid, added, as_of, key_of, same_periods
from firmware.fares.trip import Boarding
from firmware.formats import fields, record
from firmware.formats.fields import FLAG, U8, U16, U32, Fixed, Number

MOST_CARDS = 64
AGE_DAYS = 1  # ticks go round: a boarding that is older by the calendar is none
MOST_FEN = 0xFFFFFFFF
NEWEST = 64  # records looked at after a start for boardings that may go on
BEHIND = 256  # likewise at the most, for what the bank does not hold yet
PERIODS = ("day_fen", "week_fen", "month_fen")

ROW = (
    ("key", Fixed(KEY)),  # paid.key_of
    ("product", Fixed(WORD_BYTES)),
    ("direction", U8),
    ("base_ms", Number(8)),  # ticks when the row was written
    ("age_s", U32),  # seconds since the boarding at that time
    ("paid_fen", U32),  # for the trip that may go on
    ("first", U32),  # numbers of the records in the sums
    ("last", U32),
    ("day", U16),  # calendar.day_number of the boarding
    ("day_fen", U32),
    ("week_fen", U32),
    ("month_fen", U32),
    ("unsaved", FLAG),  # 1: not in the bank as it stands here
)


class Riders:
    """Rows of cards, newest last.

    clock: ticks and local time; trusted(): whether that time counts; bank: RideBank or None;
    host: HostSums or None, an object with `day`, `cut_off` and `of(pan)` as in card_sums.py.
    """

    def __init__(self, clock, trusted, most_cards=MOST_CARDS, bank=None, host=None):
        self.clock = clock
        self.trusted = trusted
        self.most_cards = most_cards
        self.bank = bank
        self.host = host
        self.rows = []
        self.forgotten = 0
        self.newest = 0  # number of the newest record that counts here
        self.sales = 0  # since the bank was written
        self.steps = self.saving = None  # the bank being written, and the rows that go into it
        self.fault = ""  # why it could not be

    def last(self, pan, psn=None):
        """Boarding of this card before, None where none is known; psn None: of any of them."""
        found = [row for row in self._rows_of(pan) if psn in (None, row["key"][-1])]
        today = self._today()
        if not found or (today is not None and today - found[-1]["day"] > AGE_DAYS):
            return None
        row = found[-1]
        ms = self.clock.ticks_diff(self.clock.ticks_ms(), row["base_ms"])
        minutes = (max(0, ms) // 1000 + row["age_s"]) // 60
        return Boarding(unpadded(row["product"]), row["direction"], minutes, row["paid_fen"])

    def spent(self, pan, psn=None):
        """(day, week, month): fen this card has paid, here and by the host's word; psn None: the
        most that a card of this number has.
        """
        if not pan:
            return 0, 0, 0
        today, cards = self._today(), {}
        for number, sums in self.host.of(pan) if self.host else ():
            cards[number] = as_of(today, self.host.day, sums)
        for one in self._paid_by(pan):
            if one.last > self._cut_off():
                told, here = cards.get(one.key[-1], (0, 0, 0)), as_of(today, one.day, one.sums)
                cards[one.key[-1]] = added(told, here)
        counting = [sums for number, sums in cards.items() if psn in (None, number)]
        return tuple([max([0] + [sums[n] for sums in counting]) for n in (0, 1, 2)])  # noqa: RUF005

    def boarded(self, pan, psn, sequence, product, direction, amount_fen, riders=1, goes_on=False):
        """A sale stands. sequence: of its record; riders: people it was for; goes_on: it was a
        transfer, the trip goes on and so does what was paid for it. Without effect for what has
        no place in a row.
        """
        if not pan:
            return
        key, today = key_of(pan, psn), self._today()
        row, before = self._row(key), self._before(key)
        sums = as_of(today, before.day, before.sums) if before else (0, 0, 0)
        day = today if today is not None else before.day if before else 0
        first = min(before.first, sequence) if before else sequence
        last = max(before.last, sequence) if before else sequence
        paid_fen = amount_fen // max(1, riders) + (row["paid_fen"] if row and goes_on else 0)
        sums = [fen + amount_fen for fen in sums]
        packed = self._pack(key, product, direction, 0, paid_fen, (first, last, day, sums), 1)
        if packed is None:
            return
        self._drop(key)
        self.rows.append(packed)
        self.newest, self.sales = max(self.newest, sequence), self.sales + 1
        if len(self.rows) > self.most_cards:
            self._forget()

    def restore(self, recent, product_of):
        """Fill the rows from the journal at the start, as far as the bank does not know.

        recent(count): (sequence, record dict), newest first (trade.py); product_of(values): word
        of the product a record was sold for, "" where it counts for nothing.
        """
        going_on = []  # cards whose trip began before the oldest record seen so far
        upto = self.bank.upto if self.bank else 0
        for looked, (sequence, values) in enumerate(recent(BEHIND if self.bank else NEWEST)):
            if looked >= NEWEST and sequence <= upto:
                break
            if values["kind"] == record.APPROVED:
                self._restore_one(sequence, values, product_of(values), going_on)

    def _restore_one(self, sequence, values, product, going_on):
        """Older records add to the sums of a card; its newest one is the boarding, and the trip
        goes back to the last one that was no transfer.
        """
        pan, at = record.pan_digits(values["pan"]), _date(values["date"])
        if not pan or not product or at is None:
            return
        key = key_of(pan, values["psn"])
        row, before, amount_fen = self._row(key), self._banked(key), values["amount_fen"]
        self.newest = max(self.newest, sequence)
        known = sequence <= max(before.last if before else 0, self._cut_off())
        paid_fen = amount_fen // max(1, values["riders"])
        if row and key in going_on:
            row["paid_fen"] = min(MOST_FEN, row["paid_fen"] + paid_fen)
        if values["rule"] != "transfer":
            going_on[:] = [one for one in going_on if one != key]
        elif not row:
            going_on.append(key)
        if row:
            same = same_periods(at, row["day"])
            for name, fits in zip(PERIODS, same if not known else ()):
                row[name] = min(MOST_FEN, row[name] + (amount_fen if fits else 0))
            row["first"] = row["first"] if known else min(row["first"], sequence)
            self._put(key, fields.pack(ROW, row))
        elif len(self.rows) < self.most_cards:
            trusted = values["clock_trusted"] and self.trusted()
            age_s = max(0, self.clock.time_utc_s() - values["time_utc_s"]) if trusted else 0
            held = before and before.last > self._cut_off()
            first, last, sums = sequence, sequence, (0, 0, 0)
            if held:
                first, last = before.first, max(before.last, sequence)
                sums = as_of(at, before.day, before.sums)
            sums = [fen + (0 if known else amount_fen) for fen in sums]
            about = (first, last, at, sums)
            packed = self._pack(
                key, product, values["direction"], age_s, paid_fen, about, not known
            )
            if packed is not None:
                self.rows.insert(0, packed)

    # --- the bank

    def turn(self, first_open=None):
        """A slice of the bank's work; first_open: number of the oldest entry that is still open,
        whose sale may yet stand. OSError of the storage is `fault`, and tried again later.
        """
        if self.steps:
            try:
                next(self.steps)
            except StopIteration:
                self._saved()
            except OSError as wrong:
                self.fault, self.steps = str(wrong) or "error", None
            return
        unsaved = [row for row in self.rows if row[-1]]
        if self.bank and (2 * len(unsaved) >= self.most_cards or self.sales >= NEWEST):
            upto = self.newest if first_open is None else min(self.newest, first_open - 1)
            self.saving, self.sales = unsaved, 0
            rows = [_paid(fields.unpack(ROW, row)) for row in unsaved]
            self.steps = self.bank.written(rows, upto)

    def _saved(self):
        for row in self.saving:
            if row in self.rows:
                self.rows[self.rows.index(row)] = row[:-1] + b"\x00"
        self.steps, self.saving, self.fault = None, None, ""

    def _banked(self, key):
        """Paid of one card in the bank, None where it is not there."""
        for one in self.bank.of(key) if self.bank else ():
            if one.key == key:
                return one
        return None

    def _before(self, key):
        """Paid of one card as far as the host does not know it."""
        row = self._row(key)
        before = _paid(row) if row else self._banked(key)
        return before if before and before.last > self._cut_off() else None

    def _paid_by(self, pan):
        """[Paid] of the cards of a number: a row stands above what the bank says."""
        found = [_paid(row) for row in self._rows_of(pan)]
        keys = [one.key for one in found]
        held = self.bank.of(key_of(pan, 0)) if self.bank else ()
        return found + [one for one in held if one.key not in keys]

    def _cut_off(self):
        """Number up to which the host knows what was sold here."""
        return self.host.cut_off if self.host else 0

    # --- the rows

    def _pack(self, key, product, direction, age_s, paid_fen, about, unsaved):
        """A row; None for what has no place in one. about: (first, last, day, sums)"""
        first, last, day, sums = about
        values = {
            "key": key,
            "direction": direction,
            "base_ms": self.clock.ticks_ms(),
            "age_s": min(age_s, 0xFFFFFFFF),
            "paid_fen": min(paid_fen, MOST_FEN),
            "first": first,
            "last": last,
            "day": day,
            "unsaved": 1 if unsaved else 0,
        }
        for name, fen in zip(PERIODS, sums):
            values[name] = min(fen, MOST_FEN)
        try:
            values["product"] = padded(product)
            return fields.pack(ROW, values)
        except FormatError:
            return None

    def _rows_of(self, pan):
        """Rows of the cards of a number, newest last."""
        wanted = key_of(pan, 0)[:-1] if pan and self.rows else None
        return [fields.unpack(ROW, row) for row in self.rows if wanted and row.startswith(wanted)]

    def _row(self, key):
        packed = self._find(key)
        return None if packed is None else fields.unpack(ROW, packed)

    def _find(self, key):
        for packed in self.rows:
            if packed.startswith(key):
                return packed
        return None

    def _drop(self, key):
        packed = self._find(key)
        if packed is not None:
            self.rows.remove(packed)

    def _put(self, key, packed):
        self.rows[self.rows.index(self._find(key))] = packed

    def _forget(self):
        """One row less: the oldest that the bank holds, else the oldest."""
        for packed in self.rows if self.bank else ():
            if not packed[-1]:
                self.rows.remove(packed)
                return
        self.rows.pop(0)
        self.forgotten += 1

    def _today(self):
        """Day number, None where the clock says nothing."""
        if not self.trusted():
            return None
        at = calendar.moment(self.clock.local_now())
        return at[0] if at else None


def _date(digits):
    """Day number of YYMMDD; None for a day that is none."""
    year, month, day = 2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:])
    return calendar.day_number(year, month, day) if calendar.is_day(year, month, day) else None


def _paid(row):
    """Paid of a row."""
    return Paid(row["key"], row["first"], row["last"], row["day"], [row[name] for name in PERIODS])
