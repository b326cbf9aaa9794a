# SPDX-License-Identifier: Apache-2.0
"""What a taxi does when its meter says something: a function an event of meter.py.

A trip that has ended is written down, and locked until it is paid, before the meter hears of it.
"""

from firmware.devices import trips
from firmware.devices.panel import yuan
from firmware.neighbours import meter


def hear(taxi, word, value):
    """One event of the meter; what no taxi minds is passed over."""
    take = TAKES.get(word)
    if take:
        take(taxi, value)


def _sign_in(taxi, _):
    taxi.link.permit("sign_in", True)


def _signed_in(taxi, _):
    if taxi.signed_in and taxi.shift().has_trips():
        taxi.close_shift(None)  # the meter has closed it while nobody listened
    taxi.link.stored("signed_in", taxi.signed_in or taxi.open_shift())


def _sign_out(taxi, _):
    ok = taxi.trips.current is None  # a trip that is open would have no shift
    if not ok:
        taxi.tell("sign-out refused: trip %d is open" % taxi.trips.current.number)
    taxi.link.permit("sign_out", ok)


def _shift(taxi, totals):
    # told twice, it was closed the first time
    taxi.link.stored("shift", not taxi.signed_in or taxi.close_shift(totals))


def _state(taxi, state):
    taxi.driver = meter.driver_number(taxi.link.driver) or taxi.settings.driver
    if state.signed_in and not taxi.signed_in:
        taxi.open_shift()  # at a meter that was signed in before we came up
    if state.forced_off:
        taxi.tell("meter: forced off")  # TD-057: what is running goes on


def _hired(taxi, _):
    """The next rider: what is open is not his, and no card pays it now (TD-050)."""
    taxi.hired = True
    if taxi.trips.state in (trips.DUE, trips.TORN) and taxi.trips.current:
        number = taxi.trips.current.number
        if taxi.trips.change("trip_left"):
            taxi.tell("trip %d was left unpaid" % number)


def _vacant(taxi, _):
    taxi.hired = False


def _trip(taxi, trip):
    """A trip has ended, or is asked about again (TD-053)."""
    taxi.hired = False
    open_trip = taxi.trips.current
    if open_trip:
        same = (open_trip.number, open_trip.on) == (trip.number, trip.on)
        if not same:
            taxi.tell("trip %d waits for trip %d" % (trip.number, open_trip.number))
        elif open_trip.amount_fen != trip.amount_fen:
            taxi.tell("trip %d: another amount is not taken" % trip.number)  # TD-050
        return  # no answer: the meter asks again
    if taxi.answered(trip):
        return
    if not taxi.signed_in:
        taxi.tell("trip %d: nobody is signed in" % trip.number)  # TD-054
    if not taxi.trips.take(trip):
        taxi.link.settle(trip, meter.FAILED, None)  # TD-053: FF, it could not be stored
        taxi.tell("trip %d could not be stored" % trip.number)
    elif taxi.trips.state in trips.OVER:
        taxi.over(trip)
    else:
        taxi.tell("trip %d: %s" % (trip.number, yuan(trip.amount_fen)))


def _trip_again(taxi, trip):
    """F2: what was not delivered when it ended. Its rider is gone: kept, never charged."""
    open_trip = taxi.trips.current
    if open_trip and (open_trip.number, open_trip.on) == (trip.number, trip.on):
        return
    if not taxi.answered(trip):
        kept = taxi.trips.late(trip)
        taxi.link.settle(trip, meter.SETTLED if kept else meter.FAILED, None)


def _bad_trip(taxi, _):
    taxi.tell("a trip that cannot be read: key it in, or send it again")


def _silent(taxi, _):
    taxi.tell("meter is silent")


def _heard(taxi, _):
    taxi.tell("meter is there")


def _told(taxi, text):
    taxi.tell("meter: %s" % text)


TAKES = {
    "sign_in": _sign_in,
    "signed_in": _signed_in,
    "sign_out": _sign_out,
    "shift": _shift,
    "state": _state,
    "hired": _hired,
    "vacant": _vacant,
    "trip": _trip,
    "trip_again": _trip_again,
    "bad_trip": _bad_trip,
    "silent": _silent,
    "heard": _heard,
    "told": _told,
}
