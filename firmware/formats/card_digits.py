# SPDX-License-Identifier: Apache-2.0
"""Card numbers in the answers of a card: where they stand, and what is shown instead (QT-033).

First six and last four digits stay, the rest becomes 9. Pure; masking is no parser: where the
bytes are no TLV it stops looking and raises nothing.
"""

DEEPEST = 6  # templates in templates; a real answer has three
CERTIFICATE = 0x9F46  # holds the number for whoever has the CA key, and is left alone


def masked(pan):
    """Return the digits of `pan` with those between the first six and the last four as 9.

    Below 13 digits six and four would show too much: only the last four stay.
    """
    if len(pan) < 13:
        return "9" * (len(pan) - 4) + pan[-4:]
    return pan[:6] + "9" * (len(pan) - 10) + pan[-4:]


def swaps_in(answer):
    """([(hex as the card sent it, hex as shown)], whether a certificate is there) of an R-APDU."""
    swaps, sealed = [], False
    for tag, value in _objects(answer[:-2], DEEPEST):
        sealed = sealed or tag == CERTIFICATE
        swaps += _swaps(tag, value.hex().upper() if value else "")
    return swaps, sealed


def hidden(octets, swaps):
    """The bytes with every number of `swaps` masked, wherever its digits stand."""
    text = octets.hex().upper()
    for old, new in swaps:
        text = text.replace(old, new)
    return bytes.fromhex(text)


def masking(report):
    """A report that masks the answers of "apdu" events, and lets all others pass."""

    def masked_report(event):
        if event["event"] == "apdu":
            answer = bytes.fromhex(event["answer"])
            event["answer"] = hidden(answer, swaps_in(answer)[0]).hex()
        report(event)

    return masked_report


def _swaps(tag, digits):
    """Return [(as written, as shown)] for the value of 57 or 5A (qpboc.md 2.15), longest first."""
    if tag not in (0x57, 0x5A):
        return []
    pan = digits.split("D")[0] if tag == 0x57 else digits.rstrip("F")
    if not 11 <= len(pan) <= 19:
        return []
    swaps = [(pan, masked(pan))]
    kept = len(pan) + 8  # D, YYMM, service code
    if tag == 0x57 and len(digits) > kept:
        blank = "".join("F" if c == "F" else "0" for c in digits[kept:])
        swaps.insert(0, (digits, digits[:kept] + blank))
    return swaps


def _objects(data, depth):
    """Yield (tag, value) at any depth; stop where the bytes are no TLV: masking is no parser."""
    at = 0
    while at + 2 <= len(data) and depth:
        first = tag = data[at]
        at += 1
        if tag & 0x1F == 0x1F:
            tag, at = tag << 8 | data[at], at + 1
        if at >= len(data):
            return
        length, at = data[at], at + 1
        if length == 0x81 and at < len(data):
            length, at = data[at], at + 1
        value = data[at : at + length]
        at += length
        yield tag, value
        if first & 0x20:
            yield from _objects(value, depth - 1)
