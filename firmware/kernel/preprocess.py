# SPDX-License-Identifier: Apache-2.0
"""Pre-processing: the amount against the limits, and the TTQ made of it, before the field is on
(JR/T 0025.12 §6.2.2).

Pure: run again whenever the amount or the parameters change (QT-035).
"""

from collections import namedtuple

from firmware.kernel import bits

# Fen or None = the check is skipped (QT-026); floor_9f1b: 9F1B as 4 bytes, binary (QT-027)
Limits = namedtuple("Limits", ("transaction_fen", "cvm_fen", "floor_fen", "floor_9f1b"))
NO_LIMITS = Limits(None, None, None, None)

RESERVED = bytes((0x7E, 0xC0, 0x00, 0x80))  # the bits of TTQ that may be set at all (QT-005)
# What a device must be built with to send a bit of TTQ (QT-001, QT-002, QT-004). A transaction of
# full PBOC takes long: only a tray or a slot keeps a card still for it.
CLAIMS = (
    (bits.TTQ_FULL_PBOC, ("full_pboc", "holds_card")),
    (bits.TTQ_CONTACT, ("contact",)),
    (bits.TTQ_ONLINE_PIN, ("online_pin",)),
    (bits.TTQ_SIGNATURE, ("signature",)),
)


def check_ttq(ttq, built=()):
    """Reason why a configured TTQ must not be used, "" if it may (QT-001..006).

    built: words of CLAIMS and "online", what the device has; this build has none of them.
    """
    if len(ttq) != 4:
        return "TTQ of %d bytes" % len(ttq)
    for byte, allowed in zip(ttq, RESERVED):
        if byte & ~allowed & 0xFF:
            return "TTQ sets a reserved bit"
    if not bits.has(ttq, bits.TTQ_QPBOC):
        return "TTQ without qPBOC"
    if not bits.has(ttq, bits.TTQ_FDDA_01):
        return "TTQ without fDDA version 01"
    if bits.has(ttq, bits.TTQ_OFFLINE_ONLY) == ("online" in built):
        return "TTQ 1.4 is set where there is no online authorisation, and nowhere else"
    for bit, needs in CLAIMS:
        for one in needs if bits.has(ttq, bit) else ():
            if one not in built:
                return "TTQ claims what the device has not: " + one
    return ""


def preprocess(amount_fen, limits, base_ttq, status_check=False, extended=False):
    """(TTQ for this amount, "") or (None, reason). base_ttq: the capabilities of the terminal,
    byte 2 clear.

    The checks are those of the clause, to the letter; an absent limit switches its check off, and
    docs/operation.md says which are off as delivered (QT-048). status_check: the option of that
    name (QT-028); extended: an extended-application transaction
    is run. Refused here, before the field is on: no amount (QT-036), zero amounts (QT-039),
    amounts at or over the transaction limit (QT-041), and at an offline-only terminal what would
    need an online cryptogram or a CVM it cannot do (QT-046): the card does not ask there.
    """
    if amount_fen is None or amount_fen < 0:
        return None, "no_amount"
    offline_only = bits.has(base_ttq, bits.TTQ_OFFLINE_ONLY)
    ttq = bytes((base_ttq[0], 0, base_ttq[2], base_ttq[3]))  # QT-045
    online = status_check and amount_fen == 100  # one currency unit (QT-037)
    if amount_fen == 0 and not extended:  # QT-040
        if offline_only:
            return None, "amount_zero"
        online = True  # QT-038
    if limits.transaction_fen is not None and amount_fen >= limits.transaction_fen:
        return None, "over_transaction_limit"  # QT-041
    if limits.cvm_fen is not None and amount_fen >= limits.cvm_fen:
        ttq = bits.with_bit(ttq, bits.TTQ_CVM_REQUIRED)  # QT-042
        if offline_only and not bits.has(ttq, bits.TTQ_SIGNATURE):
            return None, "needs_online_or_cvm"  # QT-046
    floor_fen = limits.floor_fen
    if floor_fen is None and limits.floor_9f1b is not None:
        floor_fen = int.from_bytes(limits.floor_9f1b, "big")  # QT-027, QT-044
    if online or (floor_fen is not None and amount_fen > floor_fen):
        if offline_only:
            return None, "needs_online_or_cvm"  # QT-046
        ttq = bits.with_bit(ttq, bits.TTQ_ONLINE_CRYPTOGRAM)  # QT-037, QT-038, QT-043
    return ttq, ""
