# SPDX-License-Identifier: Apache-2.0
"""A lane of a car park on a test stand: tariff in memory, store on a flash, barrier that notes."""

from firmware.devices.lane_store import Entry, LaneStore, key_of
from firmware.devices.parking_store import Parking
from firmware.errors import LinkLost
from firmware.fares import layout
from firmware.fares.cutover import Cutover
from firmware.fares.engine import Fares
from firmware.kernel import tags, tlv
from firmware.neighbours.relay import Relay
from sim.flash import Flash
from tests.small_card import SmallCard
from tests.stand import Stand

PAN, OTHER = "6228000100000010", "6228000100000028"


class Bytes:
    """A blob in memory."""

    def __init__(self, data):
        self.data, self.size = data, len(data)

    def read(self, at, count):
        return self.data[at : at + count]


class Barrier:
    """An output: how often it was pulsed; `gone`: it cannot be set."""

    def __init__(self):
        self.pulses, self.gone = 0, False

    def set(self, level):
        if self.gone:
            raise LinkLost("no pin")
        self.pulses += level

    def close(self):
        pass


def tariff():
    """15 minutes free, first hour 3.00, then 2.00 an hour, 20.00 a day, 50.00 for a lost entry."""
    head = {"version": 9, "effective": "20260101000000", "ceiling_fen": 10000}
    head["round_fen"], head["drift_s"] = 10, 0
    product = {"word": layout.padded("car"), "kind": layout.TIME, "group": 0, "fen": layout.NO_FEN}
    product["most_fen"] = layout.NO_FEN
    product["least_balance_fen"], product["most_riders"] = 0, 1
    product["first_place"] = product["places"] = product["first_price"] = product["prices"] = 0
    stay = {"free_min": 15, "deducted": 0, "leave_min": 15, "lost_fen": 5000, "cap_fen": 2000}
    stay["first_window"], stay["windows"] = 0, 1
    day = {"from_min": 0, "to_min": 0, "first_min": 60, "first_fen": 300}
    day["step_min"], day["step_fen"], day["cap_fen"] = 60, 200, layout.NO_FEN
    sections = {"products": [product], "stays": [stay], "windows": [day]}
    return Cutover([Fares(Bytes(layout.pack_table(head, sections)))])


def open_card(pan=PAN, tells=True, **has):
    """A card that tells its number without a GPO, unless it does not."""
    card = SmallCard(pan, **has)
    if tells:
        card.records.append([1, 1, tlv.build(tags.TRACK_2, card.track)])
    return card


class Lane:
    """A Stand and what is beside it; restart() of the stand makes a new trade over the same."""

    def __init__(self, lane, flash=None, store=None, passes=None, **more):
        self.flash = flash or (None if store else Flash(6, 1024))
        self.store, self.passes = store, passes
        self.barrier = Barrier()
        self.more = dict(more, lane=lane, product="car")
        self.stand = Stand("", self.make)

    def make(self, settings, parameters, clock, report):
        settings.more.update(self.more)
        settings = _with_stop(settings, 1 if self.more["lane"] == "entry" else 2)
        store = self.store(clock) if self.store else LaneStore(self.flash)
        relay = Relay(lambda: self.barrier, 500, clock)
        self.trade = Parking(settings, parameters, store, tariff(), self.passes, relay, clock)
        return self.trade

    def at(self, hour, minute, day=21):
        self.stand.clock.now = (2026, 11, day, hour, minute, 0)

    def tap(self, card):
        """The message of a tap."""
        event = self.stand.tap(card)
        return event["message"] if event else None


class _with_stop:
    """Settings with another stop."""

    def __init__(self, settings, stop):
        self.more, self.stop = settings.more, stop


def parked(minutes=90, pan=PAN, **more):
    """An exit lane at 10:00 with a car inside since so many minutes."""
    lane = Lane("exit", **more)
    hour, minute = divmod(600 - minutes, 60)
    day = 21
    while hour < 0:
        hour, day = hour + 24, day - 1
    lane.trade.store.enter(Entry(key_of(pan), 1, (2026, 11, day, hour, minute, 0), 0))
    lane.trade.store.turn()
    lane.at(10, 0)
    return lane


def inside(lane, pan=PAN):
    return lane.trade.store.find(key_of(pan)) is not None
