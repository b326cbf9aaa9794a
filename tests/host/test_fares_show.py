# SPDX-License-Identifier: Apache-2.0
"""What people see of a fare table, and the example of a city that charges by distance."""

from pathlib import Path

import pytest

from firmware.fares import trip
from firmware.fares.engine import Fares
from host_tools import signing
from host_tools.fares import lint, source
from host_tools.fares.build import build
from tests.host.test_fares_cli import EXAMPLE, bent, run

CITY = Path(__file__).resolve().parents[2] / "docs/fares_distance.toml"
NOON = (2026, 12, 2, 12, 0, 0)
CARDS = {"none": "6228200000000000", "city": "6228100000000000", "pupil": "6228110000000000"}


def test_city_by_distance_should_have_no_fault():
    assert lint.findings(source.load(CITY)) == []


@pytest.mark.parametrize(
    ("product", "origin", "destination", "card", "fen"),
    [
        ("underground", 1, 1, "none", 300),
        ("underground", 1, 4, "none", 300),
        ("underground", 1, 5, "none", 400),
        ("underground", 5, 1, "city", 400),
        ("underground", 1, 7, "none", 500),
        ("underground", 1, 8, "none", 600),
        ("underground", 1, 9, "none", 700),
        ("underground", 0, 9, "none", 700),
        ("1", 11, 13, "none", 200),
        ("1", 11, 14, "none", 300),
        ("1", 11, 16, "none", 500),
        ("1", 11, 14, "city", 150),
        ("1", 11, 13, "pupil", 50),
        ("1", 0, 0, "pupil", 125),
    ],
)
def test_city_by_distance_should_charge_as_it_says(product, origin, destination, card, fen):
    fares = Fares(signing.Bytes(build(source.load(CITY))), 1000)
    asked = trip.new(product, NOON, origin=origin, destination=destination, pan=CARDS[card])
    assert fares.price(asked).amount_fen == fen


def test_show_should_say_all_that_a_table_says():
    """Where stops lie, who may ride, hours as a strip of the day, days that differ."""
    shown = run("show", EXAMPLE).output
    for text in (
        "12 flat, group bus, 2.00, up to 5 riders, cards with 2.00 and more",
        "318 stage, group bus, 3.00 where a stop is not known",
        "stops: 1 at 0, 2 at 0, 3 at 1",
        "beyond, metres",
        "inner: stops 201, 202, 203",
        "│ senior  │ 622802-622803 │",
        "·······██········██·····",
        "2027-02-05 to 2027-02-11",
        "2027-01-30",
    ):
        assert text in shown, text


def test_show_should_say_where_it_cuts(tmp_path, monkeypatch):
    stops = ", ".join(str(stop) for stop in range(1, 41))
    rows = ", ".join(str([200] * (row + 1)) for row in range(40))
    path = bent(tmp_path, ("stops = [101, 102, 103, 104]", "stops = [%s]" % stops))
    text = path.read_text()
    begin, end = text.index("fares = [\n  [200],"), text.index("least_balance_fen = 500")
    path.write_text(text[:begin] + "fares = [%s]\n" % rows + text[end:])
    for width, few in (("200", 16), ("80", 8), ("20", 2)):
        monkeypatch.setenv("COLUMNS", width)
        assert "%d of 40 shown" % few in run("show", path, "--product", "metro").output
