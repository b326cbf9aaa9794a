# SPDX-License-Identifier: Apache-2.0
"""What stands beside the terminal of a tabletop: parts, each a simulated machine at its own line.

    beside = Beside(settings, {"console": Console(KEYS)})
    beside.prepare(wallet, folder)         writes files that the settings name
    with beside:
        beside.say("console", "on 4711")   FormatError for what the part does not take now
        beside.state()                     {"console": {"kind": "console", "lines": [..]}}

Whatever changes is told by `changed()`, from any thread. What a part holds is bounded, however
long the page is used: a line of LINES_MOST, a queue that is full refuses.
"""

import string
from collections import deque
from contextlib import ExitStack
from pathlib import Path

from firmware.errors import FormatError
from sim.pins import PinBench
from sim.pty_line import PtyLine

WORD_MOST = 64  # signs of whatever is said to a part
LINES_MOST, LINE_MOST = 40, 120
OUT_MOST = 512  # bytes that wait for a terminal that does not read
TYPED = frozenset(string.printable[:95])  # ASCII from blank to tilde
REPORTS = ("off", "report", "statement")  # commands whose answer is printed


def nothing():
    """Nobody wants to know."""


class Part:
    """One machine; `keys`: (word, Chinese, English) or with a fourth text, the English words on
    the panel that make it the next key to press.
    """

    kind = ""
    keys: tuple[tuple[str, ...], ...] = ()
    picks = False  # the name of a card goes behind each word
    types = False  # anything may be typed

    def __init__(self):
        self.changed = nothing
        self.codes: dict[str, bytes] = {}  # name -> SVG of what can be shown to it

    def prepare(self, wallet, folder):
        """Before the terminal starts."""

    def meet(self, table):
        """The Tabletop is there: its cards, and a terminal that takes other settings."""

    def unplugged(self):
        """The terminal has no power."""

    def tapped(self, name, message):
        """A tap is over; name: of the card, "?" for nobody's; message: of the panel."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Nothing was opened."""

    def told(self):
        """What the page is told once."""
        return {"keys": self.keys, "picks": self.picks, "types": self.types}

    def say(self, word):
        """One of the words."""
        raise FormatError(f"{word}: nothing of the kind is here")

    def state(self):
        """What is to be seen: dict for the page, without `kind`."""
        return {}

    def known(self, word):
        """FormatError for a word that is none of the keys."""
        if word not in [row[0] for row in self.keys]:
            raise FormatError(f"{word}: none of {', '.join(row[0] for row in self.keys)}")
        return word


class Watched(PtyLine):
    """A line whose machine's events are told: watch(events)."""

    def __init__(self, machine, watch):
        super().__init__(machine)
        self.watch = watch

    def heard(self, events):
        """To who watches."""
        if events:
            self.watch(events)


class LinePart(Part):
    """A part at the end of a pty; `machine` as sim/pty_line.py wants it."""

    def __init__(self, machine):
        super().__init__()
        self.machine = machine
        self.line = Watched(machine, self.heard)

    @property
    def where(self):
        """For the settings: serial:PATH."""
        return "serial:" + self.line.path

    def __enter__(self):
        self.line.__enter__()
        return self

    def __exit__(self, *_):
        self.line.__exit__()

    def heard(self, events):
        """Events of the machine, in the line's thread."""
        self.changed()


class Typewriter:
    """Machine: a keypad with a printer; what the terminal says is kept line by line."""

    def __init__(self):
        self.out = b""
        self.rest = b""
        self.lines: deque = deque(maxlen=LINES_MOST)
        self.block: deque = deque(maxlen=LINES_MOST)  # lines of an answer that is not over
        self.paper: list[str] = []  # the last report
        self.asked = ""

    def type(self, text):
        """A line as it is typed."""
        if len(self.out) + len(text) > OUT_MOST:
            raise FormatError("nobody reads the console: wait until the terminal is there")
        self.out += text.encode() + b"\r\n"
        self.asked = text.partition(" ")[0].lower()
        self.lines.append("> " + text)

    def feed(self, data, now_ms):
        """Whole lines that came."""
        *lines, rest = (self.rest + data).replace(b"\r", b"").split(b"\n")
        self.rest = rest[-OUT_MOST:]
        found = [one.decode("utf-8", "replace")[:LINE_MOST] for one in lines]
        for line in found:
            self._line(line)
        return found

    def _line(self, line):
        self.lines.append(line)
        if line.startswith("  "):
            self.block.append(line[2:])
        elif not line.startswith("note"):
            if self.block and self.asked in REPORTS:
                self.paper = list(self.block)
            self.block.clear()

    def outgoing(self, now_ms):
        """What was typed."""
        data, self.out = self.out, b""
        return data


class Console(LinePart):
    """Keys of a driver, cashier or attendant; anything may be typed besides."""

    kind = "console"
    types = True

    def __init__(self, keys):
        super().__init__(Typewriter())
        self.keys = keys

    def say(self, word):
        """A command, as it is typed."""
        if not word.strip() or not set(word) <= TYPED:
            raise FormatError("a command is a line of ASCII: help lists them")
        with self.line.lock:
            self.machine.type(word.strip())
        self.changed()

    def state(self):
        with self.line.lock:
            return {"lines": list(self.machine.lines), "paper": list(self.machine.paper)}


class Output(Part):
    """A relay, seen: a door strike or a barrier, as kind says."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        self.bench = PinBench(lambda name, level, at_s: self.changed())

    @property
    def where(self):
        """For the settings: pty:PATH,NAME."""
        return f"pty:{self.bench.path},{self.kind}"

    def __enter__(self):
        self.bench.__enter__()
        return self

    def __exit__(self, *_):
        self.bench.__exit__()

    def unplugged(self):
        self.bench.rest()

    def state(self):
        return {"open": bool(self.bench.level(self.kind))}


class Beside:
    """All parts of one terminal; settings: lines for it, known once the parts are made."""

    def __init__(self, settings="", parts=None):
        self.settings = settings
        self.parts: dict[str, Part] = parts or {}
        self.stack = ExitStack()

    def prepare(self, wallet, folder: Path):
        """Write what the settings name."""
        for part in self.parts.values():
            part.prepare(wallet, folder)

    def watch(self, changed):
        """Who is told that something has changed."""
        for part in self.parts.values():
            part.changed = changed

    def meet(self, table):
        """To each part."""
        for part in self.parts.values():
            part.meet(table)

    def unplugged(self):
        """To each part."""
        for part in self.parts.values():
            part.unplugged()

    def tapped(self, name, message):
        """To each part."""
        for part in self.parts.values():
            part.tapped(name, message)

    def __enter__(self):
        for part in self.parts.values():
            self.stack.enter_context(part)
        return self

    def __exit__(self, *_):
        self.stack.close()

    def told(self):
        """{name: what the page is told once}."""
        return {name: {"kind": one.kind, **one.told()} for name, one in self.parts.items()}

    def codes(self):
        """{name: SVG bytes} of the tickets in people's hands."""
        found: dict[str, bytes] = {}
        for part in self.parts.values():
            found.update(part.codes)
        return found

    def say(self, name, word):
        """To one part. FormatError for a part or a word that is not there, or not now."""
        if name not in self.parts:
            raise FormatError(f"{name[:WORD_MOST]}: no such machine stands here")
        if not 0 < len(word) <= WORD_MOST:
            raise FormatError(f"a word has 1 to {WORD_MOST} signs")
        self.parts[name].say(word)

    def state(self):
        """{name: {kind, ..}}"""
        return {name: {"kind": one.kind, **one.state()} for name, one in self.parts.items()}
