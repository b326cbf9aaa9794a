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

STATUS = (
    (0x01, CARD, "time-out, the card did not answer"),
    (0x02, CARD, "CRC"),
    (0x03, CARD, "parity"),
    (0x04, CARD, "bit count in anticollision"),
    (0x05, CARD, "Mifare framing"),
    (0x06, CARD, "collision"),
    (0x07, CHIP, "buffer too small"),
    (0x09, CARD, "RF FIFO overflow"),
    (0x0A, CARD, "RF field not on in time"),
    (0x0B, CARD, "RF protocol"),
    (0x0D, CHIP, "overheated, drivers off"),
    (0x0E, CHIP, "internal buffer overflow"),
    (0x10, CHIP, "bad parameter"),
    (0x12, CHIP, "DEP command not supported"),
    (0x13, CARD, "data format"),
    (0x14, CHIP, "Mifare authentication"),
    (0x23, CARD, "UID check byte"),
    (0x25, CHIP, "command not valid in the DEP state"),
    (0x26, CHIP, "not allowed in this configuration"),
    (0x27, CHIP, "wrong context, such as a target not listed"),
    (0x29, CARD, "target released by its initiator"),
    (0x2A, CARD, "type B: card ID does not match"),
    (0x2B, CARD, "type B: card has gone"),
    (0x2C, CHIP, "NFCID3 mismatch"),
    (0x2D, CHIP, "over-current"),
    (0x2E, CHIP, "NAD missing"),
    (SYNTAX, CHIP, "syntax error"),
    (SILENCE, CHIP, "silence"),
)


def kind_of(code):
    """CARD or CHIP; a code that is in no table is the chip's."""
    return _row(code)[1]


def status_error(command_code, status):
    """The ChipError of a status byte or of an error frame (7F)."""
    _, kind, name = _row(status)
    return ChipError(
        "command %02X: status %02X, %s: %s" % (command_code, status, kind, name), status
    )


def silence(command_code, text):
    """The ChipError of a command that got no answer to go by."""
    return ChipError("command %02X: %s" % (command_code, text), SILENCE)


def _row(code):
    for row in STATUS:
        if row[0] == code:
            return row
    return (code, CHIP, "unknown")
