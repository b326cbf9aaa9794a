# SPDX-License-Identifier: Apache-2.0
"""Makes the bytes for a terminal of a fare table: names become numbers (layout.py)."""

from datetime import date
from typing import Any

from firmware.errors import FormatError
from firmware.fares import layout
from host_tools.fares.model import Change, FareTable, Product, Stay

EPOCH = date(2000, 1, 1)
MOST_GROUPS = 250


def build(table: FareTable) -> bytes:
    """The payload. FormatError for names that are not there and what has no room."""
    names = Names(table)
    sections: dict[str, list[dict]] = {name: [] for name, _ in layout.SECTIONS}
    for one in sorted(table.products, key=lambda one: layout.padded(one.word)):
        sections["products"].append(_product(one, names, sections))
    sections["classes"] = [{"name": layout.padded(one.name)} for one in table.classes]
    sections["ranges"] = sorted(
        (
            {"low": low, "high": high, "class": names.card_class(one.name, "classes")}
            for one in table.classes
            for low, high in one.ranges
        ),
        key=lambda row: row["low"],
    )
    sections["bands"] = _bands(table, names)
    sections["discounts"] = _discounts(table, names)
    sections["transfers"] = _transfers(table, names)
    sections["caps"] = [
        {
            "class": layout.ANY
            if one.card_class is None
            else names.card_class(one.card_class, "caps"),
            "period": layout.PERIODS.index(one.period),
            "fen": one.fen,
        }
        for one in table.caps
    ]
    parties = sorted(table.parties, key=lambda one: -one.least)
    sections["parties"] = [{"least": one.least, "percent": one.percent} for one in parties]
    sections["days"] = [
        {"day": (day - EPOCH).days, "kind": layout.DAYS.index(kind)} for day, kind in table.days
    ]
    head = {
        "version": table.version,
        "effective": table.effective.strftime("%Y%m%d%H%M%S"),
        "ceiling_fen": table.ceiling_fen,
        "round_fen": table.round_fen,
        "drift_s": table.drift_s,
    }
    return layout.pack_table(head, sections)


class Names:
    """Numbers of the names of a table, by their order in it."""

    def __init__(self, table: FareTable):
        self.groups = list(dict.fromkeys(one.group for one in table.products))
        self.classes = [one.name for one in table.classes]
        self.bands = [one.name for one in table.bands]
        if len(self.groups) > MOST_GROUPS or len(self.bands) > MOST_GROUPS:
            raise FormatError("more than %d groups of products, or bands" % MOST_GROUPS)

    def group(self, name: str, where: str) -> int:
        return _number(self.groups, name, where, "no product is in the group")

    def card_class(self, name: str, where: str) -> int:
        return _number(self.classes, name, where, "[classes] does not name")

    def band(self, name: str | None, where: str) -> int:
        if name in (None, "outside"):
            return layout.ANY if name is None else layout.OUTSIDE
        return _number(self.bands, str(name), where, "[bands] does not name")

    def of_groups(self, wanted: tuple[str, ...], where: str) -> list[int]:
        """Numbers, ANY alone for all."""
        return [self.group(one, where) for one in wanted] or [layout.ANY]


def _number(names: list[str], name: str, where: str, fault: str) -> int:
    if name not in names:
        known = ", ".join(names) or "none"
        raise FormatError("`%s`: %s %r; there are: %s" % (where, fault, name, known))
    return names.index(name)


def _fen(value: int | None) -> int:
    return layout.NO_FEN if value is None else value


def _change(change: Change) -> dict[str, int]:
    return {"how": layout.CHANGES.index(change.how), "value": change.value}


def _product(one: Product, names: Names, sections: dict[str, list[dict]]) -> dict[str, Any]:
    row = {
        "word": layout.padded(one.word),
        "kind": layout.KINDS.index(one.kind),
        "group": names.group(one.group, "products"),
        "fen": _fen(one.fen),
        "most_fen": _fen(one.most_fen),
        "least_balance_fen": one.least_balance_fen,
        "most_riders": one.most_riders,
        "first_place": len(sections["places"]),
        "places": len(one.places),
        "first_price": 0,
        "prices": 0,
    }
    sections["places"] += [{"stop": stop, "value": value} for stop, value in sorted(one.places)]
    if one.matrix:
        row["first_price"], row["prices"] = len(sections["cells"]), len(one.matrix)
        sections["cells"] += [{"fen": _fen(fen)} for line in one.matrix for fen in line]
    if one.steps:
        row["first_price"], row["prices"] = len(sections["steps"]), len(one.steps)
        sections["steps"] += [vars(step) for step in one.steps]
    if one.stay:
        row["first_price"], row["prices"] = len(sections["stays"]), 1
        sections["stays"].append(_stay(one.stay, sections["windows"]))
    return row


def _stay(stay: Stay, windows: list[dict]) -> dict[str, int]:
    row = {
        "free_min": stay.free_min,
        "deducted": int(stay.free_deducted),
        "leave_min": stay.leave_min,
        "lost_fen": stay.lost_fen,
        "cap_fen": _fen(stay.cap_fen),
        "first_window": len(windows),
        "windows": len(stay.windows),
    }
    windows += [dict(vars(one), cap_fen=_fen(one.cap_fen)) for one in stay.windows]
    return row


def _bands(table: FareTable, names: Names) -> list[dict]:
    return [
        {
            "band": names.band(one.name, "bands"),
            "group": group,
            "days": sum(1 << layout.DAYS.index(day) for day in set(one.days)),
            "from_min": from_min,
            "to_min": to_min,
            **_change(one.change),
        }
        for one in table.bands
        for group in names.of_groups(one.groups, "bands." + one.name)
        for from_min, to_min in one.times
    ]


def _discounts(table: FareTable, names: Names) -> list[dict]:
    return [
        {
            "class": names.card_class(one.card_class, "discounts"),
            "group": group,
            "band": names.band(one.band, "discounts"),
            **_change(one.change),
        }
        for one in table.discounts
        for group in names.of_groups(one.groups, "discounts")
    ]


def _transfers(table: FareTable, names: Names) -> list[dict]:
    return [
        {
            "from_group": before,
            "to_group": after,
            "within_min": one.within_min,
            "same": int(one.same),
            **_change(one.change),
        }
        for one in table.transfers
        for before in names.of_groups(one.from_groups, "transfers.from")
        for after in names.of_groups(one.to_groups, "transfers.to")
    ]
