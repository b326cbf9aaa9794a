# SPDX-License-Identifier: Apache-2.0
"""What a taxi must agree on at the end of a day: trips and shifts of meter and journal.

The meter's side is what sim/meter.py has counted by itself: its tariff, its answers.
"""

from collections import Counter, namedtuple

from firmware.devices import taxi_shift, trips
from firmware.formats import record
from firmware.neighbours import jtt905
from firmware.neighbours.meter import KEYED

# since: datetime of the sign-in; totals: (trips, jiao, card trips, card jiao)
Shift = namedtuple("Shift", ("since", "totals"))

BY_CARD, BY_CASH, UNPAID, NOTHING = "by card", "in cash", "unpaid", "nothing"
SAID = {trips.PAID: BY_CARD, trips.BY_CASH: BY_CASH, trips.CANCELLED: UNPAID}


def taxi_balance(ended, shifts, records, is_told=True):
    """(facts, faults). ended: [sim.meter.Ended]; records: dicts, oldest first; is_told: the
    framing tells the meter how a trip was paid.
    """
    seen, keyed = _by_trip(records)
    faults = []
    ways: Counter = Counter()
    for trip in ended:
        way, fen = seen.pop(trip.number, (None, 0))
        told = _told(trip)
        ways[way] += 1
        if way is None:
            faults.append(f"trip {trip.number} of the meter does not end in the journal")
        elif fen != 10 * trip.amount_jiao:
            faults.append(f"trip {trip.number}: {trip.amount_jiao} jiao are {fen} fen")
        elif told == NOTHING or (is_told and way != told):
            faults.append(f"trip {trip.number} was {way}, the meter heard {told}")
    faults += [f"trip {number} of the journal is none of the meter's" for number in sorted(seen)]
    facts = {
        "trips of the meter": len(ended),
        "  paid by card": ways[BY_CARD],
        "  in cash": ways[BY_CASH],
        "  unpaid": ways[UNPAID],
        "yuan on the meter": _yuan(ended),
        "  of it by card": _yuan([one for one in ended if _told(one) == BY_CARD]),
    }
    if keyed:
        facts["trips by hand, no meter"] = keyed
    return facts | _shift_facts(shifts, records, faults, is_told), faults


def _yuan(ended):
    return f"{sum(one.amount_jiao for one in ended) / 10:.2f}"


def _told(trip):
    """What the meter has heard of a trip."""
    if trip.refused or trip.paid_by is None:
        return UNPAID if trip.refused else NOTHING
    return BY_CASH if trip.paid_by == jtt905.CASH else BY_CARD


def _by_trip(records):
    """({number: (way, fen)} of the meter's trips, how many were keyed)."""
    seen, keyed = {}, 0
    for values in records:
        way = SAID.get(trips.verdict_of(values) or "")
        trip = trips.trip_of(values) if way else None
        if trip and trip.source == KEYED:
            keyed += 1
        elif trip:
            seen[trip.number] = (way, trip.amount_fen)
    return seen, keyed


def _shift_facts(shifts, records, faults, is_told):
    """A line a shift that was closed; what differs goes to the faults. A meter that is not told
    of cards counts trips and their sum alone.
    """
    closed = [
        taxi_shift.unpack(values["trade_data"])
        for values in records
        if values["kind"] == record.EVENT and values["reason"] == "shift_closed"
    ]
    if len(closed) != len(shifts):
        faults.append(f"{len(shifts)} shifts of the meter, {len(closed)} in the journal")
    facts = {}
    for number, (shift, told) in enumerate(zip(shifts, closed, strict=False), 1):
        count, jiao, cards, card_jiao = shift.totals
        wanted = (count, 10 * jiao, cards, 10 * card_jiao)
        ours, meters, complete = told
        names = [name for name, _ in taxi_shift.METER_TOTALS][: 4 if is_told else 2]
        wanted = wanted[: len(names)]
        if tuple(ours[name] for name in names) != wanted or not complete:
            faults.append(f"shift {number}: the meter counted {wanted}, the terminal {ours}")
        if meters and tuple(meters[name] for name in names) != wanted:
            faults.append(f"shift {number}: what the meter sent was not understood: {meters}")
        facts[f"shift {number}, trips / yuan / of it by card"] = (
            f"{count} / {jiao / 10:.2f} / {card_jiao / 10:.2f}"
        )
    return facts
