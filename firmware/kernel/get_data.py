# SPDX-License-Identifier: Apache-2.0
"""GET DATA of what a card tells of itself, without a GPO (JR/T 0025.5 B.7; qpboc.md 2.12).

Generators: the value, or None when the card does not give it in the right form. Which of them a
card gives freely is not settled between the parts of the standard, so every caller lives without
(qpboc.md 3, point 9). LinkLost goes up.
"""

from firmware.errors import FormatError
from firmware.kernel import apdu, bcd, tags, tlv


def value(tag, length=None):
    """Bytes of the object `tag`; None unless it came alone, whole and of `length` bytes."""
    data, sw = answered((yield apdu.get_data(tag)))
    try:
        objects = tlv.parse(data) if sw == apdu.SW_OK else []
    except FormatError:
        return None
    if len(objects) != 1 or objects[0].tag != tag:
        return None
    found = objects[0].value
    return found if length in (None, len(found)) else None


def number(tag, length):
    """The object as a binary number."""
    found = yield from value(tag, length)
    return None if found is None else int.from_bytes(found, "big")


def decimal(tag, length):
    """The object as a number of n format: an amount has 6 bytes, a currency 2."""
    found = yield from value(tag, length)
    try:
        return None if found is None else bcd.to_int(found)
    except FormatError:
        return None


def balance(currency):
    """Balance in `currency`, 5F2A as bytes, in fen; None where the card tells no such balance.

    9F79 in the application currency 9F51, else DF79 in the second one, DF71 (QT-173). A card that
    does not tell its currency is taken to have this one.
    """
    if (yield from value(tags.CARD_CURRENCY, 2)) in (None, currency):
        return (yield from decimal(tags.EC_BALANCE, 6))
    if (yield from value(tags.SECOND_CURRENCY, 2)) == currency:
        return (yield from decimal(tags.SECOND_BALANCE, 6))
    return None


def answered(answer):
    """Data and status word; an answer without one counts as refused: b"" and 0."""
    try:
        return apdu.split(answer)
    except FormatError:
        return b"", 0
