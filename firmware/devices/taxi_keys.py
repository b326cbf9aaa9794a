# SPDX-License-Identifier: Apache-2.0
"""Keys of a taxi driver: what the meter cannot know, and what to do where there is no meter.

| key | when | what it does |
|---|---|---|
| cash | trip due, left or unclear | the rider paid in cash |
| cancel 1..9 | likewise | nothing will be paid, for this reason; the meter hears FF |
| resume | trip left | the rider is still the same one: cards may pay again |
| amount YUAN | meter silent, no trip open, signed in | a trip by hand, marked `keyed` |
| on DRIVER, off | meter silent | a shift without the meter |
| receipt | | the last receipt once more |
| report | | the shift so far |

A meter of the older framing, which says nothing while nothing happens, counts as silent here. A
key at any other moment does nothing and says why.
"""

from firmware.devices import trips
from firmware.neighbours import meter
from firmware.neighbours.meter import Trip

DECIDABLE = (trips.DUE, trips.UNCLEAR, trips.LEFT)
MAX_REASON = 9

COMMANDS = """
cash||the rider has paid in cash
cancel|REASON:1..9|nothing will be paid; the meter is told
resume||still the same rider: cards may pay again
amount|FARE:yuan|a trip by hand, where no meter answers
on|DRIVER?:1..4294967295|sign in, where no meter answers
off||sign out, where no meter answers
receipt||the last receipt once more
report||the shift so far
"""  # of the console (neighbours/console.py)


def press(taxi, word, number):
    """(True where it was done, text for the driver)"""
    take = KEYS.get(word)
    return take(taxi, number) if take else (False, "unknown key")


def _alone(taxi):
    """True where no meter is heard, or none can be: the older framing has no heartbeat."""
    return taxi.link.silent or not taxi.link.beats


def _stored(ok, text):
    return ok, text if ok else "not stored: the journal is full"


def _decide(taxi, reason, message):
    trip = taxi.trips.current
    if not trip:
        return False, "no trip is open"
    taxi.trips.refresh()
    if taxi.trips.state not in DECIDABLE:
        return False, "wait: same card again, or until its time is over"
    if not taxi.trips.change(reason):
        return _stored(False, "")
    taxi.house.show(message, trip.amount_fen)
    taxi.over(trip)
    return True, "trip %d: %s" % (trip.number, reason)


def _cash(taxi, _):
    return _decide(taxi, "trip_cash", "trip_cash")


def _cancel(taxi, number):
    if not 1 <= number <= MAX_REASON:
        return False, "a reason from 1 to %d, please" % MAX_REASON
    return _decide(taxi, "trip_cancelled_%d" % number, "trip_cancelled")


def _resume(taxi, _):
    if not taxi.trips.current or taxi.trips.refresh() != trips.LEFT:
        return False, "no trip was left"
    return _stored(taxi.trips.change("trip_resumed"), "trip is due again")


def _amount(taxi, fen):
    """TD-050: by hand only where there is no meter to ask, and with its mark."""
    if not _alone(taxi):
        return False, "the meter works: its amount counts"
    if taxi.trips.current:
        return False, "trip %d is open" % taxi.trips.current.number
    if not taxi.signed_in:
        return False, "sign in first"
    if not 0 < fen <= taxi.parameters.ceiling_fen:
        return False, "no amount of a trip"
    date, time = taxi.house.stamp.digits()
    on = bytes.fromhex(date + time[:4])
    keyed = Trip(taxi.house.journal.next, on, fen, meter.KEYED, on)
    return _stored(taxi.trips.take(keyed), "trip is due")


def _on(taxi, number):
    if not _alone(taxi):
        return False, "sign in at the meter"
    if taxi.signed_in:
        return False, "signed in already"
    taxi.driver = number or taxi.driver
    return _stored(taxi.open_shift(), "signed in")


def _off(taxi, _):
    if not _alone(taxi):
        return False, "sign out at the meter"
    if not taxi.signed_in:
        return False, "nobody is signed in"
    if taxi.trips.current:
        return False, "trip %d is open" % taxi.trips.current.number
    return _stored(taxi.close_shift(None), "signed out")


def _receipt(taxi, _):
    if not taxi.last_receipt:
        return False, "no receipt yet"
    taxi.print_lines({"event": "receipt", "lines": taxi.last_receipt, "copy": True})
    return True, "printed"


def _report(taxi, _):
    taxi.part("taxi_shift").show(taxi, taxi.shift(), None)
    return True, "printed"


KEYS = {
    "cash": _cash,
    "cancel": _cancel,
    "resume": _resume,
    "amount": _amount,
    "on": _on,
    "off": _off,
    "receipt": _receipt,
    "report": _report,
}
