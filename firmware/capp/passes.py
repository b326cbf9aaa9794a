# SPDX-License-Identifier: Apache-2.0
"""Rules of a pass in a card's record: a number of rides, or as many as its days hold (E.2.1)."""

from firmware.capp.layouts import DAYS, RIDES
from firmware.capp.trip import DEFAULT, seconds_since, stamp_fault
from firmware.fares.calendar import DAY_S


def ride(values, now, rules=DEFAULT):
    """(word, amount in fen, fields to write) of one ride on a pass (QX-066, QX-067).

    Of RIDES each costs its share, the last one what is left of the price, so that all together
    cost the price; of DAYS the first use in each period costs the price, the others nothing.
    """
    today = now[0] * 10000 + now[1] * 100 + now[2]
    if today < values["from_day"]:
        return "pass_early", 0, {}
    if today > values["until_day"]:
        return "pass_expired", 0, {}
    if values["used"] and stamp_fault(values["last_time"], now, rules):
        return stamp_fault(values["last_time"], now, rules), 0, {}
    if values["pass_kind"] == RIDES:
        return _one_of(values, now)
    if values["pass_kind"] == DAYS:
        return _one_in_period(values, now)
    return "pass_unknown", 0, {}


def _one_of(values, now):
    rides, used = values["rides"], values["used"]
    if used >= rides:
        return "pass_used_up", 0, {}
    share_fen = values["price_fen"] // rides
    last = used + 1 == rides
    amount_fen = values["price_fen"] - share_fen * (rides - 1) if last else share_fen
    return "", amount_fen, _used(values, now, not used, used + 1)


def _one_in_period(values, now):
    passed_s = seconds_since(values["first_time"], now) if values["used"] else None
    length_s = values["period_days"] * DAY_S
    if passed_s is None or length_s and passed_s >= length_s:
        return "", values["price_fen"], _used(values, now, True, 1)
    return "", 0, _used(values, now, False, min(0xFFFF, values["used"] + 1))


def _used(values, now, first, used):
    fields = {"used": used, "last_time": now}
    if first:
        fields["first_time"] = now
    return fields
