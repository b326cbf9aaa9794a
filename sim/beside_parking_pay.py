# SPDX-License-Identifier: Apache-2.0
"""A pay station of a car park on the stage; around it, at the wire, the exit lane with its store,
an entry lane and a second pay station.

The terminal is the pay station: its money is that of the cards. The store is the firmware's own
(devices/lane_store.py), the exit lane is played by this machine, which decides by what the store
says and takes what is due from no card of this play, as the second pay station does. What each
stay has to cost is told by parking_prices.py, what each driver was asked for by his own story.

Settings that go with it: lane: pay, store: serial:store, fares: {folder}/car.fares
"""

import tomllib
from collections import Counter
from datetime import timedelta

from firmware.devices.lane_store import (
    RELEASE,
    ROW,
    Entry,
    Payment,
    key_of,
    pack_entry,
    pack_told,
    unpack_entry,
    unpack_payment,
)
from firmware.formats import record
from sim.beside import Beside
from sim.flash import Flash
from sim.lane_peers import EntryLane, PayPeer, SharedStore, Wire
from sim.parking_prices import Prices

BLOCKS = 20
ENTRY_LANE = 1
IDLE_MS, BUSY_MS = 1200, 100  # so often the played lines are served
ARRIVE_MS, PAYS_MS, WALLET_S = 3000, 6000, 6
ANSWER_MS = 5000  # nobody waits longer for a price
RETRY_S, RETRIES = 30, 20  # of a driver at the exit whose payment is not known there
BACK_S, BACKS = 20, 4  # of a driver who does not know whether he has paid
PAID = ("ok", "concession", "torn_recovered")
UNKNOWN = ("last_record_lost", "card_lost", "torn_suspect", "debited_refused")
# what the panel says behind the first tap, by a part of it
SAYS = {
    ": card again": "due", "Drive out, not": "free", "Paid before": "prepaid",
    "No entry": "no entry", "Pay station: not": "open", "Closed: lane": "line lost",
}  # fmt: skip


class Stay:
    """What a driver knows. came: datetime, None without an entry in the store; fits: fen of the
    price he was told; since: when he was told it, or paid.
    """

    def __init__(self, came):
        self.came, self.fits, self.since, self.paid_at = came, set(), None, None
        self.paid_fen = 0  # at both stations
        self.due_fen, self.killed = 0, False  # as told; the power went while he paid it
        self.backs = 0
        self.doubtful = False  # torn, and not settled


class BesideParkingPay(Beside):
    """`stays`: {name: Stay} of who is inside; `here_fen`: fen by name, paid at the terminal."""

    def __init__(self, play):
        super().__init__(play)
        text = play.scenario.files["car.fares"]["fares"]
        self.prices = Prices(tomllib.loads(text)["products"]["car"])
        self.lot = SharedStore(Flash(BLOCKS))
        self.store = self.lot.store
        self.lot.station.on_told = self._on_told
        self.world.lines.peers["store"] = self.lot.station
        self.entry, self.other = EntryLane(), PayPeer()
        self.wires = {
            "entry": Wire(self.entry, self.lot.entry), "other": Wire(self.other, self.lot.other)
        }  # fmt: skip
        self.busy, self.entering = 0, False  # who waits for a played line; for the entry lane
        self.world.spawn(self._keep_lines_alive())
        self.stays: dict[str, Stay] = {}
        self.here_fen: Counter = Counter()
        self.did: Counter = Counter()
        self.other_fen = self.exit_fen = self.late = 0
        self.kills = False  # the power goes when the next payment is told
        self.said, self.asked_fen, self.told_fen = "", 0, 0

    def may_end(self):
        """Nobody is asked for a card while the station is closed."""
        return ("",) if "store" in self.world.lines.down else ()

    def verbs(self):
        return {**super().verbs(), "park": self.park, "cut": self.cut}

    def cut(self, line, up=False):
        """The line of the `entry` lane or of the `other` pay station is cut, or mended."""
        self.wires[line].cut = not up

    def heard(self, event):
        if event["event"] == "tap":
            self.asked_fen = event["amount_fen"]
        elif event["event"] == "payment_late":
            self.late += 1
        elif event["event"] == "show":
            word = [one for part, one in SAYS.items() if part in event["line2"]]
            self.said = word[0] if word else self.said
            if word == ["due"]:
                self.told_fen = round(100 * float(event["line2"].split(":")[0].split()[1]))

    def before(self):
        self.said = ""
        yield from ()

    def _keep_lines_alive(self):
        """The stage skips time when nobody is there; the lines' beats come all the same."""
        while True:
            yield BUSY_MS if self.busy else IDLE_MS
            for wire in self.wires.values():
                wire.pump(self.world.now_ms)
            self.world.lines.pump(self.world.now_us)

    def _on_told(self):
        """True where a payment is lost on its way, since the power goes."""
        killed, self.kills = self.kills, False
        if killed:
            self.world.pull_plug()
        return killed

    # --- cars

    def park(self, card, pays=None, leaves=None, other=None, by_hand=False, note="", **how):
        """A car comes; minutes behind its entry its driver is at the terminal (`pays`), at the
        other pay station (`other`), at the exit (`leaves`). by_hand: let in without an entry where
        the entry lane is closed.

        Others: `walks`: does not pay what he is told; in_s: seconds from the price to the second
        tap; cut: `price`: the power goes while the price stands there, `power`: behind the debit,
        `torn`: behind a tap that was torn, `line`: the line is cut when the price is told; ends:
        of the first tap; tear, again: of the tap that pays.
        """
        self.play.narrate(note)
        self.world.spawn(self._park(card, pays, leaves, other, by_hand, how))

    def _park(self, card, pays, leaves, other, by_hand, how):
        yield ARRIVE_MS
        self.world.stir()
        while self.entering:  # one car behind the other
            yield ARRIVE_MS
        self.entering, now = True, self.play.local()
        entry = Entry(self._key(card), ENTRY_LANE, now.timetuple()[:6], 0)
        self.busy += 1
        verdict = yield from self.entry.enter(entry, self.world)
        self.busy -= 1
        self.entering = False
        self.did[f"entry: {verdict}"] += 1
        if verdict != "stored" and not by_hand:
            return
        self.stays[card] = Stay(now if verdict == "stored" else None)
        to_do = ((pays, self._comes), (other, self._pays_there), (leaves, self._leave))
        for minutes, does in to_do:
            if minutes is not None:
                self.world.spawn(_later(minutes, lambda does=does: does(card, how)))

    def _comes(self, card, how):
        """The driver is at the terminal, behind who is there already."""
        first = {key: how[key] for key in ("ends",) if key in how}
        self.play.do_tap(card, again=not how.get("once"), how=how, **first)
        yield 0

    def visited(self, name, message, after):
        how, stay = after["how"], self.stays.get(name)
        if stay is None:
            self._wrong(f"{name} has left, and is at the station: {message}")
        elif message == "stay_asked":
            yield from self._told(name, stay, how)
        elif message in PAID:
            self._paid(name, stay)
        elif how.get("fits"):  # it was the tap that pays
            stay.doubtful = stay.doubtful or message in UNKNOWN
            if how.pop("plug", False):
                self.world.pull_plug()
            self._back(name, stay, how)

    def _back(self, name, stay, how):
        """He comes again, unless he is nobody who does, or has done so for long enough."""
        stay.backs += 1
        if how.get("again", True) and stay.backs <= BACKS:
            self.world.spawn(_later(BACK_S / 60, lambda: self._comes(name, how)))

    def _told(self, name, stay, how):
        """He waits for his price, and pays it with a second tap, or not."""
        waited_ms = 0
        while not self.said and waited_ms < ANSWER_MS:
            yield 100
            waited_ms += 100
        now = self.play.local()
        self.did[f"told: {self.said or 'nothing'}"] += 1
        if self.said == "prepaid" and stay.killed:  # so the first tap was a payment
            stay.killed = False
            self._has_paid(name, stay, stay.due_fen)
        self._judge_told(name, stay, now)
        if self.said in ("", "line lost"):
            self._back(name, stay, how)
        if self.said != "due" or how.get("walks"):
            return
        stay.since, stay.due_fen, stay.killed = now, self.told_fen, how.get("cut") == "power"
        how, cut = dict(how, cut=None, fits=True), how.get("cut")
        if cut == "price":
            self.world.pull_plug()
        self.kills = self.kills or cut == "power"
        yield 1000 * how.pop("in_s", WALLET_S)
        first = (lambda: self.world.lines.cut("store"), 0) if cut == "line" else None
        how["plug"] = cut == "torn"
        told = {"tear": how.pop("tear", None), "again": how.get("again", True) and cut != "torn"}
        yield from self.play.visit(name, first=first, how=how, **told)

    def _judge_told(self, name, stay, now):
        """Say where he was told what the tariff does not say."""
        fits = self.prices.possible(stay.came, now, stay.paid_fen) if stay.came else set()
        waits = now - stay.paid_at if stay.paid_at else None
        in_time = waits is not None and waits <= self.prices.leave
        right = {
            "due": self.told_fen in fits and not in_time, "free": 0 in fits, "prepaid": in_time,
            "no entry": not fits or stay.doubtful or name not in self.stays,
        }.get(self.said, True)  # fmt: skip
        stay.fits = fits
        if not right and not stay.doubtful and not self.world.cuts:
            self._wrong(f"{name} was told {self.said!r}, {sorted(fits)} fen would be due")

    def _paid(self, name, stay):
        fen = self.asked_fen
        if fen not in stay.fits and not self.world.cuts:
            self._wrong(f"{name} was asked for {fen} fen, not {sorted(stay.fits)}")
        self._has_paid(name, stay, fen)

    def _has_paid(self, name, stay, fen):
        stay.doubtful = False
        stay.paid_fen, stay.paid_at = stay.paid_fen + fen, self.play.local()
        self.here_fen[name] += fen

    def _pays_there(self, name, how):
        """At the other station, where no card of this play is debited."""
        self.world.stir()
        self.busy += 1
        key, stay = self._key(name), self.stays[name]
        row = yield from self.other.ask(key, self.world)
        before, now = unpack_payment(row) if row else None, self.play.local()
        due_fen = self.prices.at(stay.came, now) - before.paid_fen if before else 0
        if before and due_fen > 0:
            yield PAYS_MS
            now = self.play.local()
            paid = Payment(now.timetuple()[:6], before.paid_fen + due_fen, PayPeer.NUMBER)
            stay.paid_fen, stay.paid_at, stay.since = stay.paid_fen + due_fen, now, now
            self.other_fen += due_fen
            yield from self.other.tell(pack_told(unpack_entry(row), paid), self.world)
            self.did["other station: paid"] += 1
        else:
            blank = Entry(key, PayPeer.NUMBER, (2000, 0, 0, 0, 0, 0), 0)
            yield from self.other.tell(pack_entry(RELEASE, blank), self.world)
            self.did["other station: nothing due or no answer"] += 1
        self.busy -= 1

    def _leave(self, name, how):
        """The exit lane, by what the store says; who may have paid elsewhere pays nothing here."""
        key, stay = self._key(name), self.stays[name]
        for _ in range(RETRIES):
            self.store.turn()
            payment = self.store.payment(key)
            if not (payment and payment.asked_by) and not self._unheard(stay):
                self._out(name, stay, payment)
                return
            self.did["exit: pay_open or store_lost, waits"] += 1
            yield RETRY_S * 1000
        self.did["exit: sent to the attendant"] += 1
        if not stay.doubtful:
            self._wrong(f"{name} has paid or not, and cannot leave")

    def _unheard(self, stay):
        """True for who has no entry while the entry lane cannot be heard."""
        return stay.came is None and self.wires["entry"].cut

    def _out(self, name, stay, payment):
        now, paid_fen = self.play.local(), payment.paid_fen if payment else 0
        if paid_fen != stay.paid_fen and not stay.doubtful:
            self._wrong(f"{name} paid {stay.paid_fen} fen, the exit has heard of {paid_fen}")
        due_fen = self.prices.lost_fen
        if stay.came:
            due_fen = max(0, self.prices.at(stay.came, now) - paid_fen)
        moment = payment and payment.moment and now.replace(
            year=payment.moment[0], month=payment.moment[1], day=payment.moment[2],
            hour=payment.moment[3], minute=payment.moment[4], second=payment.moment[5],
        )  # fmt: skip
        if moment and now - moment <= self.prices.leave:
            self.did["exit: prepaid"] += 1
            if not stay.since <= moment + timedelta(seconds=2) or moment > now:
                self._wrong(f"{name} paid at {moment:%H:%M:%S}, as the exit has it")
        else:
            what = "lost entry" if stay.came is None else "rest" if moment else "all"
            self.did[f"exit: {what if due_fen else 'free'}"] += 1
            self.exit_fen += due_fen
        self.store.leave(self._key(name))
        self.stays.pop(name)

    def _key(self, name):
        return key_of(self.play.card(name)[0].pan)

    def _wrong(self, said):
        self.play.wrong.append(f"{self.play.when()}: {said}")

    # --- what must agree

    def balance(self, records):
        """What each driver was asked for is what the journal has of his card, and what the exit
        lane has heard of those who are still inside.
        """
        paid: Counter = Counter()
        for values in records:
            if values["kind"] == record.APPROVED:
                paid[record.pan_digits(values["pan"])] += values["amount_fen"]
        faults = [] if self.world.cuts else self._faults(paid)
        facts = {
            "fen paid at this station": sum(paid.values()),
            "fen paid at the other one": self.other_fen,
            "fen paid at the exit": self.exit_fen,
            "cars inside at the end": len(self.stays),
            "of them torn and never settled": sum(one.doubtful for one in self.stays.values()),
            **dict(sorted(self.did.items())),
        }
        return facts, faults

    def _faults(self, paid):
        faults = [f"{self.late} payments came too late for their entries"] if self.late else []
        doubtful = {name for name, one in self.stays.items() if one.doubtful}
        for name, pan in self.play.crowd.pans.items():
            if name not in doubtful and paid[pan] != self.here_fen[name]:
                faults.append(f"{name} paid {self.here_fen[name]}, its records say {paid[pan]}")
        inside = {name: one for name, one in self.stays.items() if one.came}
        for name, stay in inside.items():
            payment = self.store.payment(self._key(name)) or Payment(None, 0, 0)
            if name not in doubtful and payment.paid_fen != stay.paid_fen:
                faults.append(f"{name} paid {stay.paid_fen}, the store says {payment.paid_fen}")
            if bool(payment.asked_by) != (name in doubtful):
                faults.append(f"{name}: the store's mark is that of {payment.asked_by}")
        if len(self.store.rows) // ROW != len(inside):
            faults.append(f"{len(self.store.rows) // ROW} entries, {len(inside)} are inside")
        return faults


def _later(minutes, does):
    """Generator: so many minutes, then what does() answers."""
    yield minutes * 60000
    yield from does()
