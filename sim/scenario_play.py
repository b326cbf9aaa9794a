# SPDX-License-Identifier: Apache-2.0
"""Plays a scenario (scenario.py) on the stage: people, machines and mishaps around one terminal.

    result = Play(scenario, folder, runtime).run()     # result.faults: [] when all balances

Real in it: the terminal from assembly to journal, the upload and the ledger. Simulated: cards,
people, the machines beside it, and time.
"""

from collections import Counter, namedtuple
from datetime import datetime
from pathlib import Path

from firmware.errors import FormatError
from host_tools.collector import Collector
from host_tools.ledger import Ledger, keys, registry
from sim.beside_all import beside
from sim.crowd import Crowd
from sim.play_files import PlayFiles
from sim.scenario import CHINA, Person, person_called
from sim.scenario_balance import balance_of
from sim.stage_process import StageProcess
from sim.world import Clock, Until, World
from sim.world_lines import CollectorPeer

TERMINAL = 1
JOURNAL_BLOCKS = 64
RESULT_MS = 8000  # no rider waits longer
PAUSE_MS = 400  # between two attempts
LATER_MS = 2500  # when somebody else is at it
HOLD_MS = 300  # from the result until the card is taken away
ATTEMPTS = 6
PAID = ("ok", "concession", "torn_recovered")
AGAIN = (
    "card_lost", "last_record_lost", "fare_changed", "several_cards", "gate_wait", "gate_walk", "",
)  # fmt: skip
FLUSH_S = 180  # for open entries and the upload, behind the last step
DENIED = 8  # numbers of the prefix of deny-listed cards that stand in the list

# faults: sentences; balance: sim.reconcile.Balance; messages: Counter of what was shown at taps;
# taps_us: how long each took; heap: most bytes alive, None where it is not known
Result = namedtuple(
    "Result",
    ("faults", "balance", "messages", "taps_us", "visits", "starts", "heap", "facts", "end_ms"),
)


class Play:
    """folder: must exist and be empty; runtime: (argv, env, cwd); watch(event) hears all; among:
    the Gates of which this is one terminal, None where it is alone.
    """

    def __init__(self, scenario, folder, runtime, watch=None, cuts=(), handed=None, among=None):
        self.scenario = scenario
        self.folder = Path(folder).resolve()
        self.runtime = runtime
        self.tell = watch or (lambda event: None)
        self.clock = Clock(scenario.start_utc_s)
        self.world = World(self._start, self.clock, self._watch)
        self.world.cuts = set(cuts)
        self.among, self.terminal = among, len(among.plays) + 1 if among else TERMINAL
        suites = scenario.world.get("suites", ("rsa",))
        self.crowd = among.crowd if among else Crowd(scenario.seed, suites)
        self.files = PlayFiles(
            self.folder, scenario.seed, self.pan, scenario.world.get("authority", "")
        )
        path = self.folder / "ledger.db"
        self.ledger = among.ledger if among else Ledger(f"sqlite:///{path}")
        if "upload_key" in scenario.settings:
            registry.enrol(self.ledger, [self.terminal])
            secret, mac = scenario.settings["upload_key"], scenario.settings.get("upload_mac")
            keys.enter(
                self.ledger, self.terminal, "scenario", bytes.fromhex(secret), mac or keys.SHA256
            )
        self.world.lines.peers["link"] = CollectorPeer(
            Collector(self.ledger, time_utc_s=self._real_utc_s)
        )
        self.blocks = scenario.world.get("journal_blocks", JOURNAL_BLOCKS)
        self.messages: Counter = Counter()
        self.taps_us: list = []
        self.visits: Counter = Counter()  # what people ended with
        self.wrong: list = []  # sentences
        self.heap = None
        self.shown = ""
        self.queue: list = []  # people in front of the reader
        self.served = False  # somebody is at the reader
        self.handed = handed or {}  # codes that people have from the terminal before
        self.follower = None  # the Play of what comes then
        self.beside = beside(self)

    def run(self):
        """Result of the whole day, and of what comes then at another terminal."""
        self.live()
        world = self.world
        balance, facts, faults = balance_of(self)
        faults = self.wrong + faults + self.unexpected()
        if self.scenario.then:
            self._follow(facts, faults)
        return Result(
            faults,
            balance,
            self.messages,
            self.taps_us,
            self.visits,
            world.starts,
            self.heap,
            facts,
            world.now_ms,
        )

    def live(self):
        """The day, until its terminal has ended in order."""
        self._write_files()
        world = self.world
        for step in self.scenario.steps:
            world.at(step.at_ms * 1000, lambda step=step: self._do(step))
        world.at(self.scenario.until_ms * 1000, lambda: world.spawn(self._evening()))
        world.run()

    def _follow(self, facts, faults):
        """Play what comes then: another terminal, in a folder within."""
        folder = self.folder / "then"
        folder.mkdir()
        self.narrate(self.scenario.then.title)
        self.follower = Play(
            self.scenario.then, folder, self.runtime, self.tell, handed=self.beside.handed()
        )
        result = self.follower.run()
        self.visits += result.visits
        facts.update({f"then: {words}": number for words, number in result.facts.items()})
        faults += [f"then: {one}" for one in result.faults]

    # --- steps ------------------------------------------------------------------------------

    def _do(self, step):
        verb = self.beside.verbs().get(step.do) or getattr(self, "do_" + step.do, None)
        if verb is None:
            raise FormatError(f"{self.scenario.name}: nobody here can {step.do!r}")
        self.world.stir()
        args = dict(step.args)
        if "card" not in args:  # who has a card is told of when he is at the reader
            self.narrate(args.pop("note", ""))
        verb(**args)

    def narrate(self, text):
        """Say what happens, for those who look on."""
        if text:
            self.tell({"event": "note", "text": text})

    def do_tap(self, card, **how):
        """Somebody with a card joins the queue."""
        self.join(self.visit(card, **how))

    def join(self, steps):
        """A generator joins the queue: somebody who does something at the terminal."""
        self.queue.append(steps)
        if not self.served:
            self.served = True
            self.world.spawn(self._serve())

    def do_plug(self):
        """The plug is pulled and put in again."""
        self.world.pull_plug()

    def do_link(self, up, line="link"):
        """A line is cut, or mended."""
        (self.world.lines.heal if up else self.world.lines.cut)(line)

    def do_clock(self, step_s=0, ppm=None):
        """The terminal's clock is set wrong by so much, or goes wrong from here on."""
        self.clock.step(step_s)
        if ppm is not None:
            self.clock.go(ppm, self.world.now_us)

    def do_lay(self, name, **told):
        """The office lays a file into the folder of the terminal: `text`, or what is built."""
        self.files.lay(name, told.get("text", told))

    def do_pin(self, name, level):
        """An input changes."""
        self.world.pins[name] = level

    def do_expect(self, shown):
        """What stands on the panel at this moment."""
        if self.shown != shown:
            self.wrong.append(f"{self.when()}: the panel says {self.shown!r}, not {shown!r}")

    # --- people -----------------------------------------------------------------------------

    def _serve(self):
        """One after the other, until nobody is left."""
        while self.queue:
            yield from self.queue.pop(0)
        self.served = False

    def visit(
        self, card, tear=None, again=True, hold_ms=HOLD_MS, ends=(), first=None, pays_fen=None,
        note="", **after,
    ):  # fmt: skip
        """Somebody holds a card there until he has a result; pays_fen: of him who pays."""
        self.narrate(note)
        field = self.world.field
        names = [card] if isinstance(card, str) else card
        cards, people = zip(*[self.card(name) for name in names], strict=True)
        yield from self.beside.before()
        if first:  # what somebody else has to do before
            first[0]()
            self.world.stir()
            yield first[1]
        if tear:
            field.tear(**tear)
        message = ""
        for _ in range(ATTEMPTS):
            self.world.stir()
            field.place(*cards)
            event = yield Until(("tap", "collision"), RESULT_MS)
            message = event.get("message", "several_cards") if event else ""
            asked_fen = event.get("amount_fen", 0) if event else 0
            if message not in AGAIN or not again or (len(cards) > 1 and message):
                break
            field.remove()
            yield LATER_MS if message in ("gate_wait", "gate_walk") else PAUSE_MS
        yield hold_ms
        field.remove()
        field.forget_tears()
        expected = (tuple(ends) or people[0].ends) + self.beside.may_end()
        self.ended(names[0], message, expected + AGAIN if tear and not again else expected)
        if pays_fen is not None and message in PAID and asked_fen != pays_fen:
            self.wrong.append(f"{self.when()}: {names[0]} paid {asked_fen} fen, not {pays_fen}")
        yield Until(("ready",), RESULT_MS)
        yield from self.beside.visited(names[0], message, after)

    def ended(self, name, message, expected):
        """A visit is over, with one of the messages that are expected."""
        self.visits[message or "nothing"] += 1
        if message not in expected and not self.world.cuts:
            self.wrong.append(
                f"{self.when()}: {name} ended with {message or 'nothing'!r},"
                f" not with {' or '.join(expected)}"
            )

    def card(self, name):
        """(Card, Person) of `KIND#WHO`, `KIND` alone being one card."""
        kind = name.partition("#")[0]
        person = self.person(kind)
        return self.crowd.card(name, person.prefix, person.profile), person

    def pan(self, name):
        """The number of that card."""
        self.card(name)
        return self.crowd.pans[name]

    def person(self, kind):
        """Person of a kind: the scenario's own first."""
        found = self.scenario.people.get(kind)
        return found or Person(*person_called(kind))

    # --- around -----------------------------------------------------------------------------

    def local(self):
        """The real local time of this moment, a datetime."""
        return datetime.fromtimestamp(self._real_utc_s(), CHINA)

    def when(self):
        """The same as text, of the terminal that is at work."""
        if self.follower:
            return self.follower.when()
        return f"{self.local():%H:%M:%S}"

    def _real_utc_s(self):
        return self.scenario.start_utc_s + self.world.now_ms // 1000

    def _evening(self):
        """Nobody comes any more: what is open closes, what is kept goes up."""
        end_ms = self.world.now_ms + FLUSH_S * 1000
        while self.served and self.world.now_ms < end_ms:
            yield 500
        self.world.lines.down.clear()
        yield from self.beside.evening()
        yield FLUSH_S * 1000
        self.world.over = True

    def _watch(self, event):
        name = event["event"]
        if name == "tap":
            self.messages[event["message"]] += 1
            self.taps_us.append(event["us"])
        elif name == "show":
            self.shown = event["line2"]
        elif name == "heap":
            self.heap = max(self.heap or 0, event["live"])
        self.beside.heard(event)
        self.tell(event)

    def unexpected(self):
        """Sentences on what did not come as often as it should; [least, most] or a number."""
        faults = []
        for message, told in self.scenario.expect.items():
            least, most = told if isinstance(told, list) else (told, told)
            count = self.visits[message]
            if not least <= count <= most:
                faults.append(f"{count} visits ended with {message!r}, not {least} to {most}")
        return faults

    def _start(self, count):
        argv, env, cwd = self.runtime[:3]
        seed = f"{self.scenario.seed} start {count}"
        return StageProcess(argv, env, cwd, self.folder / "settings.txt", seed)

    def _write_files(self):
        scenario = self.scenario
        settings = {
            "terminal": self.terminal,
            "device": scenario.device,
            "reader": "stage:world",
            "link": "tcp:127.0.0.1:1",
            "journal": f"file:{self.folder / 'journal.bin'}",
            "journal_blocks": self.blocks,
            "parameters": self.folder / "parameters.txt",
            **{key: self.files.placed(value) for key, value in scenario.settings.items()},
        }
        lines = [f"{key}: {value}" for key, value in settings.items()] + self.files.settings()
        (self.folder / "settings.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        lines = [*self._denied(), *self.crowd.parameters()]
        for key, value in {"version": 1, **scenario.parameters}.items():
            many = value if isinstance(value, list) else [value]
            lines += [f"{key}: {self.files.placed(one)}" for one in many]
        text = self.files.sealed("\n".join(lines) + "\n")
        (self.folder / "parameters.txt").write_text(text, encoding="utf-8")
        for name, told in scenario.files.items():
            self.files.lay(name, told)
        self.beside.write_files()

    def _denied(self):
        """Lines of the deny list: the first numbers behind the prefix of such cards."""
        prefix = self.person("deny-listed").prefix
        if prefix in {self.person(kind).prefix for kind in ("adult-1", "student-1", "senior-1")}:
            return []  # the scenario has no cards of such a prefix
        return [f"deny: {self.crowd.pan(prefix, n)}" for n in range(1, DENIED + 1)]
