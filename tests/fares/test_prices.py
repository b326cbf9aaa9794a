# SPDX-License-Identifier: Apache-2.0
"""Prices of the city of the pages (docs/fares.toml), worked out by hand."""

from firmware.fares import trip
from tests.fares import tables

STUDENT, SENIOR, SOLDIER, STAFF = "6228010000000001", "6228031", "62280410", "622804990099999"
WORKDAY, SATURDAY = (2027, 1, 7), (2027, 1, 9)  # a Thursday


def moment(hour, minute=0, day=WORKDAY, second=0):
    return day + (hour, minute, second)


NOON = moment(12)
PEAK = moment(8)


def check(rows):
    fares = tables.city()
    for product, when, about, amount_fen, full_fen, fare_class, rule in rows:
        fare = fares.price(trip.new(product, when, **about))
        told = fare and (fare.amount_fen, fare.full_fen, fare.fare_class, fare.rule)
        assert told == (amount_fen, full_fen, fare_class, rule), (product, about, fare)
        assert fare.version == 7 and fare.riders == about.get("riders", 1)


def way(origin, destination, **more):
    more["origin"], more["destination"] = origin, destination
    return more


def test_base_prices():
    """TD-034: flat, by stage, by distance, by matrix, by zone."""
    check(
        (
            ("12", NOON, {}, 200, 200, "adult", "flat"),
            ("318", NOON, way(1, 2), 100, 100, "adult", "stage"),
            ("318", NOON, way(1, 3), 100, 100, "adult", "stage"),
            ("318", NOON, way(6, 1), 300, 300, "adult", "stage"),
            ("318", NOON, way(1, 0), 300, 300, "adult", "stage"),
            ("metro", NOON, way(101, 101), 200, 200, "adult", "matrix"),
            ("metro", NOON, way(102, 104), 400, 400, "adult", "matrix"),
            ("metro", NOON, way(104, 102), 400, 400, "adult", "matrix"),
            ("coach", NOON, way(901, 902), 400, 400, "adult", "distance"),
            ("coach", NOON, way(902, 903), 500, 500, "adult", "distance"),
            ("coach", NOON, way(901, 904), 900, 900, "adult", "distance"),
            ("island", NOON, way(201, 203), 200, 200, "adult", "zone"),
            ("island", NOON, way(212, 202), 350, 350, "adult", "zone"),
        )
    )


def test_classes_should_pay_less():
    """TD-034: by the first digits of the card number alone."""
    check(
        (
            ("12", NOON, {"pan": STUDENT}, 100, 200, "student", "flat"),
            ("coach", NOON, way(901, 902, pan=STUDENT), 400, 400, "student", "distance"),
            ("12", NOON, {"pan": SENIOR}, 0, 200, "senior", "flat"),
            ("12", PEAK, {"pan": SENIOR}, 100, 200, "senior", "flat"),
            ("12", moment(8, 0, SATURDAY), {"pan": SENIOR}, 0, 200, "senior", "flat"),
            ("adult", NOON, {"pan": SOLDIER}, 0, 6000, "soldier", "flat"),
            ("12", NOON, {"pan": STAFF}, 1, 200, "staff", "flat"),
            ("12", NOON, {"pan": "6228049901"}, 200, 200, "adult", "flat"),
            ("12", NOON, {"pan": "62280"}, 200, 200, "adult", "flat"),
        )
    )


def test_bands_should_change_the_price():
    check(
        (
            ("metro", moment(6), way(101, 104), 400, 400, "adult", "band"),
            ("metro", moment(6), way(101, 104, pan=STUDENT), 200, 400, "student", "band"),
            ("12", moment(6), {}, 200, 200, "adult", "flat"),
        )
    )


def test_transfers_should_be_credited():
    bus, metro = "318", "metro"

    def after(product, before, minutes, paid_fen, **more):
        more["last"] = trip.Boarding(product, before, minutes, paid_fen)
        return more

    check(
        (
            ("12", NOON, after(bus, 1, 60, 100), 100, 200, "adult", "transfer"),
            ("12", NOON, after(bus, 1, 61, 100), 200, 200, "adult", "flat"),
            ("12", NOON, after("12", 1, 5, 200, direction=1), 200, 200, "adult", "flat"),
            ("12", NOON, after("12", 1, 5, 200, direction=2), 100, 200, "adult", "transfer"),
            ("12", NOON, after(metro, 0, 5, 200), 200, 200, "adult", "flat"),
            ("12", NOON, after("tram", 0, 5, 200), 200, 200, "adult", "flat"),
            ("12", NOON, after(bus, 1, 5, 200, pan=STUDENT), 0, 200, "student", "transfer"),
            (metro, NOON, after(bus, 1, 90, 300, origin=101, destination=104), 200, 500, "adult",
             "transfer"),
            (metro, NOON, after(bus, 1, 90, 900, origin=101, destination=104), 0, 500, "adult",
             "transfer"),
        )
    )  # fmt: skip


def test_caps_should_stop_what_a_card_pays():
    check(
        (
            ("12", NOON, {"spent": (1300, 1300, 1300)}, 200, 200, "adult", "flat"),
            ("12", NOON, {"spent": (1301, 1301, 1301)}, 199, 200, "adult", "cap"),
            ("12", NOON, {"spent": (1600, 1600, 1600)}, 0, 200, "adult", "cap"),
            ("12", NOON, {"spent": (0, 0, 19900)}, 100, 200, "adult", "cap"),
            ("12", NOON, {"spent": (1500, 1500, 1500), "riders": 3}, 400, 600, "adult", "cap"),
        )
    )


def test_companions_should_pay_in_full():
    check(
        (
            ("12", NOON, {"riders": 5}, 1000, 1000, "adult", "flat"),
            ("12", NOON, {"riders": 3, "pan": SENIOR}, 400, 600, "senior", "flat"),
        )
    )
    big = tables.city(1000000)
    assert big.price(trip.new("adult", NOON, riders=19)).amount_fen == 114000
    party = big.price(trip.new("adult", NOON, riders=20))
    assert (party.amount_fen, party.full_fen, party.rule) == (96000, 120000, "party")


def test_what_is_not_sold_should_say_why():
    """TD-006: above the ceiling of the terminal nothing is sold, whatever the table says."""
    fares = tables.city()
    for product, about, fault in (
        ("13", {}, "no_product"),
        ("", {}, "no_product"),
        ("a word that is too long", {}, "no_product"),
        ("metro", way(101, 105), "no_fare"),
        ("metro", {}, "no_fare"),
        ("parking-a", {}, "no_fare"),
        ("12", {"riders": 6}, "riders"),
        ("12", {"riders": 0}, "riders"),
        ("adult", {"riders": 2}, "above_ceiling"),
    ):
        assert fares.price(trip.new(product, NOON, **about)) is None, product
        assert fares.fault == fault, product
    assert fares.price(trip.new("12", NOON)) and fares.fault == ""


def test_what_a_device_asks_besides():
    fares = tables.city()
    assert fares.least_balance_fen("metro") == 500 and fares.least_balance_fen("13") == 0
    assert fares.leave_minutes("parking-a") == 15 and fares.leave_minutes("12") == 0
    assert fares.class_name(SENIOR) == "senior" and fares.class_name("") == "adult"


def test_price_should_be_read_in_places():
    """A matrix of 200 stations is 120 KB on the flash and a few short reads in a tap."""
    from firmware.fares import layout  # in this test alone
    from firmware.fares.engine import Fares

    class Striped(tables.Bytes):
        """200 x 200 cells that are not there before they are asked for: row + column, in fen."""

        def read(self, at, count):
            if at < cells_at or at >= cells_at + cells * 3:
                before = at < cells_at
                return tables.Bytes.read(self, at if before else at - cells * 3, count)
            self.reads += 1
            number = (at - cells_at) // 3
            return (200 + number // 200 + number % 200).to_bytes(3, "big")

    cells = 200 * 200
    line = tables.product("line", layout.MATRIX, places=200, prices=200)
    places = [{"stop": 1000 + n, "value": n} for n in range(200)]
    data = tables.packed({"products": [line], "places": places})
    cells_at = len(data)  # nothing stands behind the cells here
    names = [name for name, _ in layout.HEAD]
    blank = dict(layout.HEAD)
    at = sum([len(blank[n].pack(n, blank[n].blank)) for n in names[: names.index("cells")]])
    size_at = sum([len(blank[n].pack(n, blank[n].blank)) for n in names[: names.index("size")]])
    data = data[:at] + cells.to_bytes(3, "big") + data[at + 3 :]
    whole = cells_at + cells * 3
    data = data[:size_at] + whole.to_bytes(4, "big") + data[size_at + 4 :]
    blob = Striped(data)
    blob.size = whole
    fares = Fares(blob)
    blob.reads = 0
    assert fares.price(trip.new("line", NOON, origin=1007, destination=1150)).amount_fen == 357
    assert blob.reads < 24 and blob.longest < 100


def test_first_cap_that_fits_should_count():
    """A class with a cap of its own is not held to that of all."""
    from firmware.fares import layout  # in this test alone

    sections = {
        "classes": [{"name": layout.padded("senior")}],
        "ranges": [{"low": "622800000000", "high": "622899999999", "class": 0}],
        "caps": [
            {"class": 0, "period": 0, "fen": 5000},
            {"class": layout.ANY, "period": 0, "fen": 100},
        ],
    }
    fares = tables.flat(sections=sections)
    for pan, amount_fen, rule in (("6228", 200, "flat"), ("", 50, "cap")):
        fare = fares.price(trip.new("12", NOON, pan=pan, spent=(50, 50, 50)))
        assert (fare.amount_fen, fare.rule) == (amount_fen, rule)
