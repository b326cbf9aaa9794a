# SPDX-License-Identifier: Apache-2.0
"""A pump on the stage: the virtual one of sim/pump.py, cars one behind the other, a PSAM.

What was poured the pump counts by itself; at the end its sales and totalizer are held against
journal, cards and ledger. Settings that go with it: pump: serial:pump, record_key: 28/08, and
those of beside_records.py.
"""

from collections import Counter

from firmware.capp import layouts
from firmware.devices.fuel_fills import FILL
from firmware.errors import FormatError
from firmware.formats import extension, fields, record
from host_tools.ledger import stamps
from sim.beside_records import BesideRecords
from sim.pump import Pump, PumpBusy, amount_of

LOOK_MS = 200
LIFT_MS = 2500  # from the nozzle to the card
RELEASE_MS = 9000  # a driver waits no longer for his pump
HANG_MS = 2000  # from the last drop to the nozzle's place
POUR_MS = 180000
WAIT_MS, PATIENCE = 15000, 8
FROZEN = ("frozen", "torn_recovered", "re_entry")
PAID = ("ok", "fuel_none", "torn_recovered")
TORN = ("card_lost", "last_record_lost")
SFI = f"{layouts.OWN['fuel'][0]:02X}"
AREA = layouts.OWN["fuel"][1]
HELD = (record.PREAUTHORISED, record.PENDING)
FILLED = "fuel_filled"


class StagePump:
    """The pump at its end of the line; `fails()` is called once it has heard a limit, before it is
    released.
    """

    def __init__(self, pump):
        self.pump = pump
        self.fails = None

    def feed(self, data, now_ms):
        events = self.pump.feed(data, now_ms)
        if self.fails and ("limit", True) in events:
            fails, self.fails = self.fails, None
            fails()

    def outgoing(self, now_ms):
        return self.pump.outgoing(now_ms)


class BesideFuel(BesideRecords):
    """`pump`: of sim/pump.py. Whoever wants to fill meanwhile waits in the queue."""

    def __init__(self, play):
        super().__init__(play)
        told = play.scenario.world
        self.pump = Pump(told.get("price_fen", 756), int(told.get("unit") == "kg"))
        self.line = self.world.lines.peers["pump"] = StagePump(self.pump)
        self.jobs: list = []
        self.at_work = False
        self.met = ""  # message that the last visit ended with
        self.count = Counter()

    def verbs(self):
        return {
            **super().verbs(),
            "car": self.car,
            "settle": lambda card, **how: self._job(self._settle(card, how)),
            "pump": self.handle,
        }

    def handle(self, text):
        """Something is done to the pump: a command of sim/pump.py."""
        self.pump.do(text)
        self.tell("pump", text)

    def car(self, card, ml, leaves=False, tear_at="freeze", **how):
        """A car of `card` takes `ml`; see docs/scenarios.md."""
        self._job(self._car(card, ml, leaves, tear_at, how))

    def _job(self, steps):
        self.jobs.append(steps)
        if not self.at_work:
            self.at_work = True
            self.world.spawn(self._work())

    def _work(self):
        while self.jobs:
            yield from self.jobs.pop(0)
        self.at_work = False

    # --- a car

    def _car(self, card, ml, leaves, tear_at, how):
        tear = {name: how.pop(name) for name in ("tear", "again") if name in how}
        cut, other, pump = how.pop("cut", ""), how.pop("other", ""), how.pop("pump", "")
        ends = how.pop("ends", ())
        if not self._do("lift"):
            return
        yield LIFT_MS
        self.line.fails = self.world.pull_plug if cut == "limit" else None
        yield from self._tap(card, ends or FROZEN, **how, **(tear if tear_at == "freeze" else {}))
        if self.met in ("ok", "fuel_none"):  # of what he had left open; now the new sum
            self.count["came back and paid"] += 1
            yield from self._tap(card, FROZEN)
        if self.met in FROZEN:
            yield from self._fill(card, ml, pump, cut, other)
        self._do("hang")
        self.world.stir()
        self._fails(cut == "hung")
        yield HANG_MS
        self.count["drove away without the second tap"] += leaves and self.met in FROZEN
        if self.met in FROZEN and not leaves:
            yield from self._pay(card, **(tear if tear_at == "pay" else {}))

    def _pay(self, card, **how):
        """The second tap; a driver waits for a pump that has lost its power."""
        for _ in range(PATIENCE):
            yield from self._tap(card, (*PAID, "pump_away"), **how)
            if self.met != "pump_away":
                break
            yield WAIT_MS

    def _fill(self, card, ml, pump, cut, other):
        """The nozzle pours, when it is released; a driver whose nozzle is not taps once more."""
        yield from self._released()
        if not self.pump.released:
            yield from self._tap(card, ("re_entry", "pump_busy", "pump_away", "pump_hang", ""))
            yield from self._released()
        if not (ml and self.pump.released):
            self.count["nothing poured"] += 1
            self.met = FROZEN[0]
            return
        if pump:
            self.handle(pump)
        try:
            self.pump.do(f"fill {ml}")
        except PumpBusy:
            return
        frozen = self.met
        if other:
            yield HANG_MS
            yield from self._tap(other, ("pump_busy",))
        if cut == "filling":
            yield HANG_MS
            self._fails(True)
        end_ms = self.world.now_ms + POUR_MS
        while self.pump.pours and self.world.now_ms < end_ms:
            yield LOOK_MS
        self.met = frozen
        yield HANG_MS

    def _released(self):
        end_ms = self.world.now_ms + RELEASE_MS
        while not self.pump.released and self.world.now_ms < end_ms:
            self.world.stir()
            yield LOOK_MS

    def _settle(self, card, how):
        """Who has left without the second tap is back."""
        yield LIFT_MS
        ends = how.pop("ends", PAID)
        yield from self._tap(card, ends, **how)
        self.count["came back and paid"] += self.met in PAID

    def _tap(self, card, ends, **how):
        self.world.stir()
        yield from self.play.visit(card, ends=ends, **how)

    def visited(self, name, message, after):
        self.met = message
        yield from ()

    def _do(self, text):
        try:
            self.pump.do(text)
        except PumpBusy:
            return False
        self.world.stir()
        return True

    def _fails(self, now):
        if now:
            self.world.pull_plug()

    def evening(self):
        while self.at_work:
            yield LOOK_MS

    # --- what must agree

    def balance(self, records):
        """Each sale of the pump is noted once, and paid once or open; the totalizer is their sum;
        cards, journal and ledger have the same sums frozen.
        """
        held, noted, paid, faults = told_of(records)
        sums: Counter = Counter()
        for sale in self.pump.sales:
            faults += self._sale_faults(sale, held, noted)
            sums["poured"] += sale.amount_fen
            sums["paid" if sale.order in paid else "open"] += sale.amount_fen
            if sale.order in paid and paid[sale.order] != sale.amount_fen:
                said = f"{paid[sale.order]} fen were paid, {sale.amount_fen} poured"
                faults.append(f"sale {sale.number}: {said}")
        sold = {one.order for one in self.pump.sales}
        faults += [f"order {n}: paid {fen}, nothing poured" for n, fen in paid.items()
                   if fen and n not in sold]  # fmt: skip
        quantity = sum(one.quantity for one in self.pump.sales)
        if (self.pump.total_fen, self.pump.total_quantity) != (sums["poured"], quantity):
            faults.append(f"the totalizer says {self.pump.total_fen} fen, sales {sums['poured']}")
        if sums["poured"] != sums["paid"] + sums["open"]:
            faults.append(f"{sums['poured']} fen poured, {sums['paid']} paid, {sums['open']} open")
        frozen = [name for name, card in self.play.crowd.cards.items() if is_frozen(card)]
        open_rows = [one for one in stamps.trips(self.play.ledger.engine)
                     if one.state in ("open", "doubtful")]  # fmt: skip
        sure = [one for one in open_rows if one.state == "open"]
        if not len(sure) <= len(frozen) <= len(open_rows):
            faults.append(f"{len(frozen)} cards have a sum frozen, the ledger {len(open_rows)}")
        facts = {
            "sales of the pump": len(self.pump.sales),
            "litres or kilograms": f"{quantity / 1000:.3f}",
            "yuan on the totalizer": f"{self.pump.total_fen / 100:.2f}",
            "  completed by cards": f"{sums['paid'] / 100:.2f}",
            "  noted, still open": f"{sums['open'] / 100:.2f}",
            "sums frozen": len(held),
            "cards with a sum frozen": len(frozen),
            **self.count,
        }
        return facts, faults

    def _sale_faults(self, sale, held, noted):
        found = []
        if sale.amount_fen != amount_of(sale.quantity, sale.price_fen):
            found.append(f"sale {sale.number}: its sum is not litres by price")
        if noted.get(sale.number) != (sale.order, sale.amount_fen, sale.quantity):
            found.append(f"sale {sale.number}: {noted.get(sale.number)} in the journal")
        if sale.limit_fen > held.get(sale.order, 0):
            said = f"limit {sale.limit_fen}, frozen {held.get(sale.order, 0)}"
            found.append(f"sale {sale.number}: {said}")
        return found


def told_of(records):
    """({order: fen frozen}, {sale of the pump: (order, fen, ml)}, {order: fen paid}, faults) of
    record dicts.
    """
    held, noted, paid, faults = {}, {}, {}, []
    for values in records:
        if values["kind"] == record.EVENT and values["reason"] == FILLED:
            if values["trade_data"]:
                told = fields.unpack(FILL, values["trade_data"])
                row = (values["reference"], values["amount_fen"], told["quantity"])
                if noted.setdefault(told["sale"], row) != row:
                    twice = f"{noted[told['sale']]} and {row}"
                    faults.append(f"sale {told['sale']} is noted as {twice}")
            continue
        try:
            known = extension.of(values)
        except FormatError:
            known = None
        if not known:
            continue
        was, has = [layouts.read(layouts.FREEZE, one) for one in known["changes"][0][2:4]]
        if known["kind"] == extension.PREAUTHORISATION:
            if values["kind"] in HELD:
                held[has["entry_number"]] = values["amount_fen"]
        elif values["kind"] in (record.APPROVED, record.STAMPED):
            if was["entry_number"] in paid:
                faults.append(f"order {was['entry_number']} is completed twice")
            paid[was["entry_number"]] = values["amount_fen"]
    return held, noted, paid, faults


def is_frozen(card):
    """True where the pump's record of a simulated card has a sum frozen."""
    if card.capp is None:
        return False
    for sfi, data, _ in card.state["extended"]["records"]:
        if sfi == SFI and bytes.fromhex(data)[:2] == AREA:
            return layouts.read(layouts.FREEZE, bytes.fromhex(data))["state"] == layouts.FROZEN
    return False
