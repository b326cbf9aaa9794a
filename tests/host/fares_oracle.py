# SPDX-License-Identifier: Apache-2.0
"""A second fare engine, as naive as can be: fractions, datetimes, every second looked at.

It works on what the author of a table wrote (host_tools/fares/model.py) and shares nothing with
the engine of the terminals but the words of its answers.
"""

from datetime import datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from host_tools.fares.model import Band, Change, FareTable, Product, Stay


class Answer(NamedTuple):
    """None for the amount: not sold."""

    amount_fen: int | None
    full_fen: int
    fare_class: str


NOTHING = Answer(None, 0, "")


def price(table: FareTable, trip, ceiling_fen: int) -> Answer:
    """What the engine's price() has to answer."""
    product = next((one for one in table.products if one.word == trip.product), None)
    if product is None or not 1 <= trip.riders <= product.most_riders:
        return NOTHING
    base = base_fen(product, trip.origin, trip.destination)
    if base is None:
        return NOTHING
    bands = possible_bands(table, product.group, trip)
    return cheapest(table, product, base, trip, bands, ceiling_fen)


def stay(table: FareTable, word, began, ended, pan, spent, ceiling_fen, make_trip) -> Answer:
    """What the engine's stay() has to answer."""
    product = table.product(word)
    seconds = (datetime(*ended) - datetime(*began)).total_seconds() - table.drift_s
    base = stay_fen(product.stay, datetime(*began), max(0, int(seconds)))
    trip = make_trip(word, ended, pan=pan, spent=spent)
    return cheapest(table, product, base, trip, [None], ceiling_fen)


def base_fen(product: Product, origin: int, destination: int) -> int | None:
    if product.kind == "flat":
        return product.fen
    if product.kind == "time":
        return None
    places = dict(product.places)
    if origin not in places or destination not in places:
        return product.fen
    if product.matrix:
        return product.matrix[places[origin]][places[destination]]
    length = abs(places[origin] - places[destination])
    fen = product.steps[0].fen
    counted = product.steps[0]
    for step in product.steps:
        if length > step.over:
            fen, counted = step.fen, step
    beyond = counted.over
    while counted.every and beyond < length:
        beyond += counted.every
        fen += counted.more_fen
    return fen


def stay_fen(tariff: Stay, began: datetime, seconds: int) -> int:
    if seconds <= tariff.free_min * 60:
        return 0
    if tariff.free_deducted:
        began += timedelta(minutes=tariff.free_min)
        seconds -= tariff.free_min * 60
    total, past = 0, 0
    while past < seconds:
        length = min(24 * 3600, seconds - past)
        fen = one_day_fen(tariff, began + timedelta(seconds=past), length, past == 0)
        total += fen if tariff.cap_fen is None else min(fen, tariff.cap_fen)
        past += 24 * 3600
    return total


def one_day_fen(tariff: Stay, begun: datetime, seconds: int, is_first: bool) -> int:
    at, total, by_window = 0, 0, {}
    while at < seconds:
        now = begun + timedelta(seconds=at)
        window = next(one for one in tariff.windows if holds(one, now.hour * 60 + now.minute))
        since = now.replace(hour=window.from_min // 60, minute=window.from_min % 60, second=0)
        since = since if since <= now else since - timedelta(days=1)
        key = (window, max(since, begun))
        minutes, fen = window.step_min, window.step_fen
        if is_first and at == 0 and window.first_min:
            minutes, fen = window.first_min, window.first_fen
        paid = by_window.get(key, 0)
        by_window[key] = paid + fen
        if window.cap_fen is not None:
            by_window[key] = min(by_window[key], window.cap_fen)
        total += by_window[key] - paid
        at += minutes * 60
    return total


def holds(window, minute: int) -> bool:
    if window.from_min < window.to_min:
        return window.from_min <= minute < window.to_min
    return minute >= window.from_min or minute < window.to_min


def possible_bands(table: FareTable, group: str, trip) -> list[Band | None]:
    if not trip.trusted:
        mine = [one for one in table.bands if not one.groups or group in one.groups]
        return [None, *[one for one in mine for _ in one.times]]
    when = datetime(*trip.when)
    found: list[Band | None] = []
    for second in range(-table.drift_s, table.drift_s + 1):
        band = band_at(table, group, when + timedelta(seconds=second))
        if band not in found:
            found.append(band)
    return found


def band_at(table: FareTable, group: str, when: datetime) -> Band | None:
    kind = dict(table.days).get(when.date()) or ("weekend" if when.weekday() > 4 else "workday")
    minute = when.hour * 60 + when.minute
    for one in table.bands:
        if (not one.groups or group in one.groups) and kind in one.days:
            for from_min, to_min in one.times:
                if from_min <= minute < to_min:
                    return one
    return None


def cheapest(table, product, base, trip, bands, ceiling_fen) -> Answer:
    name = next(
        (
            one.name
            for one in table.classes
            for low, high in one.ranges
            if trip.pan and low <= (trip.pan + "0" * 12)[:12] <= high
        ),
        "adult",
    )
    answers = [with_band(table, product, base, trip, name, band) for band in bands]
    amount, full = min(answers)
    return NOTHING if amount > ceiling_fen else Answer(amount, full, name)


def changed(fen: Fraction, change: Change, paid_fen: int = 0) -> Fraction:
    return {
        "percent": fen * change.value / 100,
        "less": max(Fraction(0), fen - change.value),
        "more": fen + change.value,
        "price": min(fen, Fraction(change.value)),
        "credit": max(Fraction(0), fen - paid_fen),
    }[change.how]


def with_band(table, product, base, trip, name, band) -> tuple[int, int]:
    own = full = Fraction(base)
    for row in table.discounts:
        group_fits = not row.groups or product.group in row.groups
        inside = band.name if band else "outside"
        if row.card_class == name and group_fits and row.band in (None, inside):
            own = min(own, changed(own, row.change))
            break
    if band:
        own, full = changed(own, band.change), changed(full, band.change)
    own = after_transfer(table, product, trip, own)
    for period, spent in zip(("day", "week", "month"), trip.spent or (), strict=False):
        for cap in table.caps:
            if cap.period == period and cap.card_class in (None, name):
                own = min(own, max(Fraction(0), Fraction(cap.fen - spent)))
                break
    for most in (product.most_fen, table.ceiling_fen):
        if most is not None:
            own, full = min(own, Fraction(most)), min(full, Fraction(most))
    together = own + full * (trip.riders - 1)
    for party in sorted(table.parties, key=lambda one: one.least, reverse=True):
        if trip.riders >= party.least:
            together = together * party.percent / 100
            break
    return rounded(table, together), rounded(table, full * trip.riders)


def after_transfer(table, product, trip, own: Fraction) -> Fraction:
    before = next(
        (one for one in table.products if trip.last and one.word == trip.last.product), None
    )
    if before is None:
        return own
    same = (trip.last.product, trip.last.direction) == (trip.product, trip.direction)
    for row in table.transfers:
        fits = not row.from_groups or before.group in row.from_groups
        fits = fits and (not row.to_groups or product.group in row.to_groups)
        if fits and trip.last.minutes_ago <= row.within_min and (row.same or not same):
            return min(own, changed(own, row.change, trip.last.paid_fen))
    return own


def rounded(table, fen: Fraction) -> int:
    return int(fen / table.round_fen) * table.round_fen
