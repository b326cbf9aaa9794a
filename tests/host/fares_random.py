# SPDX-License-Identifier: Apache-2.0
"""Random fare tables and trips: hypothesis strategies for what a source may say."""

from datetime import date, datetime

from hypothesis import strategies as st

from firmware.fares import layout, trip
from host_tools.fares import model

GROUPS = ("bus", "metro")
CLASSES = ("student", "senior", "staff")
BANDS = ("peak", "night", "fair")
FEN = st.integers(0, 3000)
SOME_FEN = st.none() | FEN
GROUP_LISTS = st.sampled_from(((), ("bus",), ("metro",), GROUPS))
DAYS = st.lists(st.sampled_from(layout.DAYS), min_size=1, unique=True).map(tuple)
# Few days, so that listed ones and their neighbours are met; a leap day and a year end among them
DATES = st.sampled_from(
    [date(2028, 2, 28), date(2028, 2, 29), date(2028, 3, 1), date(2037, 12, 31), date(2038, 1, 1)]
)


def changes(*hows):
    kinds = {
        "percent": st.integers(0, 100).map(lambda n: model.Change("percent", n)),
        "raise": st.integers(0, 250).map(lambda n: model.Change("percent", n)),
        "less": FEN.map(lambda n: model.Change("less", n)),
        "more": FEN.map(lambda n: model.Change("more", n)),
        "price": FEN.map(lambda n: model.Change("price", n)),
        "credit": st.just(model.Change("credit")),
    }
    return st.one_of([kinds[how] for how in hows])


@st.composite
def spans(draw):
    from_min = draw(st.sampled_from((0, 1, 419, 420, 540, 1438, 1439)))
    return from_min, draw(st.integers(from_min + 1, 1440))


@st.composite
def steps(draw):
    overs = sorted(draw(st.sets(st.integers(1, 9), max_size=4)))
    rows, fen = [], 0
    for over in [0, *overs]:
        fen += draw(st.integers(0, 300))
        rows.append(model.Step(over, fen))
    every = draw(st.integers(0, 7))
    more_fen = draw(st.integers(0, 90)) if every else 0
    return (*rows[:-1], model.Step(rows[-1].over, rows[-1].fen, every, more_fen))


@st.composite
def stays(draw):
    cuts = sorted(draw(st.sets(st.integers(0, 1439), min_size=1, max_size=4)))
    windows = []
    for number, from_min in enumerate(cuts):
        to_min = cuts[(number + 1) % len(cuts)]
        step = st.integers(15, 200)
        first_min = draw(st.just(0) | step)
        numbers = [draw(step), draw(st.integers(0, 500)), first_min, draw(FEN), draw(SOME_FEN)]
        windows.append(model.Window(from_min, to_min, *numbers))
    free = draw(st.integers(0, 90)), draw(st.booleans())
    return model.Stay(tuple(windows), *free, 15, draw(FEN), draw(SOME_FEN))


@st.composite
def products(draw, word, kind):
    values = {}
    if kind == "flat":
        values = {"fen": draw(FEN)}
    elif kind == "time":
        values = {"stay": draw(stays())}
    elif kind in ("matrix", "zone"):
        side = draw(st.integers(1, 4))
        line = st.tuples(*[SOME_FEN] * side)
        row = st.integers(0, side - 1)
        places = tuple((stop, draw(row)) for stop in sorted(draw(STOPS)))
        values = {
            "fen": draw(SOME_FEN),
            "matrix": draw(st.tuples(*[line] * side)),
            "places": places,
        }
    else:
        places = tuple((stop, draw(st.integers(0, 12))) for stop in sorted(draw(STOPS)))
        values = {"fen": draw(SOME_FEN), "steps": draw(steps()), "places": places}
    group, most_fen = draw(st.sampled_from(GROUPS)), draw(SOME_FEN)
    riders = draw(st.integers(1, 6))
    return model.Product(word, kind, group, most_fen=most_fen, most_riders=riders, **values)


STOPS = st.sets(st.integers(1, 9), min_size=1, max_size=5)


@st.composite
def tables(draw):
    """A FareTable that builds. Bands and rows may overlap: the first counts."""
    # Both groups are always there, so that rules may name them
    made = [model.Product("g-" + one, "flat", one, fen=100) for one in GROUPS]
    made += [draw(products("p-" + kind, kind)) for kind in layout.KINDS]
    cuts = sorted(draw(st.sets(st.integers(0, 99), min_size=6, max_size=6)))
    pairs = zip(CLASSES, cuts[::2], cuts[1::2], strict=True)
    ranges = [
        (n, ("62280%02d" % a).ljust(12, "0"), ("62280%02d" % b).ljust(12, "9"))
        for n, a, b in pairs
    ]
    names = st.sampled_from(BANDS)
    discount = st.builds(
        model.Discount,
        card_class=st.sampled_from(CLASSES),
        change=changes("percent", "less", "price", "more"),
        groups=GROUP_LISTS,
        band=st.none() | names | st.just("outside"),
    )
    transfer = st.builds(
        model.Transfer,
        change=changes("percent", "less", "price", "credit"),
        within_min=st.integers(1, 4),
        from_groups=GROUP_LISTS,
        to_groups=GROUP_LISTS,
        same=st.booleans(),
    )
    cap = st.builds(
        model.Cap,
        period=st.sampled_from(layout.PERIODS),
        fen=FEN,
        card_class=st.none() | st.sampled_from(CLASSES),
    )
    band = st.builds(
        model.Band,
        name=st.just(""),
        days=DAYS,
        times=st.lists(spans(), min_size=1, max_size=2).map(tuple),
        change=changes("raise", "less", "more", "price"),
        groups=GROUP_LISTS,
    )
    bands = [model.Band(name, **_but_name(draw(band))) for name in BANDS]
    days = draw(st.dictionaries(DATES, st.sampled_from(layout.DAYS), max_size=3))
    leasts = draw(st.sets(st.integers(2, 6), max_size=2))
    return model.FareTable(
        version=1,
        effective=datetime(2026, 1, 1),
        ceiling_fen=draw(st.integers(1, 4000)),
        products=tuple(made),
        round_fen=draw(st.sampled_from((1, 1, 10, 50))),
        drift_s=draw(st.sampled_from((0, 1, 5, 30))),
        classes=tuple(model.CardClass(name, ((low, high),)) for name, low, high in ranges),
        bands=tuple(bands),
        discounts=tuple(draw(st.lists(discount, max_size=5))),
        transfers=tuple(draw(st.lists(transfer, max_size=3))),
        caps=tuple(draw(st.lists(cap, max_size=4))),
        parties=tuple(model.Party(n, draw(st.integers(0, 100))) for n in leasts),
        days=tuple(sorted(days.items())),
    )


def _but_name(band):
    return {key: value for key, value in vars(band).items() if key != "name"}


PANS = st.just("") | st.integers(0, 99).map(lambda n: "62280%02d00000001" % n)
SPENT = st.none() | st.tuples(FEN, FEN, FEN)


@st.composite
def moments(draw):
    """Mostly near edges."""
    day = draw(DATES)
    minute = draw(st.sampled_from((0, 1, 418, 419, 420, 539, 540, 1437, 1438, 1439)))
    second = draw(st.sampled_from((0, 1, 4, 5, 29, 30, 31, 54, 55, 58, 59)))
    return (day.year, day.month, day.day, minute // 60, minute % 60, second)


@st.composite
def trips(draw):
    words = ["g-" + one for one in GROUPS] + ["p-" + kind for kind in layout.KINDS]
    stop = st.integers(0, 10)
    boarding = st.builds(
        trip.Boarding, st.sampled_from(words), st.integers(0, 2), st.integers(0, 5), FEN
    )
    return trip.new(
        draw(st.sampled_from(words)),
        draw(moments()),
        draw(st.sampled_from((True, True, True, False))),
        origin=draw(stop),
        destination=draw(stop),
        direction=draw(st.integers(0, 2)),
        pan=draw(PANS),
        riders=draw(st.integers(0, 7)),
        last=draw(st.none() | boarding),
        spent=draw(SPENT),
    )
