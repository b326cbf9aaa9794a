# SPDX-License-Identifier: Apache-2.0
"""Several terminals on one day: each a process, cards going from one to the other (docs/metro.md).

    result = play_of(scenario, folder, runtime).run()   # a Play where the scenario has no gates

`[gates.NAME]` of a scenario are the settings in which a terminal differs from `[settings]`;
`interpreter = "cpython"` plays it under that one whatever the others run on. A step says in `gate`
whose it is. All share cards, ledger and, over their lines, the hub; the balance is one over all
journals (worlds.py has the time).
"""

import os
import sys
from collections import Counter
from pathlib import Path

from firmware.devices.lane_store import key_of
from firmware.errors import FormatError
from host_tools.lanes.entries import Entries
from host_tools.ledger import Ledger, stamps
from sim.crowd import Crowd
from sim.hub_process import HubProcess
from sim.reconcile import reconcile
from sim.scenario_balance import books_of, reports_faults
from sim.scenario_play import Play, Result
from sim.world import BUSY_MS
from sim.worlds import Worlds

ROOT = Path(__file__).parents[1]
LOOK_MS = 1000  # of a terminal at a hub while nobody comes: both ends say BEAT each second
HUB = "hub:"


def play_of(scenario, folder, runtime, watch=None, cuts=()):
    """Gates or a Play: whoever plays scenarios asks for neither."""
    return (Gates if scenario.gates else Play)(scenario, folder, runtime, watch, cuts)


class Gates:
    """As Play. `plays`: {name: Play}, in the order of their terminals' numbers."""

    def __init__(self, scenario, folder, runtime, watch=None, cuts=()):
        self.scenario, self.folder = scenario, Path(folder).resolve()
        self.watch = watch
        for step in scenario.steps:
            if step.args.get("gate") not in scenario.gates:
                raise FormatError(f"{scenario.name}: no gate is called {step.args.get('gate')!r}")
        self.crowd = Crowd(scenario.seed)
        self.ledger = Ledger(f"sqlite:///{self.folder / 'ledger.db'}")
        self.inside: dict = {}  # card -> station where its rider was let in
        self.last: dict = {}  # card -> (lane, station) where he was let through last
        self.due: Counter = Counter()  # card -> fen of the rides that he was let out of
        self.lost: Counter = Counter()  # card -> fen of taps that he never saw the end of
        self.unsure: set = set()  # cards of such taps
        told = {name: {**scenario.settings, **one} for name, one in scenario.gates.items()}
        self.hub = self._hub(told)
        self.plays: dict = {}
        for name, settings in told.items():
            named = settings.pop("interpreter", "")
            where = self.folder / name
            where.mkdir()
            one = scenario._replace(
                name=name, seed=f"{scenario.seed} {name}", settings=settings, expect={},
                steps=[_for_one(step) for step in scenario.steps if step.args["gate"] == name],
            )  # fmt: skip
            own = _cpython() if named == "cpython" else runtime
            self.plays[name] = Play(one, where, own, self._heard, cuts, among=self)
            if self.hub:
                self.plays[name].world.idle_ms = ((BUSY_MS, LOOK_MS),)

    def _hub(self, told):
        """HubProcess of all lanes in their order, None where none has a line to it."""
        lines = [one.get("twin", "") + one.get("store", "") for one in told.values()]
        if not any(HUB in one for one in lines):
            return None
        lanes = "".join("e" if one["lane"] == "entry" else "x" for one in told.values())
        return HubProcess(self.folder / "hub.db", lanes)

    @property
    def tell(self):
        """Who hears all events; set by whoever looks on."""
        return self._heard

    @tell.setter
    def tell(self, watch):
        self.watch = watch

    def _heard(self, event):
        if self.watch:
            self.watch(event)

    def when(self):
        """Local time as text, of the terminal that is ahead."""
        return max(one.when() for one in self.plays.values())

    def narrate(self, text):
        """As Play."""
        self._heard({"event": "note", "text": text})

    def run(self):
        """Result of all of them together."""
        plays = list(self.plays.values())
        try:
            Worlds([one.world for one in plays]).run([one.live for one in plays])
        finally:
            if self.hub:
                self.hub.kill()
        records, still_open, rows, faults = [], [], [], []
        facts: dict = {}
        for name, play in self.plays.items():
            kept, entries, known, wrong = books_of(play)
            records += [((play.terminal, number), values) for number, values in kept]
            rows += [((play.terminal, number), values) for number, values in known]
            still_open += [(play.terminal, number) for number in entries]
            facts[f"{name}: records"] = len(kept)
            told, more = play.beside.balance([values for _, values in kept])
            facts.update({f"{name}: {words}": number for words, number in told.items()})
            faults += [f"{name}: {one}" for one in [*wrong, *more, *play.wrong]]
        balance = reconcile(self.crowd.cards.values(), records, still_open, rows)
        faults += balance.faults + reports_faults(self.ledger)
        faults += [] if plays[0].world.cuts else self._faults()
        visits = sum((one.visits for one in plays), Counter())
        messages = sum((one.messages for one in plays), Counter())
        facts["riders inside at the end"] = len(self.inside)
        facts["hub was started"] = self.hub.starts if self.hub else 0
        return Result(
            faults + self._unexpected(visits), balance, messages,
            sum((one.taps_us for one in plays), []), visits,
            sum(one.world.starts for one in plays) - len(plays) + 1, None, facts,
            max(one.world.now_ms for one in plays),
        )  # fmt: skip

    def _unexpected(self, visits):
        faults = []
        for message, told in self.scenario.expect.items():
            least, most = told if isinstance(told, list) else (told, told)
            if not least <= visits[message] <= most:
                faults.append(f"{visits[message]} visits ended with {message!r}, not {told}")
        return faults

    # --- what must agree over all

    def _faults(self):
        """Sentences: cards, stores and ledger say of each rider what he did."""
        faults = []
        for name, card in self.crowd.cards.items():
            fen = sum(fen for _, fen, final in card.debits if final)
            if not self.due[name] <= fen <= self.due[name] + self.lost[name]:
                faults.append(f"{name} has paid {fen} fen, its rides cost {self.due[name]}")
        return faults + (self._store_faults() if self.hub else self._ledger_faults())

    def _ledger_faults(self):
        """Trips on cards: those that are open are those of who is inside."""
        trips = Counter(one.state for one in stamps.trips(self.ledger.engine))
        if abs(trips["open"] - len(self.inside)) > len(self.unsure):
            return [f"the ledger has {trips['open']} open trips, {len(self.inside)} are inside"]
        return []

    def _store_faults(self):
        """Trips in the stores: hub and each exit have who is inside, and nobody else."""
        inside, unsure = (
            {key_of(self.crowd.pans[name]) for name in names}
            for names in (set(self.inside) - self.unsure, self.unsure)
        )
        there = Entries(str(self.folder / "hub.db"))
        known = {"the hub": {one.key for one in there.all()}}
        there.close()
        for name, play in self.plays.items():
            if play.beside.lane == "exit":
                known[name] = set(play.beside.stored())
        return [
            f"{where} has {len(keys)} entries, {len(inside)} riders are inside"
            for where, keys in known.items()
            if keys - unsure != inside
        ]


def _for_one(step):
    args = {key: value for key, value in step.args.items() if key != "gate"}
    return step._replace(args=args)


def _cpython():
    """(argv, env, cwd) of this interpreter."""
    paths = [str(ROOT)] + [one for one in (os.environ.get("PYTHONPATH"),) if one]
    return [sys.executable], dict(os.environ, PYTHONPATH=os.pathsep.join(paths)), ROOT
