# SPDX-License-Identifier: Apache-2.0
"""A soak from outside: cards are recorded once, then the 32-bit interpreter takes them as often as
it is told (soak.py), and what it says of its heap becomes rows.

    for row in soak(100_000, runtime): ..              runtime: (argv, env, cwd)
"""

import json
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from firmware.errors import LinkLost
from sim import soak as root
from sim.kinds import ALL_KINDS
from sim.parameter_file import parameter_text
from sim.replay import last_record
from sim.wallet import Wallet

KINDS = ("adult-1", "adult-2", "adult-3", "student-1", "deny-listed", "expired", "sm2")
# one round: names of cards; TORN: the answer to the last record is lost, the card comes again
TORN = "torn"
ROUND = (
    "adult-1", "adult-2", "adult-3", "student-1", "adult-1", "deny-listed", "adult-3", "adult-1",
    "adult-2", TORN, "adult-1", "student-1", "expired", "adult-3", "adult-2", "sm2", "adult-1",
    "adult-3", "student-1",
)  # fmt: skip
HEADING = {"date": "261121", "time": "101500", "un": "A1B2C3D4", "ttq": "28000080"}
SETTINGS = """terminal: 1
reader: stage:card
link: tcp:127.0.0.1:1
journal: file:{folder}/{journal}.bin
journal_blocks: 64
parameters: {folder}/parameters.txt
trace: no
"""
PIECE = re.compile(r"max free sz: (\d+)")
BLOCK_BYTES = 16  # of the collector on 32 bits


class Row(NamedTuple):
    """Bytes behind so many taps: alive; free at the deepest end of a tap since the row before;
    the largest free piece; heap in all. seconds: since the start.
    """

    taps: int
    live: int
    least_free: int
    piece: int
    total: int
    seconds: float


class Live:
    """What sim/soak.py has in Taps, of simulated cards: writes down what they say."""

    def __init__(self, cards, heading):
        self.cards = cards
        self.heading = heading
        self.steps = [(name, name == TORN) for name in ROUND]
        at = self.steps.index((TORN, True))
        self.steps.insert(at + 1, (TORN, False))
        self.text = []
        self.done = 0
        self.last = None

    def next(self):
        name, self.torn = self.steps[self.done % len(self.steps)]
        self.card = self.cards[name]
        self.card.power_up()
        self.head = ["card", "A", self.card.uid.hex(), self.card.ats.hex()]
        self.said = []
        return "A", self.card.uid, self.card.ats

    def answer(self, command):
        told = self.card.exchange(command)
        if command[1] == 0xA8:
            self.last = last_record(told)
        if self.torn and command[1] == 0xB2 and (command[2], command[3]) == self.last:
            self.said.append(f"{command.hex()} -")
            raise LinkLost("the card is gone")
        self.said.append(f"{command.hex()} {told.hex()}")
        return told

    def ended(self, message):
        """A tap has ended so."""
        self.text += [" ".join([*self.head, message]), *self.said]
        self.done += 1


def record(folder: Path) -> None:
    """Write parameters.txt, settings.txt and taps.txt: one round of simulated cards."""
    kinds = [kind for kind in ALL_KINDS if kind.name in KINDS]
    wallet = Wallet.create(folder / "wallet", kinds)
    cards = {name: wallet.card(name) for name in KINDS}
    cards[TORN] = wallet.card("adult-1")
    heading = [f"{key}: {value}" for key, value in HEADING.items()]
    text = parameter_text(wallet.parameters(), 200, same_card_s=0)
    (folder / "parameters.txt").write_text(text, encoding="utf-8")
    for journal, name in (("recorded", "record.txt"), ("journal", "settings.txt")):
        (folder / name).write_text(SETTINGS.format(folder=folder, journal=journal))
    live = Live(cards, [line + "\n" for line in heading])
    unit, fleet, recorded = root.read_texts(str(folder / "record.txt"), live)

    def report(event):
        if event["event"] == "tap":
            live.ended(event["message"])

    terminal = root.make_terminal(unit, fleet, live, recorded, report)
    while live.done < len(live.steps):
        terminal.turn()
    (folder / "taps.txt").write_text("\n".join([*heading, *live.text]) + "\n")


def soak(count: int, runtime: tuple) -> Iterator[Row]:
    """Rows of `count` taps; LinkLost when the process ends before."""
    argv, env, cwd = runtime
    with tempfile.TemporaryDirectory(prefix="faretap-soak-") as name:
        folder = Path(name)
        record(folder)
        paths = [str(folder / "settings.txt"), str(folder / "taps.txt"), str(count)]
        began = time.monotonic()
        process = subprocess.Popen(
            [*argv, "-m", "sim.soak", *paths],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env, cwd=cwd,
        )  # fmt: skip
        words: list[str] = []
        try:
            yield from _rows(process, began, words)
        finally:
            process.kill()
            process.wait()
        if process.returncode not in (0, -9) or not words or words[-1] != "done":
            raise LinkLost("the soak ended: " + "\n".join(words[-12:]))


def _rows(process, began, words):
    event = None
    for line in process.stdout:
        words.append(line.strip())
        if line.startswith("{"):
            event = json.loads(line)
        piece = PIECE.search(line)
        if event and piece:
            yield Row(
                event["taps"], event["live"], event["least_free"],
                int(piece[1]) * BLOCK_BYTES, event["total"], time.monotonic() - began,
            )  # fmt: skip
            event = None
            words.clear()
    process.wait()
