# SPDX-License-Identifier: Apache-2.0
"""A pump that takes what another one has poured: one end of the line to their hub."""

from firmware.capp import layouts
from firmware.devices.fuel_fills import Fill
from firmware.devices.fuel_station import NAME, Station, noted_body, paid_body
from firmware.kernel import apdu
from firmware.neighbours.lane_line import LaneLine, checksum, frame
from tests.devices.fuel_stand import PLACE, FuelStand, new_card

PAN = "6228000100000010"
MOMENT = (2026, 11, 21, 11, 0, 0)
ROW, ANSWER, PUT = 5, 2, 1


class Pump2:
    """Settings of another pump of the station."""

    def __init__(self, settings):
        self.terminal, self.stop, self.line = 2, 2, settings.line
        self.ifd_serial, self.more = "00000002", settings.more


class Line:
    """The Neighbour of a station; `said`: bytes of the hub."""

    def __init__(self):
        self.protocol, self.said, self.sent, self.ms = LaneLine(), b"", b"", 0

    def turn(self):
        self.ms += 500
        said, self.said = self.said + frame(3, b""), b""
        events = self.protocol.feed(said, self.ms)
        self.flush()
        return events

    def flush(self):
        self.sent += self.protocol.outgoing(self.ms)

    def close(self):
        pass


def stands():
    """(stand of pump 2, its line, a card whose sum pump 1 froze with 3 l poured)."""
    stand, card = FuelStand(), new_card()
    stand.fills(card, 3000)
    at = {"entry_place": 1}
    card.pages[PLACE] = layouts.write(layouts.FREEZE, card.pages[PLACE], at)
    line = Line()
    stand.trade.settings = Pump2(stand.trade.settings)
    stand.trade.fills.by_order = {}
    stand.trade.station = Station(line, stand.trade.settings, "92", stand.clock)
    stand.at(90)
    for _ in range(2):
        stand.trade.turn()
    return stand, line, card


def noted(**more):
    fill = Fill(1, PAN, more.get("frozen_fen", 5000), 2400, bytes(25), 2)
    return noted_body(1, fill, more.get("moment", MOMENT), "cng")


def test_fill_of_another_pump_should_be_asked_for_and_taken():
    """QX-049, QX-054: no GPO before the hub has said what was poured."""
    stand, line, card = stands()
    gpos = card.asked(apdu.INS_GPO)
    assert stand.tap(card)["message"] == "fuel_asked" and card.asked(apdu.INS_GPO) == gpos
    name = paid_body(1, 1)[1 : 1 + NAME]
    assert frame(4, name) in line.sent
    line.said = frame(ROW, noted())
    stand.trade.turn()
    event = stand.tap(card)
    assert (event["message"], event["amount_fen"], event["fare_class"]) == ("ok", 2400, "cng")
    assert not card.frozen and card.balance_fen == 10000 - 2400
    for _ in range(2):
        stand.trade.turn()
    assert frame(PUT, paid_body(1, 1)) in line.sent
    assert stand.trade.station.untold == [paid_body(1, 1)]
    line.said = frame(ANSWER, b"\0" + checksum(paid_body(1, 1)))
    stand.trade.turn()
    assert stand.trade.station.untold == []


def test_what_does_not_fit_should_be_left_to_people():
    """Another sum, noted before the freeze, unknown, rubbish, silence: no GPO."""
    name = paid_body(1, 1)[1 : 1 + NAME]
    for row, word in (
        (noted(frozen_fen=4999), "fuel_unknown"),
        (noted(moment=(2026, 11, 21, 9, 0, 0)), "fuel_unknown"),
        (name, "other_pump"),
        (noted()[:30], "fuel_asked"),
    ):
        stand, line, card = stands()
        gpos = card.asked(apdu.INS_GPO)
        stand.tap(card)
        line.said = frame(ROW, row)
        stand.trade.turn()
        assert stand.tap(card)["message"] == word and card.asked(apdu.INS_GPO) == gpos
        assert card.frozen


def test_own_fill_that_was_paid_elsewhere_should_be_forgotten():
    """Told by the hub, or the answer to what was noted; not that of another terminal."""
    stand, line, _ = stands()
    fills = stand.trade.fills
    for body, left in ((paid_body(1, 7), [7]), (b"\x02", [7]), (paid_body(2, 7), [])):
        fills.by_order = {7: Fill(7, PAN, 5000, 2400, bytes(25), 3)}
        line.said = frame(PUT, body)
        stand.trade.turn()
        assert list(fills.by_order) == left, body
