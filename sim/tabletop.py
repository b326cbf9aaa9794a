# SPDX-License-Identifier: Apache-2.0
"""Tabletop: a running rig under somebody's hand: cards to tap, hold and tear, and what is seen.

    table = Tabletop(rig)       inside `with rig:`
    with table:
        table.listen(heard)     heard(event) from the table's threads, for every event to come
        table.tap(["adult-1"])  returns at once; what follows comes as events

Events are those of the terminal and five of the table's own: `field` (names of the cards in
reach), `cards` (balances), `record` (what a tap wrote), `beside` (the machine beside the
terminal) and `table` (a word about the plug).
Everything is simulated but the terminal: its process runs the real firmware.
"""

import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from firmware.errors import FormatError, LinkLost
from host_tools import tap_times
from host_tools.trace import Frame, Note
from sim.tabletop_beside import Nothing
from sim.tracing import LineTrace

RESULT_S = 8.0
LINGER_S = 0.35  # a card stays so long behind the result, as in a hand
RECORDS_KEPT = 12
ENTRIES_MOST = 4000  # of the trace of one tap
HANDS = 4  # actions at a time; more are refused
TEARS = {  # what the hand does -> where the card leaves (sim/field.py)
    "late": {"last": True, "acted": True},
    "early": {"at_apdu": 2},
    "middle": {"last": True, "acted": False},
}
RESULTS = ("tap", "collision")


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
    """rig: running; its chip must have no other listener; beside: of tabletop_beside.py, open."""

    def __init__(self, rig, beside=None):
        self.rig = rig
        self.beside = beside or Nothing(None)
        self.beside.changed = self._beside_changed
        self.listeners: list = []
        self.records: deque = deque(maxlen=RECORDS_KEPT)
        self.panel = {"lamp": "blue", "line1": "", "line2": "", "beep": "", "voice": 0}
        self.waterfall: tap_times.Tap | None = None
        self._trace = LastTap()
        rig.chip_server.trace = LineTrace(self._trace, rig.chip_server.chip)
        self._results = 0
        self._change = threading.Condition()
        self._over = threading.Event()
        self._hands = ThreadPoolExecutor(HANDS)
        self._busy = 0
        self._thread = threading.Thread(target=self._watch, name="table", daemon=True)
        for event in rig.begun:
            self._take(event)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        with self._change:
            self._change.notify_all()
        self._hands.shutdown(cancel_futures=True)
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
            "cards": self.cards(),
            "field": self.field(),
            "records": list(self.records),
            "waterfall": self.waterfall is not None,
            "beside": self.beside.state(),
        }

    def cards(self):
        """[{name, kind, balance_fen}] of the wallet."""
        return [
            {
                "name": entry.name,
                "kind": entry.kind,
                "balance_fen": self.rig.cards[entry.name].settled_fen,
            }
            for entry in self.rig.wallet.entries
        ]

    def field(self):
        """Names of the cards in reach."""
        there = self.rig.field.cards()
        return [name for name, card in self.rig.cards.items() if any(card is one for one in there)]

    # --- the hand; KeyError for a card that is not in the wallet, False when all hands are full

    def tap(self, names):
        """Cards come together, stay until the result, and go."""
        cards = [self.rig.cards[name] for name in names]
        return self._do(self._present, cards)

    def tear(self, name, where):
        """A card comes and leaves in the midst of it; `where`: a key of TEARS."""
        return self._do(self._tear_off, self.rig.cards[name], TEARS[where])

    def hold(self, name):
        """A card comes and stays."""
        self._enter([self.rig.cards[name]])
        return True

    def leave(self, name):
        """A card that is held goes."""
        self.rig.field.leave(self.rig.cards[name])
        self._tell_field()
        return True

    def pull_plug(self):
        """The terminal loses its power at once, and gets it back."""
        self.rig.pull_plug()
        return True

    def say(self, word):
        """A word to what stands beside the terminal; False for one that it does not know."""
        try:
            self.beside.say(word)
        except FormatError:
            return False
        return True

    def _beside_changed(self):
        self._tell({"event": "beside", "beside": self.beside.state()})

    def _do(self, action, *arguments):
        with self._change:
            if self._busy >= HANDS or self._over.is_set():
                return False
            self._busy += 1
        self._hands.submit(self._work, action, *arguments)
        return True

    def _work(self, action, *arguments):
        try:
            action(*arguments)
        finally:
            with self._change:
                self._busy -= 1
            self._tell_field()

    def _present(self, cards):
        with self._change:
            before = self._results
        self._enter(cards)
        self._await_result(before)
        self._over.wait(LINGER_S)
        for card in cards:
            self.rig.field.leave(card)

    def _tear_off(self, card, where):
        with self._change:
            before = self._results
        field = self.rig.field
        field.tear(**where)
        self._enter([card])
        self._await_result(before)
        field.forget_tears()
        field.leave(card)

    def _enter(self, cards):
        field = self.rig.field
        if not field.cards():
            field.place(*cards)
        else:
            for card in cards:
                field.leave(card)
                field.enter(card)
        self._tell_field()

    def _await_result(self, before):
        def seen():
            return self._results > before or self._over.is_set()

        with self._change:
            self._change.wait_for(seen, RESULT_S)

    # --- the terminal

    def _watch(self):
        while not self._over.is_set():
            try:
                event = self.rig.firmware.next_event(0.1)
            except LinkLost as gone:
                self._plug(gone)
                continue
            if event:
                self._take(event)

    def _plug(self, gone):
        self._tell({"event": "table", "text": "no power: the terminal starts again"})
        try:
            self.rig.restart()
        except LinkLost as crashed:
            self._tell({"event": "table", "text": str(crashed) or str(gone)})
            self._over.set()
            return
        for event in self.rig.begun:
            self._take(event)

    def _take(self, event):
        kind = event["event"]
        if kind == "show":
            self.panel.update(line1=event["line1"], line2=event["line2"], beep="", voice=0)
        elif kind in ("lamp", "beep", "voice"):
            self.panel[kind] = event[kind]
        elif kind == "tap":
            self._tapped(event)
        self._tell(event)
        if kind in RESULTS:
            self._tell({"event": "cards", "cards": self.cards()})
            with self._change:
                self._results += 1
                self._change.notify_all()

    def _tapped(self, event):
        if event["sequence"]:
            record = {
                "sequence": event["sequence"],
                "time": time.strftime("%H:%M:%S"),
                "card": event["card"],
                "amount_fen": event["amount_fen"],
                "taken": event["taken"],
                "message": event["message"],
                "ms": event["us"] // 1000,
            }
            self.records.appendleft(record)
            self._tell({"event": "record", "record": record})
        with suppress(FormatError):  # torn before any APDU: the picture of the tap before stays
            self.waterfall = tap_times.taps(list(self._trace.entries))[-1]
        self._trace.entries.clear()

    def _tell_field(self):
        self._tell({"event": "field", "field": self.field(), "cards": self.cards()})

    def _tell(self, event):
        for heard in list(self.listeners):
            heard(event)
