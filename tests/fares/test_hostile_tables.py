# SPDX-License-Identifier: Apache-2.0
"""Tables that lie: refused when opened, or bounded by the ceiling of the terminal (TD-006)."""

from firmware.errors import FormatError
from firmware.fares import layout, trip
from firmware.fares.engine import Fares
from tests.fares import tables
from tests.fares.city import DATA

NOON = (2027, 1, 7, 12, 0, 0)


def refused(data):
    try:
        Fares(tables.Bytes(data))
    except FormatError:
        return True
    return False


def test_every_truncation_should_be_refused():
    for size in range(0, len(DATA), 7):
        assert refused(DATA[:size]), size
    assert refused(DATA + b"\x00")
    assert not refused(DATA)


def test_flipped_bytes_should_be_refused_or_stay_below_the_ceiling():
    """TD-006: whatever a table says. (tests/host flips every one.)"""
    kept = 0
    for at in range(0, len(DATA), 5):
        bent = DATA[:at] + bytes((DATA[at] ^ 0xFF,)) + DATA[at + 1 :]
        try:
            fares = Fares(tables.Bytes(bent), 700)
        except FormatError:
            continue
        kept += 1
        for product in ("12", "metro", "coach"):
            fare = fares.price(trip.new(product, NOON, origin=101, destination=103, pan="622801"))
            assert fare is None or (
                0 <= fare.amount_fen <= 700 and fare.amount_fen <= fare.full_fen
            )
        stay = fares.stay("parking-a", NOON, (2027, 1, 8, 23, 0, 0))
        assert stay is None or 0 <= stay.amount_fen <= 700
    assert kept > 100


def test_rows_that_point_nowhere_should_sell_nothing():
    one = tables.product
    places = [{"stop": 1, "value": 7}]
    ranges = [{"low": "622800000000", "high": "622899999999", "class": 3}]
    for rows in (
        {"products": [one("12", 9)]},
        {"products": [one("12", layout.TIME, first_price=5)]},
        {"products": [one("12", layout.MATRIX, places=1, prices=1)], "places": places},
        {"products": [one("12", layout.MATRIX, places=1, prices=9)], "places": places},
        {"products": [one("12", layout.STAGE, places=1, prices=3)], "places": places},
        {"products": [one("12", layout.FLAT, places=9, first_place=60000, fen=0xFFFFFF)]},
        {"products": [one("12", 0, fen=1)], "ranges": ranges},
    ):  # fmt: skip
        fares = Fares(tables.Bytes(tables.packed(rows)))
        fare = fares.price(trip.new("12", NOON, origin=1, destination=1, pan="6228"))
        assert fare is None and fares.fault in ("table", "no_fare"), rows
        assert fares.stay("12", NOON, NOON) is None


def test_windows_that_do_not_move_should_end():
    window = {
        "from_min": 0, "to_min": 0, "first_min": 0, "first_fen": 0, "step_min": 0, "step_fen": 1,
        "cap_fen": layout.NO_FEN,
    }  # fmt: skip
    stay = {
        "free_min": 0, "deducted": 0, "leave_min": 0, "lost_fen": 1, "cap_fen": layout.NO_FEN,
        "first_window": 0, "windows": 1,
    }  # fmt: skip
    for change in ({}, {"from_min": 60000}, {"from_min": 60, "to_min": 120, "step_min": 5}):
        row = dict(window)
        row.update(change)
        rows = {"products": [tables.product("p", layout.TIME)], "stays": [stay], "windows": [row]}
        fares = Fares(tables.Bytes(tables.packed(rows)))
        assert fares.stay("p", NOON, (2027, 1, 7, 13, 0, 0)) is None and fares.fault == "table"


def test_changes_should_never_make_a_class_pay_more():
    row = {"class": 0, "group": layout.ANY, "band": layout.ANY, "how": layout.MORE, "value": 900}
    rows = {
        "classes": [{"name": layout.padded("senior")}],
        "ranges": [{"low": "622800000000", "high": "622899999999", "class": 0}],
    }
    for how, value, amount_fen in (
        (layout.MORE, 900, 200),
        (layout.PERCENT, 0xFFFFFF, 200),
        (layout.LESS, 0xFFFFFF, 0),
        (layout.PRICE, 900, 200),
        (layout.PRICE, 50, 50),
        (layout.CREDIT, 9, 200),
    ):
        rows["discounts"] = [dict(row, how=how, value=value)]
        fare = tables.flat(sections=rows).price(trip.new("12", NOON, pan="6228"))
        assert fare.amount_fen == amount_fen, how
    rows["discounts"] = [dict(row, how=9)]
    assert tables.flat(sections=rows).price(trip.new("12", NOON, pan="6228")) is None


def test_ceilings():
    """TD-006: the table's is the maximum fare; the terminal's stops the sale."""
    assert tables.flat(400, ceiling_fen=400).price(trip.new("12", NOON)).amount_fen == 400
    above = tables.flat(401, ceiling_fen=400)
    assert above.price(trip.new("12", NOON)) is None and above.fault == "above_ceiling"
    held = tables.flat(9000)
    fare = held.price(trip.new("12", NOON))
    assert (fare.amount_fen, fare.full_fen, fare.rule) == (5000, 5000, "ceiling")


def test_prices_should_be_rounded_down_once():
    band = {
        "band": 0,
        "group": 255,
        "days": 7,
        "from_min": 0,
        "to_min": 1440,
        "how": 0,
        "value": 75,
    }
    rows = {
        "classes": [{"name": layout.padded("half")}],
        "ranges": [{"low": "6" + "0" * 11, "high": "6" + "9" * 11, "class": 0}],
        "discounts": [{"class": 0, "group": 255, "band": 255, "how": 0, "value": 50}],
        "bands": [band],
    }
    for fen, round_fen, amount_fen in ((201, 1, 75), (199, 1, 74), (201, 10, 70), (25, 10, 0)):
        fares = tables.flat(fen, sections=rows, round_fen=round_fen)
        assert fares.price(trip.new("12", NOON, pan="62")).amount_fen == amount_fen


def test_file_that_goes_away_should_sell_nothing():
    fares = tables.city()

    class Gone:
        def read(self, at, count):
            raise OSError(5)

    fares.table.blob = Gone()
    assert fares.price(trip.new("12", NOON)) is None and fares.fault == "table"
    assert fares.least_balance_fen("12") == 0 and fares.class_name("6228") == "adult"
