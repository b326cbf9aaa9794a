# SPDX-License-Identifier: Apache-2.0
"""A taxi driver's shift: what the journal says of it, against what the meter says (TD-054).

Nothing is counted as it happens: the totals are those of the records since `shift_open`, so they
are right after every power cut. A shift longer than the journal is said to be incomplete.
"""

from firmware.devices import receipt, trips
from firmware.formats import record
from firmware.neighbours.meter import KEYED

# trade_data of `shift_closed`, big-endian: name and bytes (docs/formats.md)
TOTALS = (
    ("trips", 2),
    ("amount_fen", 4),
    ("card_trips", 2),
    ("card_fen", 4),
    ("cash_trips", 2),
    ("cash_fen", 4),
    ("unpaid_trips", 2),
    ("unpaid_fen", 4),
    ("keyed_trips", 2),
    ("keyed_fen", 4),
)
METER_TOTALS = (("trips", 2), ("amount_fen", 4), ("card_trips", 2), ("card_fen", 4))
METER_READ, COMPLETE = 1, 2  # flags, the last byte
MOST_LISTED = 24  # unpaid trips named in a report
BEGIN = ("trip_due", "trip_free", "trip_late")
WORDS = ((trips.PAID, "card"), (trips.BY_CASH, "cash"))


class Shift:
    """Totals of the shift at hand: `totals` by the names of TOTALS, `unpaid` as (trip number,
    amount_fen, state), newest first, `complete` where the beginning of the shift was found.

    Trips whose amount was keyed stand in their own totals alone: the meter does not know of them.
    """

    def __init__(self, records):
        """records: (sequence, record dict), newest first."""
        self.totals = {name: 0 for name, _ in TOTALS}
        self.unpaid = []
        self.complete = False
        settled = {}  # (number, beginning, source) -> its newest state
        for _, values in records:
            if values["kind"] == record.EVENT and values["reason"] == "shift_open":
                self.complete = True
                break
            self._count(values, settled)

    def _count(self, values, settled):
        verdict = trips.verdict_of(values)
        trip = trips.trip_of(values) if verdict else None
        if not trip:
            return
        key = (trip.number, trip.on, trip.source)
        if key not in settled:
            settled[key] = verdict
        if values["kind"] != record.EVENT or values["reason"] not in BEGIN:
            return
        state = settled.pop(key)
        word = dict(WORDS).get(state, "unpaid")
        if word == "unpaid" and len(self.unpaid) < MOST_LISTED:
            self.unpaid.append((trip.number, trip.amount_fen, state))
        if trip.source == KEYED:
            self._add("keyed_trips", "keyed_fen", trip)
            return
        self._add("trips", "amount_fen", trip)
        self._add(word + "_trips", word + "_fen", trip)

    def _add(self, count, amount, trip):
        self.totals[count] += 1
        self.totals[amount] += trip.amount_fen

    def has_trips(self):
        """True when any trip ended in it."""
        return bool(self.totals["trips"] or self.totals["keyed_trips"])

    def differences(self, meter):
        """Dict of what the meter counted otherwise: name -> meter's minus ours; {} where both
        agree; None where the meter's totals could not be read.
        """
        if meter is None:
            return None
        found = {}
        for name, _ in METER_TOTALS:
            more = getattr(meter, name) - self.totals[name]
            if more:
                found[name] = more
        return found

    def pack(self, meter):
        """trade_data of `shift_closed`; what does not fit its bytes stands as the largest."""
        parts = [_number(self.totals[name], size) for name, size in TOTALS]
        for name, size in METER_TOTALS:
            parts.append(_number(getattr(meter, name) if meter else 0, size))
        flags = (METER_READ if meter else 0) | (COMPLETE if self.complete else 0)
        return b"".join(parts) + bytes((flags,))


def close(taxi, meter):
    """Write the shift of a Taxi down and print it; False where it cannot be stored."""
    shift = taxi.shift()
    if not taxi.event("shift_closed", shift.pack(meter)):
        return False
    show(taxi, shift, meter)
    taxi.tell("signed out")
    return True


def show(taxi, shift, meter):
    """Print a shift; meter: Totals, None where they are not known."""
    lines, differs = receipt.report(shift, meter), shift.differences(meter)
    event = {"event": "shift", "lines": lines, "totals": shift.totals, "differs": differs}
    taxi.print_lines(event)


def unpack(data):
    """(own totals dict, meter totals dict or None, complete) of a `shift_closed`; None when the
    bytes are none.
    """
    sizes = sum([size for _, size in TOTALS + METER_TOTALS])
    if len(data) != sizes + 1:
        return None
    at, both = 0, []
    for table in (TOTALS, METER_TOTALS):
        values = {}
        for name, size in table:
            values[name] = int.from_bytes(data[at : at + size], "big")
            at += size
        both.append(values)
    return both[0], both[1] if data[at] & METER_READ else None, bool(data[at] & COMPLETE)


def _number(value, size):
    return min(value, (1 << 8 * size) - 1).to_bytes(size, "big")
