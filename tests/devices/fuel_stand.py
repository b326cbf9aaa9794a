# SPDX-License-Identifier: Apache-2.0
"""A pump's terminal on a test stand: the real device, link and kernel; the pump is a status that a
test sets, and what it was told.

stand = FuelStand()
stand.says(pump.LIFTED)
stand.tap(new_card())              # frozen
stand.told                         # [(kind, body)] but ASK
"""

from firmware.capp import layouts
from firmware.devices.card_trade import EVERY, Keys
from firmware.devices.fuel import Fuel
from firmware.kernel import tags, tlv
from firmware.neighbours import pump
from sim.flash import Flash
from tests.capp_card import CappCard, HashModule
from tests.stand import Stand

FLASH = Flash(9, 2560)
PLACE = (layouts.OWN["fuel"][0], 0)
PRICE_FEN = 800
FREEZE_FEN = 5000


def new_card(**more):
    card = CappCard(df61=0x02, **more)
    card.records.append([1, 1, tlv.build(tags.TRACK_2, card.track)])  # tells its number freely
    card.pages = {PLACE: layouts.issued("own", "fuel")}
    return card


def fields(card):
    return layouts.read(layouts.FREEZE, card.pages[PLACE])


class Wire:
    """What a Neighbour is: a pump at the other end that answers with `state` and what goes with
    it; `deaf`: it does not.
    """

    def __init__(self, link, clock):
        self.link, self.clock = link, clock
        self.state, self.order, self.limit_fen = pump.IDLE, 0, 0
        self.quantity = self.sale = 0
        self.deaf = False
        self.told = []

    def turn(self):
        self.clock.ms += 500
        events = []
        for number, kind, body in pump.Frames().feed(self.link.outgoing(self.clock.ms)):
            if self.deaf:
                continue
            self._take(kind, body)
            answer = pump.frame(number, pump.TOLD, pump.status_body(self.status()))
            events += self.link.feed(answer, self.clock.ms)
        return events or self.link.feed(b"", self.clock.ms)

    def _take(self, kind, body):
        if kind != pump.ASK:
            self.told.append((kind, body))
        words = [int.from_bytes(body[at : at + 4], "big") for at in range(0, len(body), 4)]
        if kind == pump.LIMIT:
            self.order, self.limit_fen = words
        elif kind == pump.RELEASE and self.order == words[0] and self.state == pump.LIFTED:
            self.state, self.quantity, self.sale = pump.RELEASED, 0, self.sale + 1
        elif kind == pump.CLEAR and self.state == pump.FILLED:
            self.state, self.order, self.limit_fen, self.quantity = pump.IDLE, 0, 0, 0

    def status(self):
        amount_fen = (self.quantity * PRICE_FEN + 500) // 1000
        return pump.Status(
            self.state, pump.LITRES, self.order, self.limit_fen, self.sale, amount_fen,
            self.quantity, PRICE_FEN, 0, 0,
        )  # fmt: skip

    def flush(self):
        pass

    def close(self):
        pass


class FuelStand(Stand):
    """`wire` outlives a restart, as a pump does; cards are the test's."""

    flash, limits = FLASH, (1200, 950)

    def __init__(self, minute=0, **more):
        self.module, self.wire = HashModule(), None
        self.more = dict(more, product="92")
        self.more.setdefault("freeze_fen", str(FREEZE_FEN))
        super().__init__("same_card_s: 600\nmerchant: 104310055110001", self.make)
        self.at(minute)
        self.says(pump.IDLE)

    def make(self, settings, parameters, clock, report):
        settings.more.update(self.more)
        keys = Keys({EVERY: (0x28, 8)}, lambda page, pan: b"12345678")
        link = pump.PumpLink()
        if self.wire is None:
            self.wire = Wire(link, clock)
        self.wire.link, self.wire.clock = link, clock
        self.trade = Fuel(settings, parameters, clock, keys, link, self.wire, report)
        return self.trade

    def fresh(self):
        """An empty journal, a terminal and a pump that were just switched on."""
        self.reader.field, self.wire = [], None
        self.flash.restart()
        for block in range(self.flash.block_count):
            self.flash.ioctl(6, block)
        self.restart()
        self.says(pump.IDLE)

    def at(self, minute):
        self.clock.now = (2026, 11, 21, 10 + minute // 60, minute % 60, 0)

    def says(self, state, quantity=0, turns=4):
        """The pump is in this state from here on."""
        self.wire.state, self.wire.quantity = state, quantity
        for _ in range(turns):
            self.terminal.turn()
        return self

    def kinds_told(self):
        """Kinds of what the pump was told since the last call."""
        told, self.wire.told = self.wire.told, []
        return [kind for kind, _ in told]

    def fills(self, card, quantity):
        """A whole fill: lifted, frozen, poured, hung up."""
        self.says(pump.LIFTED)
        assert self.tap(card)["message"] == "frozen"
        self.says(self.wire.state, 0)
        assert self.wire.state == pump.RELEASED, self.wire.state
        self.says(pump.FILLING, quantity)
        self.says(pump.FILLED, quantity)
        return self

    def notes(self):
        """[(reference, fen)] of the fills in the journal."""
        events = [values for kind, values in self.records() if kind == "event"]
        return [
            (one["reference"], one["amount_fen"])
            for one in events
            if one["reason"] == "fuel_filled"
        ]
