# SPDX-License-Identifier: Apache-2.0
"""A car park whose stays lie on the cards, on the stage: a simulated PSAM is at the slot.

The terminal is entry, pay station and exit in turn: `turn` starts it anew on the same journal, as
beside a metro gate (beside_metro_card.py). Cars that `park` come in by another entry lane, played
here: it stamps the card as it is. What each stay has to cost is told by parking_prices.py.

Passes on cards are sold by `sell`; when one holds is told by HeldPass, by its holder's own paper.

Settings that go with it: trips: card, record_key: 28/05, door: barrier, fares: {folder}/car.fares,
and those of beside_records.py.
"""

import tomllib
from collections import Counter
from datetime import datetime

from firmware.capp import layouts
from firmware.formats import record
from host_tools.ledger import stamps
from sim.beside_metro_card import BesideMetroCard, stamp_of
from sim.parking_prices import Prices

ENTRY_LANE, OTHER_GATE = 1, 990001
ARRIVE_MS, DRIVE_MS = 3000, 4000
SFI, AREA_ID, LENGTH, _ = layouts.OWN["parking"]
PASS_SFI = layouts.OWN["parking_pass"][0]
PAID = ("ok", "concession", "torn_recovered", "stamp_proven", "pass_ride")
STAMPED = ("entered", "entered_pays", "prepaid", "pass_valid")
FREE_AT_PAY = ("free_exit", "pass_valid")  # nothing is written there
LET = (*PAID, *STAMPED, "free_exit", "re_entry")


class Stay:
    """A car inside: `came`, datetime or None where nobody knows; `paid_fen`, `paid_at`."""

    def __init__(self, came):
        self.came, self.paid_at = came, None
        self.paid_fen = 0


class HeldPass:
    """What somebody has bought: days and hours, and what its first use costs."""

    def __init__(self, days, hours, price_fen):
        """days: first and last date; hours: (minute, minute) or None, within one day."""
        self.days, self.hours, self.price_fen = days, hours, price_fen
        self.used = False

    def holds(self, came, now):
        """True for a stay within the hours of one day, or at any time of its days."""
        if not self.days[0] <= came.date() <= now.date() <= self.days[1]:
            return False
        if not self.hours:
            return True
        minutes = [one.hour * 60 + one.minute + one.second / 60 for one in (came, now)]
        same_day = came.date() == now.date()
        return same_day and self.hours[0] <= minutes[0] and minutes[1] <= self.hours[1]


class BesideParkingCard(BesideMetroCard):
    """`stays`: {name: Stay} of who is inside, as a camera has them."""

    def __init__(self, play):
        super().__init__(play)
        text = play.scenario.files["car.fares"]["fares"]
        self.prices = Prices(tomllib.loads(text)["products"]["car"])
        self.stays: dict = {}
        self.passes: dict = {}  # name -> HeldPass
        self.last_tap: dict = {}
        self.did: Counter = Counter()
        self.numbers = 0  # of the other entry lane's records

    def verbs(self):
        return {**super().verbs(), "park": self.park, "sell": self.sell}

    def sell(self, holder, days, hours=None, price_fen=0, **fields):
        """A pass is sold onto a card: days = [first, last] as YYYYMMDD, hours = [HHMM, HHMM];
        further fields of its record, which make it none where it is sold.
        """
        sold = {"pass_kind": layouts.DAYS, "from_day": days[0], "until_day": days[1]}
        sold.update(self._ours(), price_fen=price_fen)
        if hours:
            sold.update(from_hhmm=hours[0], until_hhmm=hours[1])
        rows = self.play.card(holder)[0].state["extended"]["records"]
        row = next(one for one in rows if one[0] == f"{PASS_SFI:02X}")
        record = layouts.write(layouts.PARKING_PASS, bytes.fromhex(row[1]), {**sold, **fields})
        row[1] = record.hex().upper()
        if not fields:
            minutes = [one // 100 * 60 + one % 100 for one in hours] if hours else None
            dates = [datetime.strptime(str(one), "%Y%m%d").date() for one in days]
            self.passes[holder] = HeldPass(dates, minutes, price_fen)

    def _ours(self):
        """Fields of a record that say whose it is."""
        told = self.play.scenario.settings
        return {name: told.get(name, 0) for name in ("city", "operator")}

    def heard(self, event):
        if event["event"] == "tap":
            self.last_tap = event

    # --- cars

    def park(self, card, minutes=None, out=None, note="", **how):
        """A car comes in by another lane, is at the terminal `minutes` later, and once more `out`
        minutes behind its arrival. Other arguments: of a tap.
        """
        self.play.narrate(note)
        self.world.spawn(self._park(card, minutes, out, how))

    def _park(self, card, minutes, out, how):
        yield ARRIVE_MS
        if card in self.stays:
            self.did["sent away at the other entry"] += 1
            return
        self._stamp(card)
        self.did["let in by the other entry"] += 1
        for moment, before in ((minutes, 0), (out, minutes)):
            if moment is None:
                return
            yield (moment - before) * 60000
            self.play.do_tap(card, **how)
            how = {}

    def _stamp(self, name):
        """The other entry lane's stamp: on the card at once, nothing is taken."""
        now = self.play.local()
        self.numbers += 1
        rows = self.play.card(name)[0].state["extended"]["records"]
        row = next(one for one in rows if one[0] == f"{SFI:02X}")
        fields = {
            "state": layouts.INSIDE, "layout": 1, "entry_time": now.timetuple()[:6],
            **self._ours(), "entry_line": self.play.scenario.settings.get("line", 0),
            "entry_place": ENTRY_LANE, "entry_gate": OTHER_GATE, "entry_number": self.numbers,
        }  # fmt: skip
        row[1] = layouts.write(layouts.TRIP, bytes.fromhex(row[1]), fields).hex().upper()
        self.stays[name] = Stay(now)

    def visited(self, name, message, after):
        """Whoever was let through drives; what he was asked for has to be the tariff's price."""
        if message not in LET:
            return
        lane, now = self.lane, self.play.local()
        if lane != "pay":
            if not (yield from self.gate.opened()):
                self._wrong(f"{name} may pass, the barrier stayed shut")
                return
            yield DRIVE_MS
            self.walked += 1
        if message == "re_entry":
            self.did["let through again"] += 1
        elif lane == "entry":
            self.stays[name] = Stay(now)
        elif lane == "pay" and message in FREE_AT_PAY:
            self._judge(name, self.stays[name], 0, now)
        else:
            self._left(name, message, lane, now)

    def _left(self, name, message, lane, now):
        stay = self.stays.get(name) or Stay(None)
        asked_fen = self.last_tap["amount_fen"] if message in PAID else 0
        self._judge(name, stay, asked_fen, now)
        stay.paid_fen, stay.paid_at = stay.paid_fen + asked_fen, now
        self.did[f"{message} at {lane}"] += 1
        if lane == "exit":
            self.stays.pop(name, None)
            stamp = stamp_of(self.play.crowd.cards[name], f"{SFI:02X}")
            if stamp["amount_fen"] != stay.paid_fen and not self.world.cuts:
                self._wrong(f"{name}: {stay.paid_fen} fen paid, the card says {stamp}")

    def _judge(self, name, stay, asked_fen, now):
        """Say where a tap asked for what neither tariff nor pass says."""
        prices, held = self.prices, self.passes.get(name)
        fits = {prices.lost_fen}
        if stay.came:
            fits = prices.possible(stay.came, now, stay.paid_fen)
        if held and stay.came and held.holds(stay.came, now):
            fits = fits & {0} | {0 if held.used or self.lane == "pay" else held.price_fen}
            held.used = held.used or asked_fen > 0
        waits = now - stay.paid_at if stay.paid_at else None
        if name.startswith("month#") or (waits is not None and waits <= prices.leave):
            fits = {0}
        if asked_fen not in fits and not self.world.cuts:
            self._wrong(f"{name} was asked for {asked_fen} fen, not {sorted(fits)}")

    def _wrong(self, said):
        self.play.wrong.append(f"{self.play.when()}: {said}")

    # --- what must agree

    def balance(self, records):
        """Each car that drove has its record, each card says where its car is, and the ledger
        knows the stays that this terminal began.
        """
        said = Counter(values["kind"] for values in records)
        moving = [one for one in records if one["direction"]]  # at a pay station nobody drives
        passed = sum(one["kind"] in MOVING or one["reason"] == "re_entry" for one in moving)
        faults = [] if self.world.cuts else self._balance_faults(passed)
        open_trips = sum(one.state == "open" for one in stamps.trips(self.play.ledger.engine))
        facts = {
            "stamped, nothing to pay": said[record.STAMPED],
            "paid": said[record.APPROVED],
            "barrier was told to open": self.gate.pulses,
            "cars that drove through": self.walked,
            "cars inside at the end": len(self.stays),
            "stays open in the ledger": open_trips,
            **dict(sorted(self.did.items())),
        }
        return facts, faults

    def _balance_faults(self, passed):
        faults = []
        if not passed == self.gate.pulses == self.walked:
            faults.append(
                f"{passed} may pass in the journal, the barrier was told to open"
                f" {self.gate.pulses} times, {self.walked} drove"
            )
        for name, card in self.play.crowd.cards.items():
            stamp = stamp_of(card, f"{SFI:02X}")
            stay = self.stays.get(name)
            if stamp is None:
                continue
            inside = stamp["state"] in (layouts.INSIDE, layouts.PAID)
            if inside != bool(stay):
                faults.append(f"{name}: inside is {bool(stay)}, its card says {stamp['state']}")
            elif stay and (stamp["state"] == layouts.PAID) != bool(stay.paid_at):
                faults.append(f"{name}: paid at {stay.paid_at}, its card says {stamp['state']}")
        return faults


MOVING = (record.STAMPED, record.APPROVED)
