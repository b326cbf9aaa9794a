# SPDX-License-Identifier: Apache-2.0
"""The emulated Pico loses its power in an operation of its flash, and starts on what is left.

    day = Day(image, folder); day.live()                one life: start, riders, upload
    for cut in sampled(day.moments, 5, seed): faults = day.recover(cut)

`live` notes before each operation what would outlast the power: flash, cards, ledger. So a cut
costs what comes behind it alone: the start on the torn flash, the rider whose tap was cut, or not,
the next rider, and the upload. Then it must balance: what the cards lost is what the journal says
was taken and is in the ledger, record for record; a pending entry may be either
(sim/reconcile.py).
"""

import json
import random
import sqlite3
from datetime import datetime
from typing import NamedTuple

from firmware.formats import pending, record
from firmware.journal import open_journal
from host_tools.collector import Collector
from host_tools.ledger import Ledger, keys, registry
from sim.card import Card
from sim.depot_wire import Depot
from sim.flash import LEFT, PAGE, Dice, Flash
from sim.kinds import KINDS
from sim.pico import BLOCK_BYTES
from sim.pico_flash import left
from sim.pico_heap import StackWatch, stack_of
from sim.pico_stand import JOURNAL_BLOCKS, KEY, READY_MS, REMOVED_MS, TAP_MS, TERMINAL, Stand
from sim.reconcile import reconcile
from sim.wallet import Wallet

RIDERS = ("adult-1", "student-1")
UPLOAD_MS = 6000
AGAIN = 4  # operations of the next start and tap in which the power fails once more
QUIET_MS = 300  # behind the upload: what is written in idle time
PAID = ("approved", "recovered")


class Moment(NamedTuple):
    """Before an operation: number and name of what was going on, the place, bytes found and bytes
    meant there, all the flash, {rider: state of his card}, file of the ledger.
    """

    number: int
    phase: str
    at: int
    meant: bytes
    flash: bytes
    states: dict
    ledger: str


class Cut(NamedTuple):
    """A moment, how its operation is left, the riders who come behind it, and the operation from
    the next start on in which the power fails once more, -1 for none.
    """

    moment: Moment
    how: str
    seed: int
    riders: tuple
    again: int = -1

    @property
    def words(self):
        """For people."""
        what = "erased" if len(self.moment.meant) > PAGE else "programmed"
        return (
            f"operation {self.moment.number}, {self.moment.phase}, {what} at"
            f" {self.moment.at:06X}, {self.how}; then {' and '.join(self.riders)}"
            + (f", again in operation {self.again}" if self.again >= 0 else "")
        )


class Day:
    """folder: of wallet and ledgers. told(text): what is being done."""

    def __init__(self, image, folder, told=lambda text: None):
        self.folder, self.told = folder, told
        wallet = Wallet.create(folder / "wallet", [one for one in KINDS if one.name in RIDERS])
        self.cards = {name: wallet.card(name) for name in RIDERS}
        self.stand = Stand(image, wallet.parameters())
        self.ledger_file = str(folder / "ledger.db")
        ledger = Ledger(f"sqlite:///{self.ledger_file}")
        registry.enrol(ledger, [TERMINAL])
        keys.enter(ledger, TERMINAL, "one", KEY)
        ledger.close()
        self.phase = ""
        self.stack = 0  # bytes of the C stack in use at most in a tap; 0 without the image's ELF
        self.elf = image.with_suffix(".elf")
        self.moments: list[Moment] = []

    def live(self, riders=RIDERS):
        """Faults of the day without a cut."""
        life = Life(self.stand, self.cards, self.ledger_file)
        life.pico.part.before = lambda at, meant: self._note(life, at, meant)
        self._at("start")
        faults = life.begin()
        watch = StackWatch(life.pico, *stack_of(self.elf)) if self.elf.exists() else None
        for name in riders:
            self._at(f"tap of {name}")
            if watch:
                watch.begin()
            faults += life.tap(name)
            self.stack = max(self.stack, watch.used() if watch else 0)
        self._at("upload")
        faults += life.upload()
        return faults + life.balance()

    def _at(self, phase):
        self.phase = phase
        self.told(f"{phase}; {len(self.moments)} operations so far")

    def _note(self, life, at, meant):
        number = len(self.moments)
        states = {name: json.dumps(card.state) for name, card in self.cards.items()}
        flash = life.pico.flash
        ledger = copied(self.ledger_file, self.folder / f"ledger-{number}.db")
        self.moments.append(Moment(number, self.phase, at, meant, flash, states, ledger))

    def recover(self, cut):
        """Faults of what comes behind a cut: sentences, [] when all is well."""
        moment = cut.moment
        cards = {
            name: Card(card.image, json.loads(moment.states[name]), rollback=card.rollback)
            for name, card in self.cards.items()
        }
        flash, end = bytearray(moment.flash), moment.at + len(moment.meant)
        found = bytes(flash[moment.at : end])
        flash[moment.at : end] = left(found, moment.meant, cut.how, Dice(cut.seed))
        ledger = copied(moment.ledger, self.folder / f"again-{moment.number}-{cut.seed}.db")
        life = Life(self.stand, cards, ledger, bytes(flash))
        if cut.again >= 0:
            life.pico.cut(cut.again, cut.seed)
            life.begin_and_tap(cut.riders)
            life.pico.part.cut_at = -1
            if life.pico.part.dead:
                life.ledger.close()
                life = Life(self.stand, cards, ledger, life.pico.flash)
        return life.begin_and_tap(cut.riders) + life.upload() + life.balance()


def sampled(moments, count, seed):
    """`count` Cuts, drawn by the seed from all moments and all ways: each phase has its share."""
    drawn = random.Random(seed)
    phases = [[one for one in moments if one.phase == phase] for phase in phases_of(moments)]
    cuts = []
    for number in range(count):
        moment = drawn.choice(phases[(number + 1) % len(phases)])  # a tap comes first
        comes = drawn.choice([RIDERS[:1], RIDERS[1:], RIDERS])
        again = drawn.choice((-1, drawn.randrange(AGAIN)))
        cuts.append(Cut(moment, drawn.choice(LEFT), drawn.randrange(1 << 30), comes, again))
    return cuts


def phases_of(moments):
    """Their names in order."""
    return list(dict.fromkeys(one.phase for one in moments))


class Life:
    """One start on a flash, with a collector at its link; None: an erased board, our files."""

    def __init__(self, stand, cards, ledger_file, flash=None):
        self.cards, self.field = cards, stand.field
        self.field.remove()
        self.ledger = Ledger(f"sqlite:///{ledger_file}")
        collector = Collector(self.ledger, time_utc_s=utc_s, enrolment=False, unsigned=False)
        self.depot = Depot(collector)
        self.pico = stand.start(flash, self.depot)
        self.looked_at = -1

    def begin(self):
        """Faults of the start."""
        return self._await("ready", 0, READY_MS)

    def tap(self, name):
        """Faults of a tap. A card that has paid already is told so, and pays no more."""
        seen, ready = len(self.pico.said("tap")), len(self.pico.said("ready"))
        self.field.place(self.cards[name])
        faults = self._await("tap", seen, TAP_MS)
        self.field.remove()
        faults += self._await("ready", ready, REMOVED_MS)
        for tap in self.pico.said("tap")[seen:]:
            if tap["outcome"] not in PAID and tap["reason"] != "already_paid":
                faults.append(f"{name} does not pay: {tap['outcome']}, {tap['reason']}")
        return faults

    def begin_and_tap(self, riders):
        """Faults of start and taps; none of the latter are tried once the power is gone."""
        faults = [] if self.pico.said("ready") else self.begin()
        for name in riders:
            if not self.pico.part.dead:
                faults += self.tap(name)
        return faults

    def upload(self):
        """Faults: what the journal holds must come to the ledger."""
        self.looked_at = -1
        if not self.pico.run(self._all_there, self.pico.now_ms + UPLOAD_MS):
            return [f"not uploaded within {UPLOAD_MS} ms: {self.pico.texts[-3:]}"]
        done_ms = self.pico.now_ms + QUIET_MS
        self.pico.run(lambda: self.pico.now_ms >= done_ms, done_ms)
        return []

    def _all_there(self):
        heard = self.depot.heard
        if heard == self.looked_at:  # a look takes longer than many turns of the emulator
            return False
        self.looked_at = heard
        journal = self._journal()
        return self.ledger.last_sequence(TERMINAL) >= journal.settled_upto()

    def balance(self):
        """Faults of cards, journal and ledger against each other (QT-184, TD-001, MP-10).

        Records behind an entry that is still open, for its card may come again, cannot be sent
        yet: they have to stand in the journal.
        """
        journal = self._journal()
        upto = journal.settled_upto()
        records = [(number, record.unpack(data)) for number, data in journal.records()]
        waiting = [one for one in records if one[0] > upto]
        rows = [(number, record.unpack(data)) for number, data in self.ledger.raw(TERMINAL)]
        self.ledger.close()
        open_ones = [
            (number, {**pending.unpack(data), "kind": record.PENDING})
            for number, data in journal.pending()
        ]
        found = reconcile(self.cards.values(), records + open_ones, [], rows + waiting + open_ones)
        return found.faults

    def _journal(self):
        """The journal as it lies in the flash."""
        flash = Flash(JOURNAL_BLOCKS)
        cells = self.pico.journal(JOURNAL_BLOCKS)
        for number, block in enumerate(flash.blocks):
            block[:] = cells[number * BLOCK_BYTES : (number + 1) * BLOCK_BYTES]
        return open_journal(flash)

    def _await(self, event, count, within_ms):
        """Faults, when an event does not come in time."""
        limit_ms = self.pico.now_ms + within_ms
        if self.pico.run(lambda: len(self.pico.said(event)) > count, limit_ms):
            return []
        return [f"no {event!r} within {within_ms} ms; said last: {self.pico.texts[-3:]}"]


def copied(file, copy):
    """Name of a copy of a ledger that is in use."""
    with sqlite3.connect(file) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    return str(copy)


def utc_s():
    return datetime.fromisoformat("2026-11-21T10:00:00+00:00").timestamp()
