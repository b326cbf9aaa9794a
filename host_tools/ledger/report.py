# SPDX-License-Identifier: Apache-2.0
"""The report of a day: what each device did, service by service, down to the record.

| what         | amount is                                                       |
|--------------|-----------------------------------------------------------------|
| sale         | money to clear; these add up to the settlement of the day       |
| stamped      | 0: an entry, a ride on a pass, a stay within its free minutes   |
| frozen       | what cards hold frozen: no money (QX-052)                       |
| pending ..   | may have been taken; likewise the settlement's; a torn freeze   |
|              | is `pending freeze`, and what it may hold                       |
| paid cash    | taken by hand for a sale                                        |
| refund cash  | given back by hand: in no total                                 |
| refused, let through, event | 0, with their reasons; where they are asked for  |

`service` is the rule that made a price, of other rows the reason. `detail` is the class that paid,
of a toll lane the class of the vehicle. `less_fen` is what was paid less than the full price: a
subsidy, a concession, a transfer. `quantity` is what a pump or a kiosk of meters has sold, in
`unit`. Rows are settled with their day as all money is (settlement.py).
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from firmware.capp import layouts
from firmware.capp.meter import METERS
from firmware.devices.fuel_fills import FILL
from firmware.errors import FormatError
from firmware.formats import extension, fields, record
from host_tools.ledger import reading, settlement
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.schema import COUNTS, RECORDS

BY = ("terminal", "line", "stop", "shift")
SALE, STAMPED, FROZEN = "sale", "stamped", "frozen"
WHAT = {
    record.APPROVED: SALE,
    record.STAMPED: STAMPED,
    record.PREAUTHORISED: FROZEN,
    record.PENDING: "pending",
    record.DEBITED_REFUSED: "refund due",
    record.DEBITED_UNPROVEN: "unproven",
    record.REFUSED: "refused",
}
DOUBTFUL = ("pending", "refund due", "unproven")
CASH = {"paid_cash": "paid cash", "refund_cash": "refund cash"}  # events with an amount
MONEY = (SALE, STAMPED, FROZEN, *DOUBTFUL, *(one + " freeze" for one in DOUBTFUL), *CASH.values())
PRICED = (SALE, STAMPED)
LITRES = ("ml", "g")  # by `unit` of a fill
UNITS = {"water": "0.01 m3", "power": "0.01 kWh", "gas": "0.01 m3"}


class Service(NamedTuple):
    """A line of the report; `of`: by the columns that were asked for."""

    of: tuple
    device: str
    what: str
    service: str
    detail: str
    taps: int
    amount_fen: int
    less_fen: int
    quantity: int
    unit: str


def services(
    ledger: Ledger,
    day: int,
    devices: tuple[str, ...] = (),
    by: tuple[str, ...] = (),
    everything: bool = False,
) -> list[Service]:
    """Lines of a business day, of `devices` where some are named, in groups by columns of BY.

    everything: refused taps and events without money too.
    """
    found: dict[tuple, list[int]] = {}
    for terminal, values in settled(ledger, day, devices):
        what = what_of(values)
        if not what or (what not in MONEY and not everything):
            continue
        values["terminal"] = terminal
        quantity, unit = _quantity(values) if what in PRICED else (0, "")
        detail = DETAILS.get(values["device"], _class)(values)
        service = values["rule"] or ("fare" if what in PRICED else "")
        if what not in MONEY:
            service = values["reason"].partition(" ")[0]
        of = tuple(values[name] for name in by)
        place = (of, values["device"], what, service, detail, unit)
        row = found.setdefault(place, [0, 0, 0, 0])
        less_fen = values["full_fare_fen"] - values["amount_fen"]
        fen = values["amount_fen"] if what in MONEY else 0
        more = (1, fen, max(0, less_fen) if what in PRICED else 0, quantity)
        for at, value in enumerate(more):
            row[at] += value
    order = {what: at for at, what in enumerate(MONEY)}
    lines = []
    for (of, device, what, service, detail, unit), row in found.items():
        taps, fen, less_fen, quantity = row
        line = (of, device, what, service, detail, taps, fen, less_fen, quantity, unit)
        lines.append(Service(*line))
    return sorted(lines, key=lambda one: (*one[:2], order.get(one.what, len(order)), *one[2:5]))


def settled(ledger: Ledger, day: int, devices: tuple[str, ...] = ()) -> Iterator[tuple[int, dict]]:
    """(terminal, record dict) of the rows that count on a business day. WITH FULL CARD NUMBERS."""
    conditions = [settlement.within(day, day), RECORDS.c.mark == COUNTS]
    if devices:
        conditions.append(RECORDS.c.device.in_(devices))
    for terminal, _, raw in ledger.unsealed(*conditions):
        values = whole(reading.unpacked(raw))
        if values["kind"] == record.APPROVED and _freezes(values):
            values["amount_fen"] = 0  # as the ledger counts it (entry.py): frozen is not taken
        yield terminal, values


def whole(values: dict) -> dict:
    """A record of an older version with the fields of a trade, as they are left empty."""
    return {"rule": "", "direction": 0, "reference": 0, "trade_data": b"", **values}


def what_of(values: dict) -> str:
    """A word of the table above, "" for a tap that was taken back."""
    kind = values["kind"]
    if kind == record.EVENT:
        word = values["reason"].partition(" ")[0]
        return CASH.get(word) or ("let through" if values["pan"] else "event")
    what = WHAT.get(kind, "")
    return what + " freeze" if what in DOUBTFUL and _freezes(values) else what


def disagreements(
    ledger: Ledger, day: int, lines: list[Service], devices: tuple[str, ...] = ()
) -> list[str]:
    """Sentences about devices whose lines do not add up to the settlement of the day; `devices` as
    they were asked for.
    """
    cleared = {one.of[0]: one for one in settlement.totals(ledger, day, ("device",))}
    faults = []
    for device in sorted(set(devices) or {*cleared, *(one.device for one in lines)}):
        mine = [one for one in lines if one.device == device]
        total = cleared.get(device) or settlement.Total((device,), 0, 0, 0, 0, 0, 0, 0, 0)
        for what, taps, fen in (
            (SALE, total.sales, total.sales_fen),
            ("pending", total.pending, total.pending_fen),
            ("refund due", total.refund_due, total.refund_due_fen),
            ("unproven", total.unproven, total.unproven_fen),
        ):
            own = [one for one in mine if one.what.removesuffix(" freeze") == what]
            said_fen = sum(one.amount_fen for one in own if one.what == what)
            if (sum(one.taps for one in own), said_fen) != (taps, fen):
                faults.append(f"{device}, {what}: {said_fen} fen here, {fen} settled")
    return faults


def _freezes(values: dict) -> bool:
    try:
        told = extension.of(values)
    except FormatError:
        return False
    return bool(told) and told["kind"] == extension.PREAUTHORISATION


def _class(values: dict) -> str:
    return values["fare_class"]


def _vehicle(values: dict) -> str:
    return f"class {values['reference']}" if values["reference"] else values["fare_class"]


DETAILS: dict[str, Callable[[dict], str]] = {"toll": _vehicle}


def _quantity(values: dict) -> tuple[int, str]:
    """(how much of a good a sale was, in what), (0, "") where it was none."""
    try:
        if values["device"] == "fuel" and values["trade_data"]:
            fill = fields.unpack(FILL, values["trade_data"])
            return fill["quantity"], LITRES[fill["unit"]]
        if values["device"] == "utilities" and values.get("extension"):
            (after,) = [one[3] for one in extension.of(values)["changes"]][:1]
            bought = layouts.read(layouts.METER, after)
            return bought["units"], UNITS[METERS[bought["meter_kind"] - 1]]
    except (FormatError, IndexError, ValueError):
        pass
    return 0, ""
