# SPDX-License-Identifier: Apache-2.0
"""A pay station and the exit lane of a car park, each on a stand of its own, with a wire between.

park = Park()                      a car came in at 10:00, it is 11:30
park.pays(card)                    messages of the two taps at the pay station
park.exit.tap(card)
"""

from firmware.devices.far_store import PayTwin
from firmware.devices.lane_store import Entry, LaneStore, key_of
from firmware.devices.parking_pay import PayStation
from firmware.neighbours.lane_line import LaneLine
from firmware.neighbours.line import Neighbour
from sim.flash import Flash
from tests.devices.parking_stand import PAN, Lane, _with_stop, tariff
from tests.devices.test_lane_line import Wire
from tests.stand import Stand

FLASH = Flash(9, 1792)
STATION = 9


class PayStand(Stand):
    """The pay station; its journal lies beside that of the exit lane."""

    flash = FLASH

    def __init__(self, wire):
        self.wire = wire
        super().__init__("", self.make)

    def make(self, settings, parameters, clock, report):
        settings.more.update({"lane": "pay", "product": "car"})
        line = Neighbour(lambda: self.wire.end(0), LaneLine(), clock)
        at = _with_stop(settings, STATION)
        self.trade = PayStation(at, parameters, line, tariff(), clock)
        return self.trade


class Park:
    """A car has come in at 10:00 on `pan`; minutes: since then. `kinds`: of both stands."""

    kinds = (Lane, PayStand)

    def __init__(self, minutes=90, pan=PAN, **more):
        self.wire = Wire()
        self.storage = Flash(6, 1024)
        self.exit = self.kinds[0]("exit", store=self._store, **more)
        self.pay = self.kinds[1](self.wire)
        self.at(0)
        self.park(pan)
        self.at(minutes)
        self.beat()

    def _store(self, clock):
        twin = PayTwin(Neighbour(lambda: self.wire.end(1), LaneLine(), clock))
        return LaneStore(self.storage, pays=(twin,))

    def park(self, pan=PAN):
        """A car is let in at the moment of the clocks."""
        self.exit.trade.store.enter(Entry(key_of(pan), 1, self.exit.stand.clock.now, 0))

    def at(self, minutes):
        for clock in (self.exit.stand.clock, self.pay.clock):
            clock.now = (2026, 11, 21, 10 + minutes // 60, minutes % 60, 0)

    def beat(self, seconds=1):
        """Both go on, a quarter of a second at a time."""
        for _ in range(4 * seconds):
            for stand in (self.pay, self.exit.stand):
                stand.clock.advance(0.25)
                stand.terminal.turn()

    def asks(self, card):
        """The first tap: what the panel says in the end."""
        self.pay.log[:] = []
        self.pay.tap(card)
        self.beat()
        return [one[1] for one in self.pay.log if one[0] == "show"]

    def pays(self, card):
        """Message of the tap that pays, behind the one that asks."""
        self.asks(card)
        said = self.pay.tap(card)["message"]
        self.beat()
        return said

    def payment(self, pan=PAN):
        return self.exit.trade.store.payment(key_of(pan))
