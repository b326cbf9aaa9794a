# SPDX-License-Identifier: Apache-2.0
"""What a metro morning is made of: sizes, terminals of a station, rules, prices.

The prices are a formula here; the terminals have them as a fare table (fares_text), the camera
asks the formula: no code is shared between the two.
"""

from collections import namedtuple

from sim.city.plan import Plan

# gates: entry gates, and as many exit gates, of each station; faults: {name: rate}; url: of the
# ledger's database
Metro = namedtuple("Metro", ("stations", "riders", "gates", "seed", "faults", "url"))

UNKNOWN_FEN = 900
LEAST_FEN = 200  # that an entry asks for
TURN_S, LONGEST_S, LEAVE_S = 15 * 60, 180 * 60, 20 * 60
AHEAD_S = 60  # by so much may an entry gate's clock be ahead
BLOCKS = 240  # of a journal: a gate without a network keeps a morning
UPLOAD_S = 600
CITY = 3100
ENTRY, EXIT, INSIDE, OUTSIDE = "entry", "exit", "paid", "unpaid"  # gates, and areas of kiosks


def fare_fen(origin, destination):
    """Fen from station to station."""
    return 200 + 100 * abs(origin - destination)


def refuses(station):
    """True where overtime and missing entries are sent to the kiosk; elsewhere the gate takes the
    dearest fare itself.
    """
    return station % 2 == 1


def posts(metro):
    """[(station, ENTRY, EXIT, INSIDE or OUTSIDE)] of all terminals, in the order of numbers."""
    one = [ENTRY] * metro.gates + [EXIT] * metro.gates + [INSIDE, OUTSIDE]
    return [(station, what) for station in range(1, metro.stations + 1) for what in one]


def fares_text(metro):
    """The fare table as the office writes it."""
    rows = [
        [fare_fen(one, other) for other in range(1, one + 1)]
        for one in range(1, metro.stations + 1)
    ]
    return (
        "version = 6\neffective = 2026-01-01T00:00:00\nceiling_fen = 2000\n[products.metro]\n"
        f'kind = "matrix"\nunknown = {UNKNOWN_FEN}\n'
        f"stops = {list(range(1, metro.stations + 1))}\nfares = {rows}\n"
    )


def city_plan(metro):
    """The Plan by which the city's network, collector and enrolment are used."""
    return Plan(
        len(posts(metro)), metro.riders, 1, metro.seed, metro.faults, UPLOAD_S, BLOCKS, metro.url,
        len(posts(metro)),
    )  # fmt: skip
