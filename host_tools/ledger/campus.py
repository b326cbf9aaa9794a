# SPDX-License-Identifier: Apache-2.0
"""What an employer or a school asks the ledger: subsidies to be billed, and who was there.

A subsidy is what a sale cost less than its full price, by the class that its record names; rows
are settled with their day as all money is (settlement.py). A presence is made of the EVENT records
of readers without a debit: in and out by their direction, whichever terminal wrote them.
"""

from collections.abc import Iterator
from typing import NamedTuple

from firmware.formats import record
from host_tools.ledger import days, settlement
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.schema import COUNTS, RECORDS

CANTEEN = "canteen"
IN, OUT = 1, 2  # directions of a record
# reasons of the events that say who was there
CAME = ("came_in", "came_late", "went_out", "left_early", "access_granted")


class Subsidy(NamedTuple):
    """What one class is to be billed for; in fen, full less paid is the subsidy."""

    fare_class: str
    cards: int
    meals: int
    full_fen: int
    paid_fen: int
    subsidy_fen: int


def subsidies(ledger: Ledger, first: int, last: int, device: str = CANTEEN) -> list[Subsidy]:
    """Rows of the classes that paid less, of sales settled from `first` to `last`, both within."""
    cards: dict[str, set] = {}
    sums: dict[str, list[int]] = {}
    for values in _sales(ledger, first, last, device):
        if values["amount_fen"] >= values["full_fare_fen"]:
            continue
        name = values["fare_class"]
        cards.setdefault(name, set()).add(values["pan"])
        row = sums.setdefault(name, [0, 0, 0])
        row[0] += 1
        row[1] += values["full_fare_fen"]
        row[2] += values["amount_fen"]
    return [
        Subsidy(name, len(cards[name]), meals, full_fen, paid_fen, full_fen - paid_fen)
        for name, (meals, full_fen, paid_fen) in sorted(sums.items())
    ]


def _sales(ledger: Ledger, first: int, last: int, device: str) -> Iterator[dict]:
    conditions = (
        settlement.within(first, last),
        RECORDS.c.kind == record.APPROVED,
        RECORDS.c.mark == COUNTS,
        RECORDS.c.device == device,
    )
    for _, _, raw in ledger.unsealed(*conditions):
        yield record.unpack(raw)


class Presence(NamedTuple):
    """One card on one day, as HH:MM; state: left, open (nobody saw it go) or no entry."""

    card: str
    first_in: str
    last_out: str
    inside_min: int
    taps: int
    late_min: int
    early_min: int
    state: str


def attendance(ledger: Ledger, day: int, terminals: tuple[int, ...] = ()) -> list[Presence]:
    """Who was there on a business day, by the readers `terminals`, all where none is named.

    A stay belongs to the day on which it began, also where it ended on the next one; a way out
    without a way in stands by itself.
    """
    first, last = days.shifted(day, -1), days.shifted(day, 1)
    cards: dict[bytes, list[tuple[int, dict]]] = {}
    for at, values in _events(ledger, first, last, terminals):
        cards.setdefault(values["pan"], []).append((at, values))
    found = []
    for pan, events in cards.items():
        events.sort(key=lambda one: one[1]["time_utc_s"])
        mine = [stay for stay in _stays(events) if stay[0] == day]
        if mine:
            found.append(_presence(record.mask_pan(pan), mine))
    return sorted(found, key=lambda one: (one.first_in or one.last_out, one.card))


def _events(
    ledger: Ledger, first: int, last: int, terminals: tuple[int, ...]
) -> Iterator[tuple[int, dict]]:
    """(business day, record dict)."""
    conditions = [
        RECORDS.c.business_day.between(first, last),
        RECORDS.c.kind == record.EVENT,
        RECORDS.c.reason.in_(CAME),
    ]
    if terminals:
        conditions.append(RECORDS.c.terminal.in_(terminals))
    for _, _, raw in ledger.unsealed(*conditions):
        values = record.unpack(raw)
        day = days.of_local(values["date"], values["time"][:2], ledger.calendar.cut_hour)
        if day:
            yield day, values


def _stays(events: list[tuple[int, dict]]) -> Iterator[tuple[int, dict | None, dict | None]]:
    """(day, way in, way out) one behind the other; None for what nobody saw."""
    came: tuple[int, dict] | None = None
    for day, values in events:
        if values["direction"] == IN:
            if came:
                yield (*came, None)
            came = (day, values)
        elif came:
            yield (*came, values)
            came = None
        else:
            yield day, None, values
    if came:
        yield (*came, None)


def _presence(card: str, stays: list[tuple[int, dict | None, dict | None]]) -> Presence:
    ins = [one for _, one, _ in stays if one]
    outs = [one for _, _, one in stays if one]
    whole = [(one, other) for _, one, other in stays if one and other]
    seconds = sum(other["time_utc_s"] - one["time_utc_s"] for one, other in whole)
    is_open = stays[-1][2] is None
    state = "open" if is_open else "left" if ins else "no entry"
    return Presence(
        card,
        _clock(ins[0]) if ins else "",
        "" if is_open or not outs else _clock(outs[-1]),
        seconds // 60,
        len(ins) + len(outs),
        _minutes(ins[0]) if ins else 0,
        0 if is_open or not outs else _minutes(outs[-1]),
        state,
    )


def _clock(values: dict) -> str:
    return f"{values['time'][:2]}:{values['time'][2:4]}"


def _minutes(values: dict) -> int:
    """Minutes late or early that a record tells of (attendance.py)."""
    data = values["trade_data"]
    return int.from_bytes(data[1:3], "big") if len(data) == 3 and data[:1] == b"\x01" else 0
