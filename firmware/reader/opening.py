# SPDX-License-Identifier: Apache-2.0
"""Waking, finding, setting up and speeding up the chip: what open() and recover() do.

The chip keeps its speed when only the host restarts, so it is looked for at every speed, the last
one used first (PD-13). Nothing here runs between commands of a tap. pn532.md, 2, 3 and 8.2.
"""

from firmware.errors import ChipError
from firmware.reader.frame import ACK, encode
from firmware.reader.status import SYNTAX, silence

DIAGNOSE, SAM_CONFIGURATION, SET_PARAMETERS = 0x00, 0x14, 0x12
SET_SERIAL_BAUD_RATE, RF_CONFIGURATION = 0x10, 0x32

SHORT_MS = 50  # answers of commands that only touch the chip
# one round over the nine speeds: 9 x (wake 2 + ACK 30 + drain 3) ms and the bytes at each speed
PROBE_LIMIT_MS = 450
RESET_BAUD = 115200
SWITCH_MS = 2  # the chip needs 200 us after the host's ACK (UM0701-02, re-check)
PATTERN = bytes(range(0, 256, 9)) + b"\x00\x00\xff\x00\xff\x55\xaa"

SAM_NORMAL = b"\x01\x14\x01"  # normal mode, 1 s, IRQ on
# automatic ATR_RES and RATS: another program may have left them off; and without RATS (engine B)
AUTOMATIC, WITHOUT_RATS = b"\x14", b"\x04"
# 102.4 ms for ATR_RES and for a retry: a card of FWI 8 takes 77.3 ms (PD-22)
WAITING = (RF_CONFIGURATION, b"\x02\x00\x0b\x0b")
SETTINGS = (
    WAITING,
    # MxRtyATR 0, MxRtyPSL 1, MxRtyPassiveActivation 0: one try a look, so that an empty field ends
    # it (PD-18), the types alternate as often as they can (QT-050) and a card waits least
    (RF_CONFIGURATION, b"\x05\x00\x01\x00"),
)


def probe(chip, slowest=0):
    """Find the chip's speed, wake it and put it into normal mode; at most PROBE_LIMIT_MS.

    Raises ChipError when it answers at no speed from `slowest` up.
    """
    speeds = [chip.last_baud, RESET_BAUD] + [baud for _, baud in reversed(chip.bus.speeds)]
    tried = []
    for baud in speeds:
        if baud in tried or baud < slowest:
            continue
        tried.append(baud)
        if chip.bus.speeds and not chip.bus.speed(baud):
            continue
        if _awake(chip) or chip.heard and _awake(chip):  # it lives here: the answer was lost
            return
    raise silence(SAM_CONFIGURATION, "no chip at any speed")


def _awake(chip):
    chip.bus.wake()
    try:
        # C106 chips start in LowVbat and want this one first (PD-14)
        chip.command(SAM_CONFIGURATION, SAM_NORMAL, SHORT_MS)
    except ChipError:
        return False
    return True


def configure(chip):
    """Send the settings that every tap relies on; they are lost when the chip resets."""
    chip.command(SET_PARAMETERS, WITHOUT_RATS if chip.own_card else AUTOMATIC, SHORT_MS)
    for code, data in SETTINGS:
        chip.command(code, data, SHORT_MS)


def echo(chip):
    """Whether a Diagnose echo comes back unharmed: the proof of a speed."""
    try:
        return chip.command(DIAGNOSE, b"\x00" + PATTERN, SHORT_MS) == b"\x00" + PATTERN
    except ChipError:
        return False


def raise_speed(chip, top_baud):
    """Go to the highest speed up to `top_baud` that passes the echo, else stay (PD-12)."""
    for code, baud in reversed(chip.bus.speeds):
        if baud > top_baud or baud < RESET_BAUD or baud in chip.unfit:
            continue
        if baud == chip.bus.baud or _switch(chip, code, baud):
            return
        chip.unfit.append(baud)


def _switch(chip, code, baud):
    """Answer at the old speed, host ACK, the chip switches, the host switches, echo."""
    old = chip.bus.baud
    reachable = chip.bus.speed(baud)  # before the chip goes where this line cannot follow
    chip.bus.speed(old)
    if not reachable:
        return False
    try:
        chip.command(SET_SERIAL_BAUD_RATE, bytes((code,)), SHORT_MS)
    except ChipError as refused:
        if refused.code != SYNTAX:  # silence: the abort may have been taken for the host's ACK
            _settle(chip, old, baud)
        return False
    chip.send(ACK)
    chip.bus.rest(SWITCH_MS + chip.bus.wire_ms(len(ACK)))
    if chip.bus.speed(baud) and echo(chip):
        return True
    _settle(chip, old, baud)
    return False


def _settle(chip, old, new):
    """Get chip and host back to `old`.

    Nobody knows which speed the chip has; at `new` it may hear the host and not be heard.
    """
    if chip.bus.speed(new):
        chip.send(encode(bytes((0xD4, SET_SERIAL_BAUD_RATE, _code_of(chip, old)))))
        chip.bus.rest(SHORT_MS)
        chip.send(ACK)
        chip.bus.rest(SWITCH_MS + chip.bus.wire_ms(len(ACK)))
    chip.bus.speed(old)
    if not echo(chip):
        chip.last_baud = old
        probe(chip)


def _code_of(chip, baud):
    for code, known in chip.bus.speeds:
        if known == baud:
            return code
    return 4
