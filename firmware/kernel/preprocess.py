# SPDX-License-Identifier: Apache-2.0
"""Pre-processing: the amount against the limits, and the TTQ made of it, before the field is on
(JR/T 0025.12 §6.2.2).

Pure: run again whenever the amount or the parameters change (QT-035).
"""

from collections import namedtuple

from firmware.kernel import bits

# fen or None = the check is skipped (QT-026)
Limits = namedtuple("Limits", ("transaction_fen", "cvm_fen", "floor_fen"))
NO_LIMITS = Limits(None, None, None)

RESERVED = bytes((0x7E, 0xC0, 0x00, 0x80))  # the bits of TTQ that may be set at all (QT-005)


def check_ttq(ttq):
    """Reason why a configured TTQ must not be used, "" if it may (QT-001, QT-005)."""
    if len(ttq) != 4:
        return "TTQ of %d bytes" % len(ttq)
    for byte, allowed in zip(ttq, RESERVED):
        if byte & ~allowed & 0xFF:
            return "TTQ sets a reserved bit"
    if not bits.has(ttq, bits.TTQ_QPBOC):
        return "TTQ without qPBOC"
    return ""


def preprocess(amount_fen, limits, base_ttq):
    """(TTQ for this amount, "") or (None, reason). base_ttq: the capabilities of the terminal,
    byte 2 clear.

    Refused here, before the field is on: zero amounts (QT-039), amounts at or over the transaction
    limit (QT-041), and at an offline-only terminal what would need an online cryptogram or a CVM
    it cannot do (QT-046).
    """
    offline_only = bits.has(base_ttq, bits.TTQ_OFFLINE_ONLY)
    ttq = bytes((base_ttq[0], 0, base_ttq[2], base_ttq[3]))  # QT-045
    if amount_fen <= 0:
        if offline_only or amount_fen < 0:
            return None, "amount_zero"
        ttq = bits.with_bit(ttq, bits.TTQ_ONLINE_CRYPTOGRAM)  # QT-038
    if limits.transaction_fen is not None and amount_fen >= limits.transaction_fen:
        return None, "over_transaction_limit"  # QT-041
    if limits.cvm_fen is not None and amount_fen >= limits.cvm_fen:
        ttq = bits.with_bit(ttq, bits.TTQ_CVM_REQUIRED)  # QT-042
    if limits.floor_fen is not None and amount_fen > limits.floor_fen:
        ttq = bits.with_bit(ttq, bits.TTQ_ONLINE_CRYPTOGRAM)  # QT-043
    if offline_only and ttq[1]:
        return None, "needs_online_or_cvm"  # QT-046
    return ttq, ""
