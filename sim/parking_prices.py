# SPDX-License-Identifier: Apache-2.0
"""What a stay in a car park costs, told by the tariff's own text: the second opinion of the stage.

    prices = Prices(tomllib.loads(text)["products"]["car"])
    prices.at(came, left)                   fen

Written from docs/fares.md, without the engine of the firmware: datetimes, block by block.
"""

from datetime import datetime, timedelta

LEAVE_MIN = 15  # where the tariff names none
DRIFT_S = 5  # a stay is so much shorter (`drift_s`)
ASKED_S = 6  # from the tap's moment to its result; the clocks of two lanes differ by one more


class Prices:
    """One product of kind `time`; free minutes that are not deducted."""

    def __init__(self, told):
        self.free = timedelta(minutes=told.get("free_minutes", 0))
        self.leave = timedelta(minutes=told.get("leave_minutes", LEAVE_MIN))
        self.lost_fen = told["lost_fen"]
        self.cap_fen = told.get("cap_fen")
        self.windows = told["windows"]

    def at(self, came, left):
        """Fen of a stay between two datetimes."""
        length = left - came - timedelta(seconds=DRIFT_S)
        if length <= self.free:
            return 0
        total, day = 0, timedelta(days=1)
        for number in range(length // day + 1):
            rest = min(day, length - number * day)
            fen = self._period(came, rest, number == 0)
            total += fen if self.cap_fen is None else min(fen, self.cap_fen)
        return total

    def possible(self, came, told, paid_fen=0):
        """Fen that a tap may have asked for, whose result came at the moment `told`."""
        lengths = [told - timedelta(seconds=one) for one in range(-1, ASKED_S + 1)]
        return {max(0, self.at(came, one) - paid_fen) for one in lengths}

    def _period(self, came, length, first):
        """The blocks that begin within `length` of the moment of coming."""
        moment, fen, spent = came, 0, {}
        while moment < came + length:
            number = next(n for n, one in enumerate(self.windows) if _holds(one["times"], moment))
            window = self.windows[number]
            starts_day = first and moment == came and "first_minutes" in window
            minutes = window["first_minutes"] if starts_day else window["step_minutes"]
            block = window["first_fen"] if starts_day else window["step_fen"]
            key = number, _begun(window["times"], moment)
            if "cap_fen" in window:
                block = min(block, window["cap_fen"] - spent.get(key, 0))
            spent[key] = spent.get(key, 0) + block
            fen += block
            moment += timedelta(minutes=minutes)
        return fen


def _edges(times, moment):
    """Datetimes of this day at which a window begins and ends."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    minutes = [int(one[:2]) * 60 + int(one[3:]) for one in times.split("-")]
    return [midnight + timedelta(minutes=one) for one in minutes]


def _holds(times, moment: datetime):
    """True when the moment lies in the window."""
    begins, ends = _edges(times, moment)
    if begins < ends:
        return begins <= moment < ends
    return moment >= begins or moment < ends


def _begun(times, moment):
    """When the window that holds the moment has begun."""
    begins, _ = _edges(times, moment)
    return begins if begins <= moment else begins - timedelta(days=1)
