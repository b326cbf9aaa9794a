# SPDX-License-Identifier: Apache-2.0
"""What makes a price lower or higher: class of the card, band of the day, transfer, cap, group.

Prices travel here in PARTS of a fen, so that three changes by per cent are exact and the one
rounding is the last step.
"""

from firmware.errors import FormatError
from firmware.fares import calendar, layout

PARTS = 1000000  # of a fen: per cent, three times
NO_CLASS = layout.ANY
DIGITS = 12  # of a card number, by which its class is found


def class_of(table, pan):
    """Number of the class whose range holds a card number; NO_CLASS. UIDs give no discount."""
    if not pan:
        return NO_CLASS
    digits = (pan + "0" * DIGITS)[:DIGITS]
    row = table.last_up_to("ranges", "low", digits, 0, table.counts["ranges"])
    return row["class"] if row and digits <= row["high"] else NO_CLASS


def bands_at(table, group, when, trusted):
    """Rows of the bands that may hold at a moment, None among them for "outside all bands".

    More than one near an edge and all of them where the clock says nothing: the caller takes the
    one that is cheapest for the rider (TD-008).
    """
    at = calendar.moment(when) if trusted else None
    if at is None:
        return [None] + [row for row in table.rows("bands") if _is_of(row, group)]
    found = []
    for seconds in (0, -table.drift_s, table.drift_s):
        band = _band(table, group, calendar.shifted(at, seconds))
        if band not in found:
            found.append(band)
    return found


def _band(table, group, at):
    day, second = at
    bit = 0
    for row in table.rows("bands"):
        if not (_is_of(row, group) and row["from_min"] * 60 <= second < row["to_min"] * 60):
            continue
        bit = bit or 1 << table.day_kind(day)
        if row["days"] & bit:
            return row
    return None


def _is_of(row, group):
    return row["group"] in (layout.ANY, group)


def changed(parts, how, value, paid_fen=0):
    """A price in PARTS behind one change; FormatError for a change that is none."""
    if how == layout.PERCENT:
        return parts * value // 100
    if how == layout.LESS:
        return max(0, parts - value * PARTS)
    if how == layout.MORE:
        return parts + value * PARTS
    if how == layout.PRICE:
        return min(parts, value * PARTS)
    if how == layout.CREDIT:
        return max(0, parts - paid_fen * PARTS)
    raise FormatError("no change has the number %d" % how)


def for_class(table, parts, number, group, band):
    """Less for a class, never more."""
    if number == NO_CLASS:
        return parts
    places = (layout.ANY, layout.OUTSIDE if band is None else band["band"])
    for row in table.rows("discounts"):
        if row["class"] == number and _is_of(row, group) and row["band"] in places:
            return min(parts, changed(parts, row["how"], row["value"]))
    return parts


def for_band(parts, band):
    """More or less by the time of day."""
    return parts if band is None else changed(parts, band["how"], band["value"])


def for_transfer(table, parts, trip, group):
    """Less for who has just paid elsewhere, never more."""
    last = trip.last
    before = table.product(last.product) if last and last.minutes_ago >= 0 else None
    if before is None:
        return parts
    same = last.product == trip.product and last.direction == trip.direction
    for row in table.rows("transfers"):
        fits = row["from_group"] in (layout.ANY, before["group"])
        fits = fits and row["to_group"] in (layout.ANY, group)
        if fits and last.minutes_ago <= row["within_min"] and (row["same"] or not same):
            return min(parts, changed(parts, row["how"], row["value"], last.paid_fen))
    return parts


def for_caps(table, parts, number, spent):
    """No more than is left of the caps of day, week and month; spent: fen of each, or None."""
    if spent is None:
        return parts
    seen = []
    for row in table.rows("caps"):
        period = row["period"]
        if row["class"] in (layout.ANY, number) and period not in seen:
            if period >= len(layout.PERIODS):
                raise FormatError("no period has the number %d" % period)
            seen.append(period)
            parts = min(parts, max(0, row["fen"] - spent[period]) * PARTS)
    return parts


def for_party(table, parts, riders):
    """Less for many riders by one tap, never more."""
    for row in table.rows("parties"):
        if riders >= row["least"]:
            return parts * min(100, row["percent"]) // 100
    return parts
