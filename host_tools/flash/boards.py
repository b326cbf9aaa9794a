# SPDX-License-Identifier: Apache-2.0
"""The boards that are known, a row each: how one is recognised, and how it is wired by default.

A board that is running says its name as MicroPython's `sys.implementation._machine`; one in its
boot ROM shows a drive with INFO_UF2.TXT. Pins are those of the wiring pictures in docs; each may
be set otherwise (`faretap provision --set`).
"""

from typing import NamedTuple

from firmware.boot import layout
from firmware.errors import FormatError


class Board(NamedTuple):
    """machine: how its name begins, or what stands in it; drive: Board-ID of INFO_UF2.TXT and
    family: of its UF2 blocks, "" and 0 where it has no such drive; defaults: settings.
    """

    name: str
    title: str
    machine: tuple[str, ...]
    drive: str
    family: int
    defaults: tuple[tuple[str, str], ...]

    @property
    def is_linux(self) -> bool:
        return not self.machine


RP2040, RP2350 = 0xE48BFF56, 0xE48BFF59
PICO_WIRES = (("reader", "serial:1:tx=4,rx=5"), ("journal", "flash:end"))


def _journal(word: str) -> tuple[str, str]:
    """All of the region that the map of its flash has for it."""
    return "journal_blocks", str(layout.region(layout.row(word), "journal")[1])


BOARDS = (
    Board("pico", "Raspberry Pi Pico", ("Raspberry Pi Pico with ",), "RPI-RP2", RP2040,
          (*PICO_WIRES, _journal("pico"), ("link", "serial:0:tx=0,rx=1"))),
    Board("pico_w", "Raspberry Pi Pico W", ("Raspberry Pi Pico W with ",), "RPI-RP2", RP2040,
          (*PICO_WIRES, _journal("pico_w"))),
    Board("pico2_w", "Raspberry Pi Pico 2 W", ("Raspberry Pi Pico 2 W with ",), "RP2350", RP2350,
          (*PICO_WIRES, _journal("pico2_w"))),
    Board("esp32_s3", "ESP32-S3", ("ESP32S3", "ESP32-S3"), "", 0,
          (("reader", "serial:1:tx=17,rx=18"), ("journal", "flash:journal"),
           _journal("esp32_s3"))),
    Board("raspberry_pi", "Raspberry Pi", (), "", 0,
          (("reader", "serial:/dev/serial0"), ("journal", "file:/var/lib/faretap/journal.bin"),
           ("journal_blocks", "4096"))),
)  # fmt: skip
NAMES = tuple(one.name for one in BOARDS)


def board_named(name: str) -> Board:
    """The row of a name; FormatError that names them all."""
    for one in BOARDS:
        if one.name == name:
            return one
    raise FormatError(f"{name} is no board: {', '.join(NAMES)}")


def of_machine(machine: str) -> Board | None:
    """The row of what a running board calls itself, None for a stranger."""
    for one in BOARDS:
        if any(machine.startswith(text) or f" {text}" in f" {machine}" for text in one.machine):
            return one
    return None
