# SPDX-License-Identifier: Apache-2.0
"""What every taximeter says and is told, whatever its framing: the words between meter_KIND.py and
devices/taxi.py.

A meter_KIND.py has make(text) -> link (text: `meter_kind` of the settings), a protocol object of
line.py (feed, outgoing) with

    beats                           True where it is heard of at least each few seconds
    silent                          True when nothing was heard for more than three of them
    permit(what, ok)                answer to "sign_in" or "sign_out"
    stored(what, ok)                answer to "signed_in" or "shift"
    settle(trip, result, payment)   answer to "trip" and "trip_again": SETTLED, UNPAID or FAILED;
                                    payment: Payment, None unless it is SETTLED
    details(trip)                   what the body says, by the names of jtt905.TRIP

Events are pairs (word, value):

| word | value |
|---|---|
| sign_in, sign_out | None: the driver wants to begin or to end a shift at the meter |
| signed_in | None: the shift has begun |
| shift | Totals of the shift that has ended, None where they could not be read |
| hired, vacant | None: a trip has begun; the flag is up again |
| state | State, each heartbeat |
| trip | Trip that has ended: the meter waits for an answer, and asks again without one |
| trip_again | Trip that was not delivered when it ended |
| bad_trip | None: a trip that cannot be read; it was refused |
| silent, heard | None: TD-055 |
| told | text about the meter, for the log |
"""

from collections import namedtuple

from firmware.errors import FormatError

# First byte of trade_data: where the amount comes from (docs/formats.md).
KEYED, BY_JTT905, BY_BF = 0, 1, 2

# SETTLED: stored and paid, or nothing is to be paid here; UNPAID: stored, nobody will pay it;
# FAILED: not stored
SETTLED, UNPAID, FAILED = "settled", "unpaid", "failed"

# number: of the meter; on: 5 bytes of when it began, by which two trips of one number differ;
# source: one of the above; body: as the meter sent it
Trip = namedtuple("Trip", ("number", "on", "amount_fen", "source", "body"))
# paid_by: pay type of JT/T 905; card: bytes for the meter's log, b"" for none
Payment = namedtuple("Payment", ("pay_type", "card"))
Totals = namedtuple("Totals", ("trips", "amount_fen", "card_trips", "card_fen"))
State = namedtuple("State", ("hired", "signed_in", "forced_on", "forced_off"))

MAX_QUEUED = 768  # bytes waiting for a line; the oldest frames go first, the meter asks again


class Queue:
    """Frames on their way out; never more than MAX_QUEUED bytes."""

    def __init__(self):
        self.frames = []

    def put(self, frame):
        """At the end."""
        self.frames.append(frame)
        while sum([len(one) for one in self.frames]) > MAX_QUEUED:
            self.frames.pop(0)

    def take(self):
        """All of them."""
        data = b"".join(self.frames)
        self.frames = []
        return data


def options_of(text, known):
    """Dict of the options of a `meter_kind: KIND name=value ..`; known: dict of their defaults.

    FormatError for an option that this kind of meter does not have.
    """
    found = dict(known)
    for one in text.split()[1:]:
        name, equal, value = one.partition("=")
        if not equal or not value or name not in known:
            said = "`meter_kind: %s`: `%s` is none of %s" % (text, one, ", ".join(sorted(known)))
            raise FormatError(said)
        found[name] = value
    return found


def driver_number(driver):
    """The last digits of a certificate, at most nine, as a number; 0 where it has none."""
    digits = ""
    for byte in bytes(driver).rstrip(b"\0 "):
        digits = digits + chr(byte) if 0x30 <= byte <= 0x39 else ""
    return int(digits[-9:] or "0")
