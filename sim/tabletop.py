# SPDX-License-Identifier: Apache-2.0
"""Tabletop: a running rig under somebody's hand: cards to tap, hold and tear, and what is seen.

    table = Tabletop(rig, beside)     inside `with rig:`
    with table:
        table.listen(heard)           heard(event) from the table's threads, for each event to come
        table.hand.tap(["adult-1"])   returns at once; what follows comes as events

Events are those of the terminal and some of the table's own: `field` and `cards` (names in reach,
balances), `journal` (records, open entries, what waits for the collector), `beside` (the machines
beside the terminal), `paper` (what was printed), `story` (what a spectator saw) and `power`.
Everything is simulated but the terminal: its process runs the real firmware.
"""

import threading
import time
from collections import deque
from contextlib import suppress

from firmware.errors import FormatError, LinkLost
from host_tools import tap_times
from host_tools.trace import Frame, Note
from sim import tabletop_story as stories
from sim.rig import TERMINAL
from sim.tabletop_beside import Beside
from sim.tabletop_hand import AGAIN, Hand, frozen_on
from sim.tabletop_journal import JournalView, seconds_left
from sim.tracing import LineTrace

STORIES_KEPT = 8
ENTRIES_MOST = 4000  # of the trace of one tap
TEXT_MOST = 400  # signs of a sentence from outside
LOOK_S = 0.3  # how often the journal's file is looked at
WORKING = ("Processing", "Card read")  # on the panel while a card is at work (panel.py)
RESULTS = ("tap", "collision", "enquiry")
DARK = {"lamp": "dark", "line1": "", "line2": "", "beep": "", "voice": 0}


class LastTap:
    """The frames of the tap that is going on, as trace entries; asked for once it is over."""

    def __init__(self):
        self.entries: deque = deque(maxlen=ENTRIES_MOST)

    def frame(self, way, octets, at_us):
        """As TraceFiles."""
        self.entries.append(Frame(at_us, way, octets))

    def note(self, name, at_us, **values):
        """As TraceFiles."""
        self.entries.append(Note(at_us, name, {key: str(one) for key, one in values.items()}))


class Tabletop:
    """rig: running; its chip must have no other listener; beside: open, of the rig's settings."""

    def __init__(self, rig, beside=None):
        self.rig = rig
        self.terminal = TERMINAL
        self.beside = beside or Beside()
        self.beside.watch(self._beside_changed)
        self.listeners: list = []
        self.stories: deque = deque(maxlen=STORIES_KEPT)
        self.panel = dict(DARK)
        self.paper: list[str] = []
        self.power = "on"  # on, off, or dead: ended by itself
        self.is_linked = True
        self.waterfall: tap_times.Tap | None = None
        self.journal = JournalView(rig.folder / "journal.bin", rig.torn_window_s)
        self.hand = Hand(rig.field, rig.cards, self._tell_field, self._torn)
        self._trace = LastTap()
        rig.chip_server.trace = LineTrace(self._trace, rig.chip_server.chip)
        self._balances = {name: card.held_fen for name, card in rig.cards.items()}
        self._plug = threading.Lock()
        self._looked_s = 0.0
        self._at_work = False
        self._thread = threading.Thread(target=self._watch, name="table", daemon=True)
        self.beside.meet(self)
        self._begin()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.hand.close()
        self._thread.join()

    # --- what is seen

    def listen(self, heard):
        """Call heard(event) from here on; returns a function that ends it."""
        self.listeners.append(heard)
        return lambda: self.listeners.remove(heard)

    def state(self):
        """Everything a spectator who comes late has to know: an event `state`."""
        return {
            "event": "state",
            "panel": dict(self.panel),
            "power": self.power,
            "cards": self.cards(),
            "field": self.hand.there(),
            "journal": self._journal(),
            "waterfall": self.waterfall is not None,
            "beside": self.beside.state(),
            "paper": self.paper,
            "stories": list(self.stories),
        }

    def cards(self):
        """[{name, kind, last4, balance_fen, frozen_fen}] of the wallet; kind `plain`: a card
        without records in front of a terminal that wants them.
        """
        wanted = any(part.kind == "psam" for part in self.beside.parts.values())
        found = []
        for entry in self.rig.wallet.entries:
            card = self.rig.cards[entry.name]
            found.append(
                {
                    "name": entry.name,
                    "kind": "plain" if wanted and card.capp is None else entry.kind,
                    "last4": entry.pan[-4:],
                    "balance_fen": card.settled_fen,
                    "frozen_fen": frozen_on(card),
                }
            )
        return found

    def _journal(self):
        view = self.journal
        return {
            "records": view.rows,
            "pending": [{**one, "left_s": seconds_left(one)} for one in view.pending],
            "waiting": view.waiting,
            "acknowledged": view.acknowledged,
            "linked": self.is_linked,
        }

    # --- what a hand does besides cards

    def pull_plug(self):
        """The terminal loses its power at once; False where it had none."""
        with self._plug:
            if self.power != "on":
                return False
            self.power = "off"
            self.rig.pull_plug()
        self._story(stories.UNPLUGGED)
        self._dark()
        return True

    def plug_in(self):
        """Power is back: True, and the start goes on in the table's thread."""
        with self._plug:
            if self.power not in ("off", "dead"):
                return False
            self.power = "starting"
        self._tell({"event": "power", "power": self.power})
        return True

    def turn(self, **settings):
        """The terminal starts anew with these lines in place of those of the same keys; "" for
        none. FormatError while it is starting.
        """
        with self._plug:
            if self.power == "starting":
                raise FormatError("the terminal is starting")
            self.rig.set_lines(settings)
            was_on, self.power = self.power == "on", "starting"
            if was_on:
                self.rig.pull_plug()
        self._story(stories.TURNED)
        self._dark()

    def cut_link(self):
        """The collector is gone; False where it was gone."""
        if not self.is_linked:
            return False
        self.rig.cut_link()
        return self._linked(False)

    def mend_link(self):
        """The collector is back. OSError when somebody else has its port."""
        if self.is_linked:
            return False
        self.rig.mend_link()
        return self._linked(True)

    def _linked(self, is_linked):
        self.is_linked = is_linked
        self._story(stories.LINK_BACK if is_linked else stories.LINK_CUT)
        self._tell({"event": "journal", "journal": self._journal()})
        return True

    def say(self, part, word):
        """A word to a machine beside the terminal; FormatError says why it does not take it."""
        self.beside.say(part, word)
        return True

    # --- the terminal's process, in the table's thread

    def _watch(self):
        while not self.hand.over.is_set():
            if self.power == "starting":
                self._start()
            elif self.power == "on":
                self._hear()
            else:
                self.hand.over.wait(0.1)
            self._look()

    def _hear(self):
        try:
            event = self.rig.firmware.next_event(0.1)
        except LinkLost as gone:
            self._gone(gone)
            return
        if event:
            self._take(event)

    def _gone(self, gone):
        """The process has ended: by the plug, or by itself."""
        with self._plug:
            if self.power != "on":
                return
            self.power = "dead"
        self._story(stories.died(str(gone)[-TEXT_MOST:]))
        self._dark()

    def _dark(self):
        self.panel, self._at_work = dict(DARK), False
        self.beside.unplugged()
        self.hand.result()
        self._tell({"event": "power", "power": self.power})

    def _start(self):
        try:
            self.rig.power_up()
        except LinkLost as failed:
            self.power = "dead"
            self._story(stories.died(str(failed)[-TEXT_MOST:]))
            self._dark()
            return
        self.power = "on"
        self._tell({"event": "power", "power": self.power})
        self._story(stories.PLUGGED_IN)
        self._begin()

    def _begin(self):
        for event in self.rig.begun:
            self._take(event)

    def _take(self, event):
        kind = event["event"]
        if kind == "show":
            self.panel.update(line1=event["line1"], line2=event["line2"], beep="", voice=0)
            self._at_work = event["line2"].startswith(WORKING)
        elif kind in ("lamp", "beep", "voice"):
            self.panel[kind] = event[kind]
        elif kind == "tap":
            self._tapped(event)
        elif "lines" in event:
            self.paper = [str(line) for line in event["lines"]]
            self._tell({"event": "paper", "paper": self.paper})
        self._tell(event)
        if kind in RESULTS:
            self._tell({"event": "cards", "cards": self.cards()})
            self.hand.result(event.get("message", ""))
            self.beside.tapped(self._named(event.get("uid", "")), event.get("message", ""))

    def _tapped(self, event):
        name = self._named(event["uid"])
        debit_fen = self._balances.get(name, 0) - self._balance(name)
        if event["message"] == "debited_refused" and debit_fen > 0:
            self._story(stories.refused_debit(event["reason"], name, debit_fen))
        elif event["message"] in AGAIN and not self.hand.tearing and name not in self.hand.there():
            self._story(stories.left_early(event["message"], name))
        self._balances[name] = self._balance(name)
        with suppress(FormatError):  # torn before any APDU: the picture of the tap before stays
            self.waterfall = tap_times.taps(list(self._trace.entries))[-1]
        self._trace.entries.clear()

    def _named(self, uid):
        """Name of the card that came last and has this UID, or is in the field."""
        known = [one for one, card in self.rig.cards.items() if card.uid.hex() == uid]
        there = self.hand.there()
        return next(iter([*known, *there]), "?")

    def _balance(self, name):
        card = self.rig.cards.get(name)
        return card.held_fen if card else 0

    # --- what the spectator is told

    def _look(self):
        """At the journal, now and then; not in a tap, whose entry is open and soon settled."""
        if self._at_work or time.monotonic() - self._looked_s < LOOK_S:
            return
        self._looked_s = time.monotonic()
        were = [one["sequence"] for one in self.journal.pending]
        if not self.journal.look():
            return
        are = [one["sequence"] for one in self.journal.pending]
        for sequence in were:
            if sequence not in are:
                self._story(stories.settled(sequence, self.journal.kind_of(sequence)))
        self._tell({"event": "journal", "journal": self._journal()})

    def _torn(self, name, moment, debit_fen, was_torn, frozen_fen):
        window_s = self.rig.torn_window_s
        if was_torn and frozen_fen and debit_fen <= 0:
            self._story(stories.torn_hold(name, frozen_fen, window_s))
        else:
            self._story(stories.torn(name, moment, debit_fen, was_torn, window_s))

    def _story(self, story):
        told = {"time": time.strftime("%H:%M:%S"), **story._asdict()}
        self.stories.appendleft(told)
        self._tell({"event": "story", "story": told})

    def _beside_changed(self):
        self._tell({"event": "beside", "beside": self.beside.state()})

    def _tell_field(self):
        self._tell({"event": "field", "field": self.hand.there(), "cards": self.cards()})

    def _tell(self, event):
        for heard in list(self.listeners):
            heard(event)
