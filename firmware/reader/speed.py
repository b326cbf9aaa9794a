# SPDX-License-Identifier: Apache-2.0
"""Faster than 106 kbit/s on the air, with cards of type A that say they can: PPS (ISO/IEC 14443-4
5.3), by the chip's InPSL or by our own ISO-DEP. JR/T 0025.11 knows 106 only, so it is a setting.
Loaded only where the settings ask for it.
"""

from firmware.errors import ChipError, FormatError
from firmware.reader.status import SILENCE
from firmware.reader.targets import read_ats

IN_PSL = 0x4E
SPEEDS = (106, 212, 424)  # kbit/s by the chip's code, and by the bits of PPS1
PSL_MS = 1500  # the chip sends PPS again once (MxRtyPSL); a card of FWI 8 takes 77 ms


def agreed(ats, kbps):
    """The code of the highest speed up to `kbps` that TA1 grants in both directions; 0: 106.

    The same both ways: some cards can nothing else (TA1 bit 8), and it is what clients of the chip
    have been seen to ask for (pn532.md, 5.2).
    """
    try:
        ta1 = read_ats(ats).ta1
    except FormatError:
        return 0
    best = 0
    for code in (1, 2):
        if SPEEDS[code] <= kbps and ta1 >> (code - 1) & ta1 >> (code + 3) & 1:
            best = code
    return best


def raised(chip, card):
    """Bring a card to its highest speed by InPSL; False when it was refused (PD-25).

    Then nobody knows at which speed the card is, and only a field reset makes it 106 again.
    """
    code = agreed(card.ats, chip.kbps) if card.kind == "A" else 0
    if not code:
        return True
    try:
        answer = chip.command(IN_PSL, bytes((card.number, code, code)), PSL_MS)
    except ChipError as refused:
        if refused.code == SILENCE:
            raise
        return False
    return answer[:1] == b"\x00"


def pps(code):
    """The block that asks for it, without CID, and the answer of a card that agrees."""
    return bytes((0xD0, 0x11, code << 2 | code)), b"\xd0"


def with_speed(mode, code):
    """Value of TxMode or RxMode at another speed: bits 6..4 (PN532 data sheet, 8.6.23.18)."""
    return mode & 0x8F | code << 4
