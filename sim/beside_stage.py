# SPDX-License-Identifier: Apache-2.0
"""A bus on the stage whose riders' transfers and passes lie on the cards, and what each should
have paid by his own story.

The one terminal serves on one line after the other, and at each door: `turn` writes other settings
and starts it anew, on the same journal. What this machine knows of a rider is where and when he
tapped and what he was told, never what his card or the terminal's records say; fares and rules are
those of the scenario, written down here once more:

    [beside] fare_fen, transfer = [MINUTES, MOST, LESS FEN], and for `lane`: fares = [[..]] from
    stop to stop, dearest_fen, turn_min, longest_min; passes = {NAME = [rides or 0, price]}
"""

from collections import Counter
from datetime import timedelta

from firmware.capp import layouts
from firmware.formats import record
from host_tools.ledger import stamps
from sim.beside_records import BesideRecords

PAID = ("ok", "concession", "transfer", "pass_ride", "free_exit", "boarded", "boarded_late",
        "torn_recovered", "stamp_proven")  # fmt: skip
UNKNOWN = (
    "last_record_lost",
    "torn_suspect",
    "debited_refused",
    "stamp_refused",
    "card_lost",
    "nothing",
    "",
)


class Rider:
    """What a rider knows of himself. fares: fen of each tap that was good, in turn."""

    def __init__(self):
        self.fares: list[int] = []
        self.last = None  # (line, moment) where he left, or boarded at a bus of one tap
        self.transfers = 0
        self.boarded = None  # (line, stop, moment)
        self.used = 0  # rides of his pass
        self.doubtful = False  # torn, and never settled


class BesideStage(BesideRecords):
    """`riders`: {name: Rider}."""

    def __init__(self, play):
        super().__init__(play)
        told = play.scenario.settings
        self.at = {key: told.get(key, "") for key in ("lane", "line", "stop")}
        self.rules = play.scenario.beside
        self.passes = dict(self.rules.get("passes", {}))
        self.riders: dict[str, Rider] = {}
        self.metro: dict = {}  # name -> moment he left the metro

    def verbs(self):
        return {
            **super().verbs(), "turn": self.turn, "sell": self.sell, "metro": self.rode_metro,
            "write": self.write,
        }  # fmt: skip

    def turn(self, **settings):
        """The reader is at another door, line or stop from here on."""
        self.at.update(settings)
        path = self.play.folder / "settings.txt"
        lines = path.read_text(encoding="utf-8").splitlines()
        kept = [one for one in lines if one.partition(":")[0] not in settings]
        folder = str(self.play.folder)
        told = {key: str(one).replace("{folder}", folder) for key, one in settings.items()}
        kept += [f"{key}: {value}" for key, value in told.items() if value]
        path.write_text("\n".join(kept) + "\n", encoding="utf-8")
        self.world.pull_plug()

    def sell(self, holder, rides=0, price_fen=0, **fields):
        """A pass is sold: `rides` of it, or none: for its days; into the card's record, by the
        issuer's own tool. A pass that should be refused is not held by its rider.
        """
        kind = layouts.RIDES if rides else layouts.DAYS
        self._put(holder, "pass", pass_kind=kind, rides=rides, price_fen=price_fen, **fields)
        if fields["from_day"] <= self._day() <= fields["until_day"]:
            self.passes[holder] = (rides, price_fen)

    def rode_metro(self, holder, minutes_ago=0):
        """A metro gate has let somebody out, so long ago, and closed his record."""
        gone = self._moment(60 * minutes_ago)
        self._put(holder, "metro", state=layouts.CLOSED, exit_time=gone, exit_gate=77)
        self.metro[holder] = self.world.now_ms - 60000 * minutes_ago

    def write(self, holder, trade, **fields):
        """Somebody else has written fields into a record of a card, or an attacker; `newest`: hex
        of a record that was put into the ring.
        """
        self._put(holder, trade, **fields)

    @property
    def city(self):
        return int(self.play.scenario.settings.get("city", 0))

    def _day(self):
        now = self.play.local()
        return now.year * 10000 + now.month * 100 + now.day

    def _moment(self, ago_s):
        then = self.play.local() - timedelta(seconds=ago_s)
        return (then.year, then.month, then.day, then.hour, then.minute, then.second)

    def _put(self, name, trade, newest="", **fields):
        card = self.play.card(name)[0]
        more = card.state["extended"]
        if newest:
            more["ring"]["records"].insert(0, newest.upper())
            return
        sfi, _, _, layout = layouts.OWN[trade]
        row = next(one for one in more["records"] if one[0] == f"{sfi:02X}")
        changes = {
            key: tuple(one) if isinstance(one, list) else one for key, one in fields.items()
        }
        if "city" in dict(layout):
            changes.setdefault("city", self.city)
        row[1] = layouts.write(layout, bytes.fromhex(row[1]), changes).hex().upper()

    # --- what each should have paid

    def visited(self, name, message, after):
        """A rider was told something: what has he to pay for it, by his own story?"""
        if not self.rules:
            return  # nobody has said what the rides come to
        rider = self.riders.setdefault(name, Rider())
        if message in PAID:
            due = self._due_by_lane(rider, name, self.world.now_ms)
            if due is not None:
                rider.fares.append(due)
        elif message in UNKNOWN:
            rider.doubtful = True
        yield from ()

    def _due_by_lane(self, rider, name, now_ms):
        lane, line, stop = self.at["lane"], self.at["line"], self.at["stop"]
        if not lane:
            return self._due(rider, name, self.rules["fare_fen"], now_ms, now_ms)
        boarded = rider.boarded
        begins = lane == "entry"
        if lane == "both":
            longest_ms = 60000 * self.rules["longest_min"]
            ends = boarded and boarded[0] == line and now_ms - boarded[2] <= longest_ms
            begins = not ends
        if begins:
            rider.boarded = line, stop, now_ms
            return self.rules["dearest_fen"] if boarded else 0
        rider.boarded = None
        if not boarded or boarded[0] != line:
            return self._due(rider, name, self.rules["dearest_fen"], None, now_ms)
        minutes = (now_ms - boarded[2]) / 60000
        if boarded[1] == stop and minutes <= self.rules["turn_min"]:
            return 0
        if minutes > self.rules["longest_min"]:
            return self._due(rider, name, self.rules["dearest_fen"], None, now_ms)
        fare = self.rules["fares"][boarded[1] - 1][stop - 1]
        return self._due(rider, name, fare, boarded[2], now_ms)

    def _due(self, rider, name, fare_fen, began_ms, now_ms):
        """Pass before transfer before the fare; began_ms None: nobody knows since when."""
        line, held = self.at["line"], self.passes.get(name)
        transfers = 0
        if held and (not held[0] or rider.used < held[0]):
            fare_fen = self._share(rider, *held)
        elif began_ms is not None:
            transfers = self._transfers(rider, name, line, began_ms)
            fare_fen -= min(fare_fen, self.rules["transfer"][2] if transfers else 0)
        rider.last, rider.transfers = (line, now_ms), transfers
        self.metro.pop(name, None)
        return fare_fen

    def _share(self, rider, rides, price_fen):
        rider.used += 1
        if not rides:
            return price_fen if rider.used == 1 else 0
        share = price_fen // rides
        return share if rider.used < rides else price_fen - share * (rides - 1)

    def _transfers(self, rider, name, line, began_ms):
        """How many transfers behind its fare this ride is."""
        minutes, most, _ = self.rules["transfer"]
        if name in self.metro:
            return int(began_ms - self.metro[name] <= 60000 * minutes)
        if not rider.last or rider.last[0] == line or rider.transfers >= most:
            return 0
        return rider.transfers + 1 if began_ms - rider.last[1] <= 60000 * minutes else 0

    # --- what must agree

    def balance(self, records):
        """Each rider has paid what his story comes to, in that order; passes are told apart."""
        said: Counter = Counter(values["kind"] for values in records)
        good = [one for one in records if one["kind"] in (record.APPROVED, record.STAMPED)]
        faults = [] if self.world.cuts else self._faults(good)
        rules: Counter = Counter(values["rule"] for values in good)
        open_trips = sum(one.state == "open" for one in stamps.trips(self.play.ledger.engine))
        inside = sum(one.boarded is not None for one in self.riders.values() if not one.doubtful)
        doubtful = sum(one.doubtful for one in self.riders.values())
        named = self.play.scenario.settings.get("layout") != "t-union"  # by the card's record
        judged = self.rules and named and not self.world.cuts
        if judged and not inside <= open_trips <= inside + doubtful:
            faults.append(f"the ledger has {open_trips} open trips, {inside} are on the bus")
        facts = {
            "stamped, nothing to pay": said[record.STAMPED],
            "paid": said[record.APPROVED],
            "riders whose story was reckoned": len(self.riders) - doubtful,
            "riders torn and never settled": doubtful,
            "of fen by their stories": sum(sum(one.fares) for one in self.riders.values()),
            "riders on the bus at the end": inside,
        }
        return facts | {f"by rule {word}": n for word, n in rules.most_common()}, faults

    def _faults(self, good):
        faults = []
        for name, rider in sorted(self.riders.items()):
            pan = self.play.crowd.pans[name]
            mine = [one for one in good if record.pan_digits(one["pan"]) == pan]
            paid = [one["amount_fen"] for one in sorted(mine, key=lambda one: one["atc"])]
            if not rider.doubtful and paid != rider.fares:
                faults.append(f"{name} paid {paid}, his rides come to {rider.fares}")
        return faults
