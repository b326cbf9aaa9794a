# SPDX-License-Identifier: Apache-2.0
"""The chip's status codes as typed errors. UM0701-02 7.1; pn532.md, 3 (PD-09).

Two kinds: CARD, the card or the field, and CHIP, the chip or its caller. Both are a ChipError,
hence LinkLost: a card that was released or lost can also show as 27, so the kind is for people and
for the choice of a remedy, never for money.
"""

from firmware.errors import ChipError

CARD, CHIP = "card", "chip"
SYNTAX = 0x7F
SILENCE = -1  # no status at all: no ACK, no answer, or one that breaks its format

# code in hex, kind, name: one text, of which little lies in a board's heap
TABLE = """
01 card time-out, the card did not answer
02 card CRC
03 card parity
04 card bit count in anticollision
05 card Mifare framing
06 card collision
07 chip buffer too small
09 card RF FIFO overflow
0A card RF field not on in time
0B card RF protocol
0D chip overheated, drivers off
0E chip internal buffer overflow
10 chip bad parameter
12 chip DEP command not supported
13 card data format
14 chip Mifare authentication
23 card UID check byte
25 chip command not valid in the DEP state
26 chip not allowed in this configuration
27 chip wrong context, such as a target not listed
29 card target released by its initiator
2A card type B: card ID does not match
2B card type B: card has gone
2C chip NFCID3 mismatch
2D chip over-current
2E chip NAD missing
7F chip syntax error
-1 chip silence
"""


def codes():
    """Every code of TABLE."""
    return [int(row.split(" ")[0], 16) for row in TABLE.strip().split("\n")]


def kind_of(code):
    """CARD or CHIP; a code that is in no table is the chip's."""
    return _row(code)[1]


def status_error(command_code, status):
    """The ChipError of a status byte or of an error frame, 7F (PD-09)."""
    _, kind, name = _row(status)
    return ChipError(
        "command %02X: status %02X, %s: %s" % (command_code, status, kind, name), status
    )


def silence(command_code, text):
    """The ChipError of a command that got no answer to go by."""
    return ChipError("command %02X: %s" % (command_code, text), SILENCE)


def _row(code):
    """(code, kind, name)."""
    at = TABLE.find("\n%s " % ("%02X" % code if code >= 0 else code))
    if at < 0:
        return (code, CHIP, "unknown")
    _, kind, name = TABLE[at + 1 : TABLE.find("\n", at + 1)].split(" ", 2)
    return (code, kind, name)
