# SPDX-License-Identifier: Apache-2.0
"""The trip of a taxi between its end at the meter and its payment; the journal alone remembers it.

A trip that ends is written as the event `trip_due`, and what becomes of it is a record behind that
one, of the same number and the same beginning. So its state after a power cut is read, not guessed
(TD-053), and a trip that the meter sends again is known however it ended:

    due         to be paid, by a card, in cash, or cancelled: until then it stays (TD-050)
    torn        a card's debit is open; nothing else may pay meanwhile
    unclear     nobody knows whether a card has paid: the driver decides
    left        the next trip has begun: no card that comes now is this rider's
    paid, cash, cancelled, late     over
"""

from firmware.errors import FormatError, JournalFull
from firmware.formats import record
from firmware.neighbours.jtt905 import CASH, CPU_CARD
from firmware.neighbours.meter import BY_BF, BY_JTT905, KEYED, Payment, Trip

DUE, TORN, UNCLEAR, LEFT = "due", "torn", "unclear", "left"
PAID, BY_CASH, CANCELLED, LATE = "paid", "cash", "cancelled", "late"
OVER = (PAID, BY_CASH, CANCELLED, LATE)
LOOK_BACK = 1000  # records; the meter keeps no trip for longer than some shifts

OF_EVENT = (
    ("trip_due", DUE),
    ("trip_resumed", DUE),
    ("trip_left", LEFT),
    ("trip_cash", BY_CASH),
    ("trip_free", BY_CASH),
    ("trip_late", LATE),
)
OF_KIND = (
    (record.APPROVED, PAID),
    (record.PENDING, UNCLEAR),
    (record.DEBITED_UNPROVEN, UNCLEAR),
)
ON_AT = {KEYED: 0, BY_JTT905: 41, BY_BF: 35}  # where `on` stands in a body
MASKED_DIGIT = "e"


def data_of(trip):
    """trade_data of the records of a trip (docs/formats.md)."""
    return bytes((trip.source,)) + trip.body


def trip_of(values):
    """Trip of a record; None when it is none."""
    data = values["trade_data"]
    at = ON_AT.get(data[0]) if data else None
    if at is None or len(data) < at + 6:
        return None
    on = bytes(data[1 + at : 6 + at])
    return Trip(values["reference"], on, values["amount_fen"], data[0], bytes(data[1:]))


def is_of(values, trip):
    """True for a record of this trip: a meter may begin its numbers anew, not at the same time."""
    data = values["trade_data"]
    if values["reference"] != trip.number or not data or data[0] != trip.source:
        return False
    at = 1 + ON_AT[trip.source]
    return bytes(data[at : at + 5]) == trip.on


def verdict_of(values):
    """State that a record gives to its trip; None where it changes nothing (a refused card, a void
    debit, one that was refused after the debit: the trip is still to be paid).
    """
    if values["kind"] != record.EVENT:
        return dict(OF_KIND).get(values["kind"])
    if values["reason"].startswith("trip_cancelled"):
        return CANCELLED
    return dict(OF_EVENT).get(values["reason"])


def payment_of(values):
    """Payment of a sale's record: what the meter writes down about the card (docs/formats.md).

    The number is masked: six digits, E for each hidden one, four digits (TD-023).
    """
    digits = record.pan_digits(values["pan"])
    hidden = max(0, len(digits) - 10)
    text = digits[:6] + MASKED_DIGIT * hidden + digits[6 + hidden :]
    text += "f" * (20 - len(text))
    card = bytes.fromhex(text) + values["atc"].to_bytes(2, "big") + values["tc"]
    return Payment(CPU_CARD, card + values["balance_fen"].to_bytes(4, "big"))


class Trips:
    """The trip at hand."""

    def __init__(self, house, note):
        """note(reason, trip) writes an event about a trip, durable; JournalFull raised by it."""
        self.journal = house.journal
        self.torn_taps = house.torn_taps
        self.note = note
        self.current = None  # Trip that is not over
        self.state = ""
        self.seen = None  # open torn taps when the state was found

    def restore(self):
        """After a start: the last trip, if it is not over."""
        for _, values in self.records():
            if values["kind"] == record.EVENT and values["reason"] == "trip_due":
                self.current = trip_of(values)
                break
        if self.current and self.refresh() in OVER:
            self.current = None

    def find(self, trip):
        """(state, record dict) of what the journal says last about a trip; ("", None): nothing."""
        for _, values in self.records(trip.on):
            if is_of(values, trip):
                verdict = verdict_of(values)
                if verdict:
                    return verdict, values
        return "", None

    def refresh(self):
        """State of the trip at hand, as the journal has it."""
        self.seen = tuple([one.sequence for one in self.torn_taps.open])
        # nothing found: so many cards were refused since that its record was overwritten
        before = UNCLEAR if self.state == TORN else self.state
        self.state = self.find(self.current)[0] or before
        if self.state not in OVER and self._is_torn():
            self.state = TORN
        return self.state

    def has_moved(self):
        """True when a debit was opened or settled since the state was read."""
        return self.seen != tuple([one.sequence for one in self.torn_taps.open])

    def take(self, trip):
        """A trip has ended: it is due from here on, durable; False when it cannot be written."""
        return self._write("trip_due" if trip.amount_fen else "trip_free", trip)

    def change(self, reason):
        """Write what became of the trip at hand; False when it cannot be written."""
        return self._write(reason, self.current)

    def late(self, trip):
        """A trip that nobody here has seen end is kept; its rider is gone."""
        try:
            self.note("trip_late", trip)
        except JournalFull:
            return False
        return True

    def _write(self, reason, trip):
        try:
            self.note(reason, trip)
        except JournalFull:
            return False
        self.current = trip
        self.refresh()
        return True

    def _is_torn(self):
        for entry in tuple(self.torn_taps.open):
            values = self.torn_taps.load(entry)
            if values and is_of(values, self.current):
                return True
        return False

    def records(self, holding=b""):
        """(sequence, record dict) newest first, of those whose bytes hold `holding`."""
        count = 0
        for sequence, data in self.journal.backwards():
            count += 1
            if count > LOOK_BACK:
                return
            if data.find(holding) < 0:
                continue
            try:
                yield sequence, record.unpack(data)
            except FormatError:
                continue


def rule_of(trip):
    """`rule` of the record: a keyed amount bears its mark (TD-050)."""
    return "keyed" if trip.source == KEYED else "meter"


def cash():
    """Payment of a trip that was paid in cash."""
    return Payment(CASH, b"")
