# SPDX-License-Identifier: Apache-2.0
"""Rules of trips that a card remembers: pure functions of the fields that layouts.py has read.

No rule asks a clock: `now` is the local moment of the tap, one that stands still until its end. A
rule answers a word, "" where nothing keeps the card from going on; what it wants written it says
as a dict of fields. A stamp that names no moment, or one that lies ahead by more than `ahead_s`
(clocks of two gates differ), counts for nothing and refuses the card: `stamp_bad`, `stamp_ahead`.
"""

from collections import namedtuple

from firmware.capp.layouts import CLOSED, DEDUCTION, INSIDE, PAID
from firmware.fares import calendar

# Where a tap happens. number: that the record of this tap will have
Here = namedtuple("Here", ("city", "operator", "line", "place", "gate", "number"))

# What an operator decides; seconds, and words. grace_s: the same gate is tried again within it
# (QX-042); ahead_s: by so much may another gate's clock be ahead; longest_s: a trip that lasts
# longer is overtime; turn_s: who leaves where he came in within it is not charged; exit_missing:
# refuse, forget; entry_missing: refuse, most, free; overtime: refuse, most, fare; same_place:
# fare, free
Rules = namedtuple(
    "Rules",
    (
        "grace_s", "ahead_s", "longest_s", "turn_s", "exit_missing", "entry_missing", "overtime",
        "same_place",
    ),
)  # fmt: skip
DEFAULT = Rules(120, 60, 4 * 3600, 900, "forget", "most", "most", "free")

# How an exit is priced: by the fare table from where to where, at its most, or not at all
BY_TRIP, AT_MOST, FREE = "trip", "most", "free"


def seconds_since(then, now):
    """Seconds between two local moments, None where one of them does not exist."""
    began = calendar.moment(then) if then else None
    ended = calendar.moment(now)
    return None if began is None or ended is None else calendar.seconds_between(began, ended)


def head_fault(values, kind=DEDUCTION):
    """Why a record must not be used at all (JR/T 0025.14 B.1, QX-012)."""
    if values["valid"] != 1:
        return "record_invalid"
    if values["locked"] != 0:
        return "record_locked"
    return "" if values["kind"] == kind else "record_foreign"


def stamp_fault(then, now, rules):
    """Why a moment on the card cannot be believed (capp.md E)."""
    passed_s = seconds_since(then, now)
    if passed_s is None:
        return "stamp_bad"
    return "stamp_ahead" if passed_s < -rules.ahead_s else ""


def _just_now(values, side, here, now, rules):
    """True when this very gate wrote that side's stamp a moment ago (QX-042)."""
    passed_s = seconds_since(values[side + "_time"], now)
    own = values[side + "_gate"] == here.gate
    return own and passed_s is not None and -rules.ahead_s <= passed_s <= rules.grace_s


def has_left(values, now, rules=DEFAULT):
    """True for who was stamped out a moment ago, by whatever gate and whatever clock: nobody gets
    out of another ride in so short a time. He may have been charged there and not let through.
    """
    if values["state"] != CLOSED:
        return False
    passed_s = seconds_since(values["exit_time"], now)
    return passed_s is not None and passed_s <= rules.grace_s


def entry(values, here, now, rules=DEFAULT):
    """Word for a card at an entry: "", `re_entry` who is let through, or why not (QX-043)."""
    if values["state"] not in (INSIDE, PAID):
        return ""
    fault = stamp_fault(values["entry_time"], now, rules)
    if fault == "stamp_ahead":
        return fault
    if not fault and _just_now(values, "entry", here, now, rules):
        return "re_entry"
    return "exit_missing" if rules.exit_missing == "refuse" else ""


def leaving(values, here, now, rules=DEFAULT):
    """(word, how it is priced) for a card at an exit (QX-045); word as of entry()."""
    if values["state"] != INSIDE:
        if values["state"] == CLOSED and _just_now(values, "exit", here, now, rules):
            return "re_exit", FREE
        if rules.entry_missing == "most" and has_left(values, now, rules):
            return "entry_missing", FREE  # paid, though that gate may not know it yet (QX-042)
        if rules.entry_missing == "refuse":
            return "entry_missing", FREE
        return "", FREE if rules.entry_missing == "free" else AT_MOST
    fault = stamp_fault(values["entry_time"], now, rules)
    if fault:
        return fault, FREE
    passed_s = seconds_since(values["entry_time"], now)
    at_once = values["entry_place"] == here.place and passed_s <= rules.turn_s
    if at_once and rules.same_place == "free":
        return "", FREE
    if passed_s <= rules.longest_s or rules.overtime == "fare":
        return "", BY_TRIP
    return ("overtime", FREE) if rules.overtime == "refuse" else ("", AT_MOST)


def is_foreign(values, here):
    """True for an open trip of another city: its places are none of ours."""
    is_open = values["state"] in (INSIDE, PAID)
    return is_open and values.get("city", here.city) != here.city


def entered(here, now, tac=bytes(4)):
    """Fields of an entry's stamp; those of the exit stay as they were (QX-044)."""
    return {
        "state": INSIDE, "city": here.city, "operator": here.operator, "layout": 1,
        "entry_time": now, "entry_line": here.line, "entry_place": here.place,
        "entry_gate": here.gate, "entry_number": here.number, "entry_tac": tac,
    }  # fmt: skip


def left(here, now, amount_fen, tac=bytes(4)):
    """Fields of an exit's stamp; those of the entry stay as they were (QX-046)."""
    return {
        "state": CLOSED, "exit_time": now, "exit_line": here.line, "exit_place": here.place,
        "exit_gate": here.gate, "exit_number": here.number, "exit_tac": tac,
        "amount_fen": amount_fen,
    }  # fmt: skip


def is_adjusted(values):
    """True for a trip that a fare adjustment kiosk began: it stamped both sides with one record,
    which no gate does.
    """
    begun = (values["entry_gate"], values["entry_number"])
    stamped_twice = begun == (values["exit_gate"], values["exit_number"])
    return values["state"] == INSIDE and values["entry_number"] != 0 and stamped_twice


def deactivated():
    """Fields that take a record out of use (QX-048)."""
    return {"valid": 0}


def transfer(rides, line, now, within_s, most, rules=DEFAULT):
    """The ride that this one goes on from, None where the full price is due (QX-062, QX-063).

    rides: dicts of the cyclic file, newest first, as many as the rule looks back; most: transfers
    behind one full fare. The newest of another line within `within_s` counts, unless it or one
    behind it was the last transfer of its fare.
    """
    for ride in rides:
        passed_s = seconds_since(ride["time"], now)
        if passed_s is None or passed_s > within_s or passed_s < -rules.ahead_s:
            continue
        if ride.get("transfers", 0) >= most:
            return None  # an older ride is that fare's too
        if ride["line"] != line:
            return ride
    return None
