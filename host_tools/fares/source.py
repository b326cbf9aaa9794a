# SPDX-License-Identifier: Apache-2.0
"""Reads a fare table written in TOML (docs/fares.md). FormatError names key and line.

What stands here is whether a text says something; whether it makes sense is for lint.py.
"""

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

from firmware.errors import FormatError
from firmware.fares import layout
from host_tools.fares.keys import Keys
from host_tools.fares.model import (
    Band,
    Cap,
    CardClass,
    Change,
    Discount,
    FareTable,
    Party,
    Product,
    Stay,
    Step,
    Transfer,
    Window,
)
from host_tools.fares.places import of_toml

TOP_FEN = layout.NO_FEN - 1
TOP_U16, TOP_U32 = 0xFFFF, 0xFFFFFFFF
DAY_MIN = 1440
MOST_BYTES = 16 << 20
DIGITS = 12
WANTED_ROWS = "%d rows of %d, or a triangle of 1 to %d, are wanted; %d rows are there"
# key of a change, its word; the keys without an amount are flags
AMOUNTS = (
    ("percent", "percent"),
    ("less_fen", "less"),
    ("more_fen", "more"),
    ("price_fen", "price"),
)


def load(path: Path) -> FareTable:
    """Table of a file. FormatError, OSError."""
    if path.stat().st_size > MOST_BYTES:
        raise FormatError("%s: more than %d MB: no fare table" % (path, MOST_BYTES >> 20))
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")  # with the mark that some editors put in front
    except UnicodeDecodeError as wrong:
        line = data.count(b"\n", 0, wrong.start) + 1
        said = "%s:%d: not UTF-8 (GBK or UTF-16?); save it as UTF-8"
        raise FormatError(said % (path.name, line)) from wrong
    return parse(text, path.name)


def parse(text: str, name: str = "fares") -> FareTable:
    """Table of a text."""
    try:
        keys = Keys(tomllib.loads(text), "", name, text)
    except (tomllib.TOMLDecodeError, RecursionError) as wrong:
        line, what = of_toml(text, wrong)
        raise FormatError("%s%s: %s" % (name, ":%d" % line if line else "", what)) from wrong
    table = FareTable(
        version=keys.whole("version", TOP_U32, least=1),
        effective=keys.moment("effective"),
        ceiling_fen=keys.whole("ceiling_fen", TOP_FEN, least=1),
        round_fen=keys.whole("round_fen", TOP_U16, 1, least=1),
        drift_s=keys.whole("drift_s", layout.MOST_DRIFT_S, 5),
        classes=tuple(_class(word, one) for word, one in _classes(keys)),
        bands=tuple(_band(word, one) for word, one in keys.named("bands")),
        discounts=tuple(_discount(one) for one in keys.each("discounts")),
        transfers=tuple(_transfer(one) for one in keys.each("transfers")),
        caps=tuple(cap for one in keys.each("caps") for cap in _caps(one)),
        parties=tuple(_party(one) for one in keys.each("parties")),
        products=tuple(_product(word, one) for word, one in keys.named("products")),
        days=tuple(sorted(_days(keys.inner("days", {})).items())),
    )
    keys.done()
    return table


def _classes(keys: Keys) -> list[tuple[str, Keys]]:
    inner = keys.inner("classes", {})
    return [(word, inner) for word in list(inner.values)]


def _class(word: str, keys: Keys) -> CardClass:
    Keys({}, "classes." + word, keys.name, keys.text).word_of(word)
    return CardClass(word, tuple(_range(keys, word, text) for text in keys.texts(word)))


def _range(keys: Keys, word: str, text: str) -> tuple[str, str]:
    """Both ends with DIGITS digits of "6228" or "622800-622899"."""
    low, dash, high = (part.strip() for part in text.partition("-"))
    high = high if dash else low
    good = low.isascii() and low.isdigit() and high.isascii() and high.isdigit()
    if not good or len(low) > DIGITS or len(low) != len(high) or low > high:
        what = 'first digits of card numbers, "6228" or "622800-622899", up to 12'
        raise keys.wrong(word, "%s are wanted, not %r" % (what, text))
    return low.ljust(DIGITS, "0"), high.ljust(DIGITS, "9")


def _days(keys: Keys) -> dict:
    found: dict = {}
    for kind in layout.DAYS:
        for day in keys.days(kind + "s"):
            if found.setdefault(day, kind) != kind:
                raise keys.wrong(kind + "s", "%s stands in two lists" % day)
    keys.done()
    return found


def _change(keys: Keys, credit: bool = False) -> Change:
    """The one key of a rule that says what happens to the price."""
    found = []
    for key, how in AMOUNTS:
        value = keys.whole(key, 250 if how == "percent" else TOP_FEN, None)
        if value is not None:
            found.append(Change(how, value))
    if keys.flag("free"):
        found.append(Change("percent", 0))
    if credit and keys.flag("credit"):
        found.append(Change("credit"))
    if len(found) != 1:
        words = ", ".join([key for key, _ in AMOUNTS] + ["free"] + ["credit"] * credit)
        raise keys.wrong(None, "one of %s is wanted, %d are there" % (words, len(found)))
    return found[0]


def _band(name: str, keys: Keys) -> Band:
    band = Band(
        name=name,
        days=tuple(keys.texts("days", layout.DAYS)),
        times=keys.times("times"),
        groups=keys.texts("groups", ()),
        change=_change(keys),
    )
    for day in band.days:
        if day not in layout.DAYS:
            raise keys.wrong("days", "%s, not %r" % (", ".join(layout.DAYS), day))
    for from_min, to_min in band.times:
        if from_min >= to_min:
            raise keys.wrong("times", "a span over midnight is two: to 24:00 and from 00:00")
    keys.done()
    return band


def _discount(keys: Keys) -> Discount:
    discount = Discount(
        card_class=keys.take("class", str, "a name of [classes]"),
        groups=keys.texts("groups", ()),
        band=keys.take("band", str, "a name of [bands], or `outside`", None),
        change=_change(keys),
    )
    keys.done()
    return discount


def _transfer(keys: Keys) -> Transfer:
    transfer = Transfer(
        from_groups=keys.texts("from", ()),
        to_groups=keys.texts("to", ()),
        within_min=keys.whole("within_minutes", TOP_U16, least=1),
        same=keys.flag("same"),
        change=_change(keys, credit=True),
    )
    keys.done()
    return transfer


def _caps(keys: Keys) -> list[Cap]:
    card_class = keys.take("class", str, "a name of [classes]", None)
    found = []
    for period in layout.PERIODS:
        fen = keys.whole(period + "_fen", TOP_FEN, None)
        if fen is not None:
            found.append(Cap(period, fen, card_class))
    if not found:
        raise keys.wrong(None, "day_fen, week_fen or month_fen is missing")
    keys.done()
    return found


def _party(keys: Keys) -> Party:
    party = Party(keys.whole("riders", 255, least=2), keys.whole("percent", 100))
    keys.done()
    return party


def _product(word: str, keys: Keys) -> Product:
    keys.word_of(word)
    kind = keys.word("kind", layout.KINDS)
    values: dict[str, Any] = {
        "group": keys.take("group", str, "a word", word),
        "most_fen": keys.whole("most_fen", TOP_FEN, None),
        "least_balance_fen": keys.whole("least_balance_fen", TOP_FEN, 0),
        "most_riders": keys.whole("most_riders", 255, 1, least=1),
    }
    values.update(BASES[kind](keys))
    keys.done()
    return Product(word, kind, **values)


def _flat(keys: Keys) -> dict:
    return {"fen": keys.whole("fen", TOP_FEN)}


def _is_fen(cell: Any) -> bool:
    return cell == "-" or (type(cell) is int and 0 <= cell <= TOP_FEN)


def _square(keys: Keys, side: int) -> dict:
    """matrix and fen; a triangle is the lower half of a matrix that is the same both ways."""
    given = keys.rows("fares", _is_fen, 'lists of fen, "-" for no fare')
    rows = [[None if cell == "-" else cell for cell in row] for row in given]
    if [len(row) for row in rows] == list(range(1, side + 1)):
        rows = [[rows[max(x, y)][min(x, y)] for y in range(side)] for x in range(side)]
    if [len(row) for row in rows] != [side] * side:
        raise keys.wrong("fares", WANTED_ROWS % (side, side, side, len(rows)))
    prices = [cell for row in rows for cell in row if cell is not None]
    return {"matrix": tuple(tuple(row) for row in rows), "fen": _unknown(keys, prices)}


def _unknown(keys: Keys, prices: list[int]) -> int | None:
    """Fen where a stop is not known; None: not sold then."""
    if keys.values.get("unknown") == "most":
        keys.values.pop("unknown")
        return max(prices, default=None)
    return keys.whole("unknown", TOP_FEN, None)


def _matrix(keys: Keys) -> dict:
    stops = keys.take("stops", list, "numbers of stops")
    places = _places(keys, "stops", [(stop, row) for row, stop in enumerate(stops)])
    return {"places": places, **_square(keys, len(stops))}


def _zone(keys: Keys) -> dict:
    inner = keys.inner("zones")
    pairs = []
    names = tuple(inner.values)
    for row, zone in enumerate(names):
        pairs += [(stop, row) for stop in inner.take(zone, list, "numbers of stops")]
    places = _places(keys, "zones", pairs)
    return {"places": places, "zones": names, **_square(keys, len(names))}


def _length(keys: Keys) -> dict:
    pairs = keys.rows("places", lambda one: type(one) is int, "lists of stop and place")
    if any(len(pair) != 2 for pair in pairs):
        raise keys.wrong("places", "each is [STOP, PLACE]")
    steps = []
    for one in keys.each("steps"):
        numbers = ("over", TOP_U32), ("fen", TOP_FEN), ("every", TOP_U32), ("more_fen", TOP_FEN)
        steps.append(Step(*[one.whole(key, top, 0) for key, top in numbers]))
        one.done()
    if not steps or steps[0].over or [s.over for s in steps] != sorted({s.over for s in steps}):
        raise keys.wrong("steps", "steps begin with over = 0 and ascend")
    places = _places(keys, "places", list(pairs))
    stretch = max(at for _, at in places) - min(at for _, at in places)
    unknown = _unknown(
        keys, [_begun_fen(step, stretch) for step in steps if step.over < stretch or not step.over]
    )
    return {"places": places, "steps": tuple(steps), "fen": unknown}


def _begun_fen(step: Step, stretch: int) -> int:
    """Most that a step can come to on a line of this length."""
    begun = -(-max(0, stretch - step.over) // step.every) if step.every else 0
    return step.fen + begun * step.more_fen


def _places(keys: Keys, key: str, pairs: list) -> tuple[tuple[int, int], ...]:
    stops = [stop for stop, _ in pairs]
    good = all(type(s) is int and 1 <= s <= TOP_U16 and 0 <= at <= TOP_U32 for s, at in pairs)
    if not pairs or not good:
        raise keys.wrong(key, "stops are whole numbers from 1 to 65535, and there is one")
    twice = [stop for stop, count in Counter(stops).items() if count > 1]
    if twice:
        raise keys.wrong(key, "stop %d stands twice; each once" % twice[0])
    return tuple(sorted(pairs))


def _time(keys: Keys) -> dict:
    stay = Stay(
        free_min=keys.whole("free_minutes", TOP_U16, 0),
        free_deducted=keys.flag("free_deducted"),
        leave_min=keys.whole("leave_minutes", TOP_U16, 0),
        lost_fen=keys.whole("lost_fen", TOP_FEN),
        cap_fen=keys.whole("cap_fen", TOP_FEN, None),
        windows=tuple(_window(one) for one in keys.each("windows")),
    )
    if not 1 <= len(stay.windows) <= 24:
        raise keys.wrong("windows", "1 to 24 windows make a day")
    return {"stay": stay}


def _window(keys: Keys) -> Window:
    spans = keys.times("times") if "times" in keys.values else ((0, 0),)
    if len(spans) != 1:
        raise keys.wrong("times", "one span is a window")
    window = Window(
        from_min=spans[0][0],
        to_min=spans[0][1],
        first_min=keys.whole("first_minutes", TOP_U16, 0),
        first_fen=keys.whole("first_fen", TOP_FEN, 0),
        step_min=keys.whole("step_minutes", TOP_U16, least=1),
        step_fen=keys.whole("step_fen", TOP_FEN),
        cap_fen=keys.whole("cap_fen", TOP_FEN, None),
    )
    keys.done()
    return window


BASES = {
    "flat": _flat,
    "matrix": _matrix,
    "zone": _zone,
    "stage": _length,
    "distance": _length,
    "time": _time,
}
