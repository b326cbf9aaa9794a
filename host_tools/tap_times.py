# SPDX-License-Identifier: Apache-2.0
"""Where the time of a tap went, from a trace: link, radio, card, chip, host, crypto.

The link's share is computed from the bytes and the speed of the line. What remains of a command's
time is radio, card and chip: a virtual chip tells how its model divides it (note `model`); with a
real one nobody knows, and it stays one part, "air". Everything else is the host's; of that, what
cryptography took is known where the terminal told (note `work`), and so is what it did while it
waited for a card anyway. Pure: entries of host_tools/trace.py in, values out.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from firmware.errors import FormatError
from host_tools.decode_frame import FROM_CHIP, TO_CHIP
from host_tools.frames import ACK, body_of
from host_tools.trace import Frame, Note

LINK, CHIP, RADIO, CARD, AIR, HOST, CRYPTO = (
    "link", "chip", "radio", "card", "air", "host", "crypto",
)  # fmt: skip
PARTS = (LINK, CHIP, RADIO, CARD, AIR, HOST, CRYPTO)
BITS_A_BYTE = 10  # 8N1
LIST, RF_CONFIGURATION, EXCHANGE, THROUGH = 0x4A, 0x32, 0x40, 0x42
FIND, END = "find the card", "decide, record"
STEPS_MOST = 2000  # commands of one tap; a terminal stops long before


class Row(NamedTuple):
    """One line of the picture. `parts`: (part, us) in their order; `hidden_us`: crypto done while
    the card was waited for, which cost no time."""

    name: str
    c_apdu: bytes
    began_us: int
    parts: list[tuple[str, int]]
    hidden_us: int

    def total_us(self) -> int:
        return sum(us for _, us in self.parts)

    def starts(self) -> Iterator[tuple[int, str]]:
        """(when it began, part) of each part."""
        at_us = self.began_us
        for part, us in self.parts:
            yield at_us, part
            at_us += us


class Tap(NamedTuple):
    """One tap: its rows in order, whether a model divided the time, whether the terminal told of
    crypto, what it said at the end."""

    rows: list[Row]
    simulated: bool
    crypto_told: bool
    said: dict[str, str]

    def total_us(self) -> int:
        return sum(row.total_us() for row in self.rows)

    def hidden_us(self) -> int:
        return sum(row.hidden_us for row in self.rows)

    def sums_us(self) -> dict[str, int]:
        """Part -> us, in the order of PARTS, those that are there."""
        found = [pair for row in self.rows for pair in row.parts]
        sums = {part: sum(us for kind, us in found if kind == part) for part in PARTS}
        return {part: us for part, us in sums.items() if us}


class Step:
    """One command and its answer."""

    def __init__(self, sent_us: int, body: bytes, count: int, baud: int):
        self.code, self.data = body[1], body[2:]
        self.sent_us = self.done_us = sent_us
        self.answer: bytes | None = None
        self.count = count  # bytes on the line
        self.baud = baud
        self.model: dict[str, int] = {}
        self.open_us = self.hidden_us = 0  # crypto before it, and while it was waited for
        self.behind_us = 0  # crypto behind it, where it is the last one

    def worked(self, values: dict[str, str]) -> None:
        """A note `work`."""
        us, hidden_us = _whole(values.get("us")), _whole(values.get("hidden_us"))
        if values.get("last") == "1":
            self.behind_us += us
        else:
            self.open_us += max(0, us - hidden_us)
            self.hidden_us += hidden_us

    def link_us(self) -> int:
        return self.count * BITS_A_BYTE * 1_000_000 // self.baud if self.baud else 0

    def parts(self) -> list[tuple[str, int]]:
        """The parts of its duration; what nobody accounts for is the host's."""
        left = self.done_us - self.sent_us
        link_us = min(self.link_us(), left)
        left -= link_us
        parts = [(LINK, link_us)]
        if not self.model:
            return [*parts, (AIR, left)]
        for part in (CHIP, RADIO, CARD):
            us = min(self.model.get(part + "_us", 0), left)
            left -= us
            parts.append((part, us))
        return [*parts, (HOST, left)]

    def sets_field(self) -> bool:
        """What follows RFConfiguration 01 is the pause that JR/T 0025.11 asks for."""
        return self.code == RF_CONFIGURATION and self.data[:1] == b"\x01"

    def finds(self) -> bool:
        return self.code == LIST and bool(self.answer) and self.answer != b"\x00"

    def c_apdu(self) -> bytes:
        """The command that begins here, b"" where none does."""
        if self.code == EXCHANGE:
            return self.data[1:]
        is_block = self.code == THROUGH and self.data[:1] and self.data[0] & 0xE2 == 0x02
        return self.data[1:] if is_block else b""


def taps(entries: Iterable[Frame | Note]) -> list[Tap]:
    """Every tap of a trace: from the answer that found a card on. FormatError without one."""
    found = [tap for steps, end in _presentations(entries) if (tap := _tap(steps, end))]
    if not found:
        raise FormatError("no tap in this trace: no card was found and sent an APDU")
    return found


def _presentations(entries) -> Iterator[tuple[list[Step], Note | None]]:
    """(commands from the first that found the card, note `tap`) of each presentation."""
    steps: list[Step] = []
    for entry in _with_steps(entries):
        if isinstance(entry, Note):
            yield steps, entry
            steps = []
            continue
        over = entry.finds() and any(step.c_apdu() for step in steps)
        if over or len(steps) > STEPS_MOST:
            yield steps, None
            steps = []
        if steps or entry.finds():
            steps.append(entry)
    yield steps, None


def _with_steps(entries) -> Iterator[Step | Note]:
    """Commands that were answered, and the notes `tap`, in their order."""
    baud, step, model = 0, None, {}
    for entry in entries:
        if isinstance(entry, Note):
            if entry.name == "line":
                baud = _whole(entry.values.get("baud"))
            elif entry.name == "model":
                model = {key: _whole(value) for key, value in entry.values.items()}
            elif entry.name == "work" and step:
                step.worked(entry.values)
            elif entry.name == "tap":
                if step:
                    yield step
                step = None
                yield entry
            continue
        body = body_of(entry.octets)
        if entry.way == ">" and body[:1] == bytes((TO_CHIP,)):
            if step:
                yield step
            step, model = Step(entry.at_us, body, len(entry.octets), baud), {}
        elif step and entry.way == "<" and step.answer is None:
            step.count += len(entry.octets)
            step.done_us = max(step.done_us, entry.at_us)
            if entry.octets != ACK and body[:2] == bytes((FROM_CHIP, step.code + 1 & 0xFF)):
                step.answer, step.model = body[2:], model
    if step:
        yield step


def _tap(steps: list[Step], end: Note | None) -> Tap | None:
    """The rows of one presentation; None where no APDU was sent."""
    steps = steps[_look(steps) :]
    groups = _groups(steps)
    if len(groups) < 2:
        return None
    began_us = at_us = steps[0].sent_us
    rows = []
    for name, group in groups:
        open_us = sum(step.open_us for step in group)
        parts = _shared(open_us, group[0].sent_us - at_us)
        for before, step in zip([None, *group], group, strict=False):
            if before:
                pause = RADIO if before.sets_field() else HOST
                parts.append((pause, step.sent_us - before.done_us))
            parts += step.parts()
        c_apdu = next((step.c_apdu() for step in group if step.c_apdu()), b"")
        hidden_us = sum(step.hidden_us for step in group)
        rows.append(Row(name, c_apdu, at_us - began_us, _merged(parts), hidden_us))
        at_us = group[-1].done_us
    if end and end.at_us > at_us:
        parts = _shared(steps[-1].behind_us, end.at_us - at_us)
        rows.append(Row(END, b"", at_us - began_us, _merged(parts), 0))
    simulated = any(step.model for step in steps)
    crypto_told = any(step.open_us + step.hidden_us + step.behind_us for step in steps)
    return Tap(rows, simulated, crypto_told, end.values if end else {})


def _look(steps: list[Step]) -> int:
    """Where the look began that found the card: behind all that found the last one, still held.

    A hit that is followed by something else and then by a field reset and another hit is one look:
    the other type was asked for, or a speed tried.
    """
    apdu = next((at for at, step in enumerate(steps) if step.c_apdu()), 0)
    hits = [at for at in range(apdu) if steps[at].finds()]
    if not hits:
        return 0
    last, before = hits[-1], hits[-2] if len(hits) > 1 else 0
    reset = last >= 2 and all(step.sets_field() for step in steps[last - 2 : last])
    is_one_look = len(hits) > 1 and reset and not steps[before + 1].sets_field()
    return before if is_one_look else last


def _shared(crypto_us: int, host_us: int) -> list[tuple[str, int]]:
    """The host's time with the crypto that was done in it."""
    crypto_us = max(0, min(crypto_us, host_us))
    return [(CRYPTO, crypto_us), (HOST, host_us - crypto_us)]


def _groups(steps: list[Step]) -> list[tuple[str, list[Step]]]:
    """Commands by what they are for: finding the card, then one group an APDU."""
    groups: list[tuple[str, list[Step]]] = [(FIND, [])]
    chained = False
    waiting: list[Step] = []  # settings between two APDUs belong to the next one
    for step in steps:
        if step.c_apdu() and not chained:
            groups.append(("", [*waiting, step]))
            waiting = []
        elif step.code in (EXCHANGE, THROUGH) or len(groups) == 1:
            groups[-1][1].extend([*waiting, step])
            waiting = []
        else:
            waiting.append(step)
        if step.code in (EXCHANGE, THROUGH) and step.data:
            more = 0x40 if step.code == EXCHANGE else 0x10
            chained = bool(step.c_apdu()) and bool(step.data[0] & more)
    return [(name, group) for name, group in groups if group]


def _merged(parts: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Neighbours of a kind as one; what took no time is left out."""
    merged: list[tuple[str, int]] = []
    for part, us in parts:
        if us <= 0:
            continue
        if merged and merged[-1][0] == part:
            merged[-1] = (part, merged[-1][1] + us)
        else:
            merged.append((part, us))
    return merged


def _whole(text: str | None) -> int:
    """A number of a note, 0 where it is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 12 else 0
