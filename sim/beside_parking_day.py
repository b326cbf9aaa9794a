# SPDX-License-Identifier: Apache-2.0
"""A whole car park around its exit lane: entry lane and pay station are played at the wire.

The exit is the terminal. Who pays at the pay station pays there with what is no card of this play
(a telephone, coins): the station tells the exit lane, by the real line, until it is answered. What
each stay has to cost is told by parking_prices.py, from the moments at which cars were let in.

Settings that go with it: those of beside_parking.py, pay_lines: serial:pay, fares:
{folder}/car.fares, and console: serial:console where an attendant keys.
"""

import tomllib
from collections import Counter
from datetime import timedelta

from firmware.devices.lane_store import (
    RELEASE,
    Entry,
    Payment,
    key_of,
    pack_entry,
    pack_told,
    unpack_entry,
    unpack_payment,
)
from sim.beside_parking import ARRIVE_MS, FREE, PAID, BesideParking
from sim.lane_peers import PayPeer
from sim.parking_prices import Prices

PAYS_MS = 6000  # from the price to the payment
EDGE = timedelta(seconds=5)  # of the time to leave, where either answer is right


class BesideParkingDay(BesideParking):
    """`came`: {name: datetime} of who is inside with an entry; `paid`: {name: (fen, datetime)}."""

    def __init__(self, play):
        super().__init__(play)
        text = play.scenario.files["car.fares"]["fares"]
        self.prices = Prices(tomllib.loads(text)["products"]["car"])
        self.pay = PayPeer()
        self.world.lines.peers["pay"] = self.pay
        self.came: dict = {}
        self.paid: dict = {}
        self.did: Counter = Counter()
        self.told_fen = self.asked_fen = 0
        self.keyed = ""

    def heard(self, event):
        if event["event"] == "tap":
            self.asked_fen = event["amount_fen"]

    def key(self, text, told=""):
        super().key(text, told)
        self.keyed = "" if text == "cancel" else text if text[:4] in ("lost", "entr") else ""

    # --- cars

    def park(self, card, minutes=None, by_hand=False, ends=(), pays=None, **how):
        """As BesideParking; pays: minutes after which the driver is at the pay station."""
        super().park(card, minutes, by_hand, ends, **how)
        if pays is not None:
            self.world.spawn(self._pay_later(card, pays))

    def _enter(self, card):
        verdict = yield from super()._enter(card)
        if verdict == "stored":
            self.came[card] = self.play.local()
        return verdict

    def _pay_later(self, name, minutes):
        yield ARRIVE_MS + minutes * 60000
        key = key_of(self._pan(name))
        self.world.stir()
        row = yield from self.pay.ask(key, self.world)
        if not row:
            self.did["pay station: no entry"] += 1
            yield from self._let_go(key)
            return
        before, now = unpack_payment(row), self.play.local()
        due_fen = self.prices.at(self.came[name], now) - before.paid_fen
        free = name in self.paid and now - self.paid[name][1] <= self.prices.leave
        if due_fen <= 0 or free:
            self.did["pay station: nothing due"] += 1
            yield from self._let_go(key)
            return
        yield PAYS_MS
        paid_fen, now = before.paid_fen + due_fen, self.play.local()
        payment = Payment(now.timetuple()[:6], paid_fen, PayPeer.NUMBER)
        self.paid[name] = paid_fen, now
        self.told_fen += due_fen
        self.did["pay station: paid"] += 1
        verdict = yield from self.pay.tell(pack_told(unpack_entry(row), payment), self.world)
        if verdict != "stored":
            self._wrong(f"{name}: its payment was answered {verdict}")

    def _let_go(self, key):
        blank = Entry(key, PayPeer.NUMBER, (2000, 0, 0, 0, 0, 0), 0)
        yield from self.pay.tell(pack_entry(RELEASE, blank), self.world)

    def visited(self, name, message, after):
        if message in (*PAID, *FREE):
            self._judge(name, message)
        yield from super().visited(name, message, after)
        if name not in self.inside:
            self.came.pop(name, None)
            self.paid.pop(name, None)

    def _judge(self, name, message):
        """Say where a car was asked for what the tariff does not say."""
        prices, now, asked_fen = self.prices, self.play.local(), self.asked_fen
        paid_fen, paid_at = self.paid.get(name, (0, None))
        came, keyed, self.keyed = self.came.get(name), self.keyed, ""
        if keyed.startswith("entry"):
            moment = now.replace(hour=int(keyed[6:8]), minute=int(keyed[8:10]), second=0)
            fits = prices.possible(moment, now)
        elif keyed == "lost" or came is None:
            fits = {prices.lost_fen}
        else:
            fits = prices.possible(came, now, paid_fen)
        if message in FREE:
            asked_fen = 0
        waited = now - paid_at if paid_at else None
        if waited is not None and waited <= prices.leave + EDGE:
            fits = {0} if waited <= prices.leave - EDGE else fits | {0}
        if message == "pass_valid":
            fits = {0}
        self.did[f"left: {'lost entry' if came is None else message}"] += 1
        if asked_fen not in fits and not self.world.cuts:
            self._wrong(f"{name} was asked for {asked_fen} fen, not {sorted(fits)}: {message}")

    def balance(self, records):
        facts, faults = super().balance(records)
        facts["fen that the pay station has told"] = self.told_fen
        facts.update(sorted(self.did.items()))
        return facts, faults
