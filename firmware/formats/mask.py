# SPDX-License-Identifier: Apache-2.0
"""Mask the card numbers of a session file before it is kept or shown (QT-033).

First six and last four digits stay, as record.mask_pan shows them to people; but the rest becomes
9 and not *, because a masked session is still a session: hex, and replayable. Pure: text to text.
"""

from firmware.formats import session
from firmware.formats.card_digits import swaps_in


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
            found, certified = swaps_in(answer or b"")
            swaps += found
            sealed = sealed or certified
    if not swaps:
        return text
    remark = "; card number masked" + (", but certificate 9F46 still holds it" if sealed else "")
    return "\n".join(_mask_line(line, swaps, remark) for line in text.split("\n"))


def _mask_line(line, swaps, remark):
    if line[:1] in ("<", ">"):
        line = line.upper().replace("MS", "ms")
    if line.startswith("note:"):
        line = "note: " + line[5:].replace(" none", "", 1).strip() + remark
        line = line.replace("note: ; ", "note: ")
    for old, new in swaps:
        line = line.replace(old, new)
    return line
