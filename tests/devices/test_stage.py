# SPDX-License-Identifier: Apache-2.0
"""A stage bus put together from its settings; where it is, as an announcer says."""

from firmware.devices import stage
from firmware.devices.stage_bus import StageBus
from firmware.devices.stage_price import Place, Prices, place_from
from firmware.devices.stage_trip import StageTrip
from firmware.errors import FormatError
from firmware.neighbours import announcer
from tests.devices.stage_stand import At, Bus, new_card, stages
from tests.fares.city import DATA
from tests.fares.tables import Bytes
from tests.hand_clock import HandClock
from tests.stand import FLEET, read_texts

KEYS = {"module": "serial:psam", "record_key": "1E:28/01 28/03", "key_factor": "pan:01"}


class Hal:
    """A fare table at any path, and no line."""

    def open_blob(self, path):
        return Bytes(DATA)

    def open_serial(self, path, baud):
        raise OSError(path)


def made(**more):
    """The Trade of these settings."""
    settings, parameters = read_texts("fare_fen: 200\n%s" % more.pop("fleet", ""))
    settings.more.update(KEYS)
    settings.more.update(more)
    return stage.make(settings, parameters, Hal(), HandClock(), lambda event: None)


def test_settings_should_choose_between_one_tap_and_two():
    one = made(fleet="extended: plain")
    assert type(one) is StageBus and (one.name, one.code) == ("bus", 2)
    both = made(lane="both", fares="x")
    assert type(both) is StageTrip and both.key_of(page_at(0x1E), (), "")[:2] == (0x28, 1)
    assert both.key_of(page_at(0x16), (), "")[:2] == (0x28, 3)


def page_at(sfi):
    from firmware.kernel.capp import Page  # as read of a card

    return Page(sfi, 0, b"")


def test_settings_that_cannot_work_should_be_named():
    for more in ({"lane": "both"}, {"lane": "door", "fares": "x"}, {"announcer": "tcp:x"},
                 {"lane": "both", "fares": "x", "fleet": "extended: plain"}, {"module": "none"},
                 {"lane": "exit", "fares": "x", "overtime": "never"}):  # fmt: skip
        try:
            made(**more)
        except FormatError:
            continue
        raise AssertionError(more)


class Box:
    """The line of an announcer: what it has said since, and whether it is there."""

    def __init__(self):
        self.said, self.fault = [], ""

    def turn(self):
        said, self.said = self.said, []
        return said

    def close(self):
        self.fault = "closed"


def test_place_should_be_what_the_announcer_says():
    """TD-033: line, direction and stop; a stop that nobody knows is 0."""
    place = Place(At(read_texts("fare_fen: 200")[0], 1501, 5, 9), Box())
    assert (place.line, place.stop) == (5, 0)
    place.announcer.said = [announcer.Announced(6, 2, 3, False)]
    assert place.turn() is None and (place.line, place.direction, place.stop) == (6, 2, 3)
    place.announcer.said, place.announcer.fault = [None], "gone"
    assert place.turn()["text"] == "gone" and place.turn() is None
    assert (place.line, place.stop) == (6, 0)
    place.close()
    settings = At(read_texts("fare_fen: 200")[0], 1501, 5, 9)
    settings.more["announcer"] = "serial:x"
    assert place_from(settings, Hal(), HandClock()).announcer is not None


def test_a_ride_should_follow_the_bus():
    """Boards where the announcer says, leaves three stops on; a silent one costs the most."""
    for stop, fen in ((3, 400), (0, 900)):
        bus, card = Bus(5, 0, 1, lane="both"), new_card()
        bus.trade.place = place = Place(bus.trade.settings, None)
        assert bus.tap(card)["message"] == "boarded"
        place.stop = stop
        bus.clock.now = (2026, 11, 21, 10, 30, 0)
        bus.tap(card)
        (values,) = [one for kind, one in bus.records() if kind == "approved"]
        assert values["amount_fen"] == fen and values["stop"] == stop
        assert values["fares_version"] == stages().tables[0].version


class Asked:
    """A Cutover that notes what it is asked."""

    def price(self, trip):
        self.trip = trip
        return "a fare"


def test_prices_should_ask_for_this_card_and_this_product():
    """QX-062: a discount is the card's; the product is the setting's, else the line's."""
    settings, parameters = read_texts(FLEET + "class: student 62280001 50\n")
    when = (2026, 11, 21, 10, 0, 0)
    flat = Prices(settings, parameters, None)
    found = [flat.of(5, 0, 1, 1, when, True, pan) for pan in ("6228000100000010", "", "6299")]
    assert [(one.amount_fen, one.full_fen, one.riders) for one in found] == [
        (100, 200, 1), (200, 200, 1), (200, 200, 1),
    ]  # fmt: skip
    for product, word in (("night", "night"), ("", "5")):
        settings.more["product"] = product
        table = Asked()
        assert Prices(settings, parameters, table).of(5, 2, 3, 1, when, True, "62") == "a fare"
        asked = table.trip
        assert (asked.product, asked.origin, asked.destination, asked.pan) == (word, 2, 3, "62")
        assert asked.direction == 1 and asked.trusted and asked.when == when
