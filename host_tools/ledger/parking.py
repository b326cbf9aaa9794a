# SPDX-License-Identifier: Apache-2.0
"""Car parks: takings by lane and pay station, and stays. Who is still inside: parking_inside.py.

Stays lie in the lanes' store or on the card (docs/devices.md); both make the same lines. A store's
lane writes a free read at the entry, and the entry it knows into the record of whoever leaves or
pays; on a card the images before and after say it. A car is known by its card, and a car park by
the `line` of its terminals.

What records cannot tell: who left by hand, or with another card; what lanes did whose records have
not come. A lost entry in the store is the attendant's where he was signed on, keyed or not.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from firmware.capp import layouts
from firmware.devices.lane_store import BODY, WIDE, unpack_entry
from firmware.errors import FormatError
from firmware.formats import extension, record
from host_tools.ledger import days, reading, report, settlement
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.schema import COUNTS, RECORDS

PARKING = "parking"
NOTED = "entry_noted"
ENTRY, EXIT, PAY = "entry", "exit", "pay"
ROLES = {0: PAY, 1: ENTRY, 2: EXIT}  # by the direction of a record
LOST, KEYED = "lost entry", "entry keyed"
PASS, REST = "pass", "rest of a stay"
# rule of a price, or reason of who was let go for nothing -> service
SERVICES = {
    "entry": ENTRY, NOTED: ENTRY, "time": "stay", "rest": REST, "lost": LOST, "keyed": KEYED,
    "free_exit": "nothing due", "prepaid": "paid before", "month": PASS, "pass": PASS,
    "pass_days": PASS, "pass_rides": PASS,
    "pass_valid": PASS, "re_entry": "let through again", "stay_asked": "price asked",
}  # fmt: skip
LEFT = ("free_exit", "pass_valid", "prepaid")  # events of who drove out for nothing
WHOLE = (report.SALE, report.STAMPED)
LENGTHS = ((60, "up to 1 h"), (240, "1-4 h"), (1440, "4-24 h"), (1 << 31, "over 24 h"))
UNKNOWN = "unknown"
OF_PARKING = (RECORDS.c.device == PARKING, RECORDS.c.mark == COUNTS)
GONE = (record.APPROVED, record.STAMPED, record.EVENT)
BACK_DAYS = 31  # that a payment or an entry is looked for before the day


class Lane(NamedTuple):
    """What one lane or pay station took; `attendant`: who was signed on, of what he decides."""

    lane: str
    terminal: int
    what: str
    service: str
    attendant: int
    cars: int
    amount_fen: int
    less_fen: int


class Stay(NamedTuple):
    """A car that left; `came` and `left` local, to the minute, "" not known; minutes -1 likewise.

    before_fen: paid at pay stations; amount_fen: at the exit.
    """

    card: str
    how: str
    entry_lane: int
    came: str
    exit_lane: int
    terminal: int
    sequence: int
    left: str
    minutes: int
    before_fen: int
    amount_fen: int


def lanes(ledger: Ledger, day: int) -> list[Lane]:
    """Lines of a business day; those of `sale` add up to its settlement."""
    found: dict[tuple, list[int]] = {}
    for terminal, values in report.settled(ledger, day, (PARKING,)):
        what = report.what_of(values)
        if not what or what == "event":
            continue
        service = _service(what, values)
        role = ROLES.get(values["direction"], PAY)
        attendant = values["driver"] if service in (LOST, KEYED) else 0
        place = (f"{role} {values['stop']}", terminal, what, service, attendant)
        row = found.setdefault(place, [0, 0, 0])
        row[0] += 1
        if what in report.MONEY:
            row[1] += values["amount_fen"]
        if what in WHOLE:
            row[2] += max(0, values["full_fare_fen"] - values["amount_fen"])
    return [Lane(*place, *row) for place, row in sorted(found.items())]


def stays(ledger: Ledger, day: int) -> list[Stay]:
    """Cars that left on a business day, as they went."""
    rows = []
    conditions = (settlement.within(day, day), *OF_PARKING, RECORDS.c.kind.in_(GONE))
    for terminal, sequence, values in taps(ledger, *conditions):
        if has_left(values):
            rows.append((terminal, sequence, values))
    paid = _payments(ledger, day) if any(_entry_of(one[2])[0] for one in rows) else {}
    made = [_stay(*one, paid) for one in rows]
    return sorted(made, key=lambda one: (one.left, one.terminal, one.sequence))


def lengths(found: list[Stay]) -> list[dict]:
    """Stays by how long they were: cars, and what they paid in all."""
    sums: dict[str, list[int]] = {}
    for one in found:
        row = sums.setdefault(length_of(one.minutes), [0, 0])
        row[0] += 1
        row[1] += one.before_fen + one.amount_fen
    order = [word for _, word in LENGTHS] + [UNKNOWN]
    return [
        {"length": word, "cars": sums[word][0], "paid_fen": sums[word][1]}
        for word in order if word in sums
    ]  # fmt: skip


def length_of(minutes: int) -> str:
    """Word of LENGTHS."""
    if minutes < 0:
        return UNKNOWN
    return next(word for most, word in LENGTHS if minutes <= most)


def taps(ledger: Ledger, *conditions: sa.ColumnElement[bool]) -> Iterator[tuple[int, int, dict]]:
    """(terminal, number, record dict) of rows. WITH FULL CARD NUMBERS."""
    for terminal, sequence, raw in ledger.unsealed(*conditions):
        yield terminal, sequence, report.whole(reading.unpacked(raw))


def _service(what: str, values: dict) -> str:
    """Word for what a lane did."""
    if what == "refused":
        return values["reason"].partition(" ")[0]
    word = values["rule"] if what in report.MONEY else values["reason"]
    if what in WHOLE and values["direction"] == 1 and word != ENTRY:
        return f"{ENTRY}, {word}" if word else ENTRY  # a pass that does not hold
    service = SERVICES.get(word, word or "stay")
    if service != "stay" or what not in WHOLE:
        return service
    if values["direction"] == 2 and _before(values) and not _entry_of(values)[0]:
        return LOST
    return service if values["amount_fen"] else "nothing due"


def has_left(values: dict) -> bool:
    """True of a tap behind which the car was out."""
    if values["direction"] != 2:
        return False
    return values["kind"] != record.EVENT or values["reason"] in LEFT


def _before(values: dict) -> dict:
    """Fields of the card's parking record before the tap, {} where it has none."""
    return _image(values, 2)


def _image(values: dict, at: int) -> dict:
    """Of the change of the parking record: 2 as it was, 3 as it was written."""
    sfi, _, _, layout = layouts.OWN[PARKING]
    try:
        told = extension.of(values)
        rows = [one for one in told["changes"] if one[0] == sfi] if told else []
        return layouts.read(layout, rows[0][at]) if rows else {}
    except FormatError:
        return {}


def _entry_of(values: dict) -> tuple[tuple, int]:
    """((moment ..), lane) of the entry that a record tells of; ((), 0) without one."""
    body = values["trade_data"]
    if len(body) in (BODY, WIDE):
        entry = unpack_entry(body)
        return entry.moment, entry.lane
    was = _before(values)
    if was and was["state"] in (layouts.INSIDE, layouts.PAID) and was["entry_time"]:
        return was["entry_time"], was["entry_place"]
    if values["rule"] == "keyed" and values["reference"]:
        digits = f"{values['reference']:010d}"
        parts = [int(digits[one : one + 2]) for one in range(0, 10, 2)]
        return (2000 + parts[0], *parts[1:], 0), 0
    return (), 0


def _payments(ledger: Ledger, day: int) -> dict[bytes, int]:
    """Fen paid at pay stations for an entry of the store, by what names it."""
    since = RECORDS.c.business_day.between(days.shifted(day, -BACK_DAYS), day)
    found: dict[bytes, int] = {}
    approved = RECORDS.c.kind == record.APPROVED
    for _, _, values in taps(ledger, since, approved, *OF_PARKING):
        if len(values["trade_data"]) == WIDE:
            named = bytes(values["trade_data"][1:BODY])
            found[named] = found.get(named, 0) + values["amount_fen"]
    return found


def _stay(terminal: int, sequence: int, values: dict, paid: dict[bytes, int]) -> Stay:
    moment, lane = _entry_of(values)
    left = _moment(values["date"] + values["time"])
    came, minutes = None, -1
    if moment:
        try:
            came = datetime(*moment)
        except ValueError:
            came = None
    if came and left:
        minutes = max(0, int((left - came).total_seconds()) // 60)
    before_fen = paid.get(bytes(values["trade_data"][1:BODY]), 0)
    was = _before(values)
    if was and was["state"] == layouts.PAID:
        before_fen = was["amount_fen"]
    amount_fen = values["amount_fen"] if values["kind"] == record.APPROVED else 0
    how = _service(report.what_of(values), values)
    return Stay(
        record.mask_pan(values["pan"]) if values["pan"] else "", how, lane,
        f"{came:%Y-%m-%d %H:%M}" if came else "", values["stop"], terminal, sequence,
        f"{left:%Y-%m-%d %H:%M}" if left else "", minutes, before_fen, amount_fen,
    )  # fmt: skip


def _moment(digits: str) -> datetime | None:
    try:
        return datetime.strptime(digits, "%y%m%d%H%M%S")
    except ValueError:
        return None
