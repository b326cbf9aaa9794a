# SPDX-License-Identifier: Apache-2.0
"""What a fare table says and nobody can have meant, though each key of it is right.

Rules are (table, day of the check or None) -> (is error, key, sentence).
"""

from collections.abc import Iterator
from datetime import date, timedelta

from host_tools.fares.model import FareTable, Product

Said = Iterator[tuple[bool, str, str]]
LEAST_FEN = 10  # a price below is yuan where fen were wanted
MOST_BALANCE_FEN = 100000  # of electronic cash
DAY_MIN = 1440


def prices_of(one: Product) -> list[int]:
    """Single prices of a product as they stand, not of a stay."""
    found = [cell for line in one.matrix for cell in line if cell is not None]
    found += [step.fen for step in one.steps]
    return found + ([one.fen] if one.fen is not None else [])


def _products(table: FareTable, _: date | None) -> Said:
    if not table.products:
        yield True, "products", "the table sells nothing: write a [products.NAME]"
    for one in table.products:
        key, prices = "products." + one.word, prices_of(one)
        if prices and max(prices) == 0:
            yield False, key, "costs nothing, whoever rides"
        low = [fen for fen in prices if 0 < fen < LEAST_FEN]
        if low:
            yield False, key, "a price of %d fen: 2 yuan is written 200" % low[0]
        most_fen = max(prices, default=0)
        if one.least_balance_fen > MOST_BALANCE_FEN:
            text = "no card holds %d fen: nobody is let in" % one.least_balance_fen
            yield True, key + ".least_balance_fen", text
        elif prices and one.least_balance_fen > most_fen:
            text = "%d fen, and the dearest trip costs %d: cards that could pay are turned away"
            yield False, key + ".least_balance_fen", text % (one.least_balance_fen, most_fen)
        if one.stay and one.stay.free_min >= DAY_MIN:
            yield False, key + ".free_minutes", "a day and more is free: is it minutes?"
        for window in one.stay.windows if one.stay else ():
            if window.cap_fen is not None and window.cap_fen < max(
                window.first_fen, window.step_fen
            ):
                text = "a cap of %d fen is below the price of one block" % window.cap_fen
                yield False, key + ".windows", text


def _caps(table: FareTable, _: date | None) -> Said:
    """Caps are kept where a ride is sold: by the products that are named as lines are."""
    rides = [(one.word, prices_of(one)) for one in table.products if one.word.isdigit()]
    by_class: dict[str | None, dict[str, int]] = {}
    for one in table.caps:
        by_class.setdefault(one.card_class, {}).setdefault(one.period, one.fen)
        for word, prices in rides:
            least_fen = min((fen for fen in prices if fen), default=0)
            if one.fen < least_fen:
                text = "%d fen for a %s is less than one ride on %s, %d: nobody ever pays its fare"
                yield True, "caps", text % (one.fen, one.period, word, least_fen)
                break
    for caps in by_class.values():
        for shorter, longer in (("day", "week"), ("day", "month"), ("week", "month")):
            if shorter in caps and longer in caps and caps[longer] < caps[shorter]:
                text = "a %s costs at most %d fen and a %s %d: the %s cap never counts"
                about = (longer, caps[longer], shorter, caps[shorter], shorter)
                yield True, "caps", text % about


def _transfers(table: FareTable, _: date | None) -> Said:
    for number, one in enumerate(table.transfers):
        to = [p for p in table.products if not one.to_groups or p.group in one.to_groups]
        most_fen = max([fen for product in to for fen in prices_of(product)], default=0)
        if one.change.how == "less" and to and one.change.value > most_fen:
            text = (
                "takes off %d fen, more than any ride costs (%d): the ride is free, nothing is "
                "given back; write `free = true` if it is meant"
            )
            yield True, "transfers[%d].less_fen" % number, text % (one.change.value, most_fen)
        if one.within_min > DAY_MIN:
            text = "%d minutes: terminals remember a boarding for a day" % one.within_min
            yield False, "transfers[%d].within_minutes" % number, text


def _parties(table: FareTable, _: date | None) -> Said:
    most = max((one.most_riders for one in table.products), default=1)
    for number, one in enumerate(table.parties):
        if one.least > most:
            text = "never applies: no product sells to more than %d riders at once" % most
            yield False, "parties[%d].riders" % number, text


def _dates(table: FareTable, on: date | None) -> Said:
    begins = table.effective.date()
    if on and begins < on:
        text = "lies %d days back: the table counts as soon as a terminal has it"
        yield False, "effective", text % (on - begins).days
    if on and begins > on + timedelta(days=366):
        yield False, "effective", "is more than a year ahead"
    told = [day for day, kind in table.days if kind == "holiday"]
    wanted = [band.name for band in table.bands if set(band.days) != ALL_DAYS]
    ends = begins + timedelta(days=366)
    if wanted and not any(begins <= day <= ends for day in told):
        text = "names no holiday in the year from %s: band %s takes Spring Festival for any week"
        yield False, "days.holidays", text % (begins, wanted[0])


ALL_DAYS = {"workday", "weekend", "holiday"}
RULES = (_products, _caps, _transfers, _parties, _dates)
