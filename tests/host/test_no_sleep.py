# SPDX-License-Identifier: Apache-2.0
"""No fixed sleep between a terminal and a card: nothing in the firmware calls one, and on a
counted clock no time passes that the chip did not take.
"""

import ast
from pathlib import Path

import pytest

from firmware.reader.iso_dep import IsoDepCard
from sim.timing import Timing
from tests.host.chip_stand import EXCHANGE, TAKE_A_LOOK, ChipStand, RadioCard

ROOT = Path(__file__).resolve().parents[2]
# Pins wait in steps under a millisecond for a chip that tells by its status byte or its IRQ line
PINS = ("pins_board.py", "pins_cpython.py")
# The root waits between two turns while the field is off, where no reader takes the loop's time
DARK = ("firmware/hal", "firmware/main.py", "firmware/boot/mend.py")
RAW = 0x42


def sleeps(path):
    """Lines that name a sleep of any kind."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        name = getattr(node, "attr", None) or getattr(node, "id", None)
        if isinstance(name, str) and "sleep" in name:
            yield node.lineno


def test_firmware_should_call_no_sleep():
    """PD-15: waiting is reading with a deadline."""
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted((ROOT / "firmware").rglob("*.py"))
        if path.name not in PINS
        for line in sleeps(path)
        if not str(path.relative_to(ROOT)).startswith(DARK)
    ]
    assert len(list(sleeps(ROOT / "firmware/main.py"))) == 1
    assert found == []


@pytest.mark.parametrize("own_card", [None, IsoDepCard], ids=["chip", "own"])
def test_no_time_should_pass_between_look_and_last_answer(own_card):
    """PD-15: a chip and a card without delay; the clock moves when somebody waits, else never.

    Own ISO-DEP keeps the guard time of the card behind RATS: there it begins with the first block.
    """
    stand, card = ChipStand(timing=Timing.none(), own_card=own_card), RadioCard()
    stand.radio.place(card)
    assert [one["outcome"] for one in stand.turn(1)] == ["approved"]
    codes = stand.codes()
    last = max(at for at, code in enumerate(codes) if code in (EXCHANGE, RAW))
    begin = max(at for at in range(last) if codes[at] == TAKE_A_LOOK)
    if own_card:
        blocks = [at for at in range(begin, last) if codes[at] == RAW]
        begin = blocks[1]  # behind RATS
    times = {one.at_us for one in stand.sent[begin : last + 1]}
    assert len(times) == 1 and last - begin >= 5
