# SPDX-License-Identifier: Apache-2.0
"""Taps that change records of the card, on an emulated Pico with a simulated PSAM at UART 0, where
else the collector is. The device is frozen into the image, or runs out of a slot of the flash.

    taps = measure(image, "stage", r_mac=False, taps=4)          [Tap]
"""

import tempfile
from datetime import UTC as ZONE
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from firmware.boot import record
from firmware.errors import LinkLost
from host_tools import release_files
from sim import bench_extended, pico_update
from sim.depot_wire import PIECE
from sim.pico import BOARD
from sim.pico_bench import REMOVED_MS, SLOW_MS
from sim.pico_heap import StackWatch, stack_of
from sim.pico_meter import Meter, Split, line_us
from sim.pico_stand import GREEN, JOURNAL_BLOCKS, TERMINAL, UTC, Stand
from sim.play_files import PlayFiles
from sim.psam import PROFILE
from sim.psam_slot import PsamSlot
from sim.scenario import CHINA
from sim.wallet import Wallet

GATE = 18
MODULE_BAUD = 921600  # a MAC over a record is 95 bytes on its line: 8 ms at 115200
START_MS = 12_000
SETTINGS = """terminal: {terminal}
device: {device}
line: 12
stop: 3
reader: serial:1:tx=4,rx=5
journal: flash:end
journal_blocks: {blocks}
parameters: parameters.txt
outputs: green={green}
module_baud: {baud}
"""
# what a case says for a PC, as a Pico has it
PLACES = {"folder": "", "psam": "0:tx=0,rx=1", "pins": ""}


class Tap(NamedTuple):
    """split: of all but the module; module_ms: bytes on its line, while neither card nor chip was
    at work; own_ms: of the terminal; asked: commands to the module; stack: most bytes of the C
    stack in use, 0 where the image has no ELF beside it; live: bytes of heap behind the tap.
    """

    split: Split
    module_ms: float
    own_ms: float
    asked: int
    stack: int
    live: int


class SlotWire:
    """A PsamSlot at an emulated UART, as sim/depot_wire.py has it. The emulator's UART sends in no
    time: what the terminal writes arrives when its line could have carried it.
    """

    def __init__(self, slot):
        self.slot = slot
        self.waiting = []  # (due_us, piece)
        self.spans = []  # (from_us, to_us) in which bytes were on the line
        self.carried_us = 0  # until then it carries what the terminal has written

    def feed(self, data, now_us, baud):
        """What the terminal wrote."""
        began_us = max(now_us, self.carried_us)
        self.carried_us = began_us + line_us(data, baud)
        self.slot.feed(data, now_us // 1000)
        answer = self.slot.outgoing(now_us // 1000 + 1000)
        for at in range(0, len(answer), PIECE):
            piece = answer[at : at + PIECE]
            due_us = self.carried_us + line_us(answer[: at + PIECE], baud)
            self.waiting.append((int(due_us), piece))
        self.spans.append((began_us, self.carried_us + line_us(answer, baud)))

    def due(self, now_us):
        """What has arrived at the terminal by now."""
        arrived = b""
        while self.waiting and self.waiting[0][0] <= now_us:
            arrived += self.waiting.pop(0)[1]
        return arrived

    def next_us(self, grain_us=0):
        """When `due` has more."""
        return self.waiting[0][0] if self.waiting else None

    def held_ms(self, spans):
        """Of the line within `spans`, (from_us, to_us) each."""
        return (
            sum(
                max(0, min(to_us, end_us) - max(from_us, start_us))
                for from_us, to_us in self.spans
                for start_us, end_us in spans
            )
            / 1000
        )


def measure(image, name, r_mac, taps, compiler=None, told=lambda text: None):
    """[Tap] of a case of bench_extended.py; LinkLost when a card is not approved.

    compiler: mpy-cross, for an image without that device: its modules are laid into a slot.
    """
    case = bench_extended.CASES[name]
    with tempfile.TemporaryDirectory(prefix="faretap-pico-") as folder:
        authority, cards = bench_extended.cards_of(case, r_mac)
        stand, data = prepared(Path(folder), image, case, authority, compiler)
    meters = []

    def metered(chip):
        meters.append(Meter(chip))
        return meters[0]

    wire = SlotWire(PsamSlot(bench_extended.psam()))
    pico = stand.start(None, wire, metered)
    if compiler:
        pico_update.lay(pico, data, active=record.A)
    elf = image.with_suffix(".elf")
    stack = StackWatch(pico, *stack_of(elf)) if elf.exists() else None
    run = Run(case, stand, pico, meters[0], wire, stack)
    if not pico.run(lambda: pico.said("ready"), START_MS):
        raise LinkLost(f"it does not come up: {pico.events[-3:]} {pico.texts[-8:]}")
    found = []
    for number in range(taps):
        told(f"{name}: tap {number + 1} of {taps}, {pico.now_ms / 1000:.1f} s emulated")
        found.append(run.tap(cards[number % 2]))
    return found


def prepared(folder, image, case, authority, compiler):
    """(Stand, bytes of the release file, b"" without a compiler) of a case."""
    files = PlayFiles(folder, 1, str, "rsa")
    files.lay("bench.fares", {"fares": bench_extended.FARES})
    wallet = Wallet.create(folder / "wallet", ())
    wallet.authorities["rsa"] = authority
    more = "\n".join([*files.settings(), ""])
    more += (
        (bench_extended.SLOT + case.more)
        .replace("{folder}/", "")
        .replace("pty:{pins},gate", str(GATE))
        .format(**PLACES)
    )
    stand = Stand(image, wallet.parameters(), same_card_s=0)
    settings = SETTINGS.format(
        terminal=TERMINAL,
        device=case.device,
        blocks=JOURNAL_BLOCKS,
        green=GREEN,
        baud=MODULE_BAUD,
    )
    sealed = files.sealed(stand.files["parameters.txt"])
    stand.files = {
        "settings.txt": settings + more,
        "parameters.txt": sealed,
        "psam.txt": PROFILE,
        "bench.fares": (folder / "bench.fares").read_bytes(),
    }
    if not compiler:
        return stand, b""
    body = pico_update.whole_body(case.device, compiler)
    number = pico_update.NUMBER
    assert files.signer  # "rsa" has one
    return stand, release_files.signed_release(body, BOARD[0], number, "bench", "", files.signer)


class Run:
    """One start and its taps."""

    def __init__(self, case, stand, pico, meter, wire, stack):
        self.case, self.stand, self.pico, self.meter, self.wire = case, stand, pico, meter, wire
        self.stack = stack
        self.began_s = datetime(*UTC, tzinfo=ZONE).timestamp()

    def tap(self, card):
        """Tap of a card that is laid down and taken away."""
        pico, field = self.pico, self.stand.field
        bench_extended.come_in(card, self.case, self.began_s + pico.now_ms / 1000, CHINA)
        seen, lit, asked = len(pico.said("tap")), len(pico.levels), len(self.wire.slot.asked)
        if self.stack:
            self.stack.begin()
        field.place(card)
        pico.run(
            lambda: len(pico.said("tap")) > seen or pico.said("stopped"), pico.now_ms + SLOW_MS
        )
        (event,) = pico.said("tap")[seen:] or [{"outcome": "none", **(pico.events[-1])}]
        if event["outcome"] != "approved":
            raise LinkLost(f"the card was not approved: {event} {pico.texts[-3:]}")
        field.remove()
        ready = len(pico.said("ready"))
        pico.run(lambda: len(pico.said("ready")) > ready, pico.now_ms + REMOVED_MS)
        green_us = next(ms for ms, _, level in pico.levels[lit:] if level) * 1000
        split = self.meter.split(green_us)
        module_ms = self.wire.held_ms(self.meter.own_spans(green_us))
        return Tap(
            split,
            module_ms,
            split.own - module_ms,
            len(self.wire.slot.asked) - asked,
            self.stack.used() if self.stack else 0,
            pico.said("heap")[-1]["live"],
        )
