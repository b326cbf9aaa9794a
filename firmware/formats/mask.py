# SPDX-License-Identifier: Apache-2.0
"""Mask the card numbers of a session file before it is kept or shown (QT-033).

First six and last four digits stay, as record.mask_pan shows them to people; but the rest becomes
9 and not *, because a masked session is still a session: hex, and replayable. Pure: text to text.
"""

from firmware.formats import session

DEEPEST = 6  # templates in templates; a real answer has three


def masked(pan):
    """Return the digits of `pan` with those between the first six and the last four as 9.

    Below 13 digits six and four would show too much: only the last four stay.
    """
    if len(pan) < 13:
        return "9" * (len(pan) - 4) + pan[-4:]
    return pan[:6] + "9" * (len(pan) - 10) + pan[-4:]


def mask_pan(text, name="session"):
    """Return the session text with every card number masked, wherever its digits stand.

    The numbers are found in 5A and 57 of the answers and replaced in commands, answers, deny
    lines and prose; the discretionary data of 57 become zeros. Certificates are left alone: an
    RSA 9F46 still holds the number for whoever has the CA key, and the note says so. Signed
    records that held the number no longer verify. Raises FormatError as parse() does.
    """
    swaps, sealed = [], False
    for presentation in session.parse(text, name).presentations:
        for _, answer, _ in presentation:
            for tag, value in _objects(answer[:-2] if answer else b"", DEEPEST):
                sealed = sealed or tag == 0x9F46
                swaps += _swaps(tag, value.hex().upper() if value else "")
    if not swaps:
        return text
    remark = "; card number masked" + (", but certificate 9F46 still holds it" if sealed else "")
    return "\n".join(_mask_line(line, swaps, remark) for line in text.split("\n"))


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


def _mask_line(line, swaps, remark):
    if line[:1] in ("<", ">"):
        line = line.upper().replace("MS", "ms")
    if line.startswith("note:"):
        line = "note: " + line[5:].replace(" none", "", 1).strip() + remark
        line = line.replace("note: ; ", "note: ")
    for old, new in swaps:
        line = line.replace(old, new)
    return line


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
