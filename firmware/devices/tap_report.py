# SPDX-License-Identifier: Apache-2.0
"""The `tap` event: what one presentation came to, and where its time went."""

from firmware.formats import record
from firmware.kernel import bcd, outcome


def tap_event(card, sold, watch, total_us):
    """Dict for report(): card of the reader, Sold, Stopwatch, us from the look to the decision.

    The card number is masked (CL-016).
    """
    result = sold.outcome
    tap = result.tap
    pan = tap.known_pan() if tap else ""
    return {
        "event": "tap",
        "outcome": result.outcome,
        "reason": result.reason,
        "detail": result.detail,
        "message": sold.message,
        "cryptogram": result.cryptogram,
        "oda": result.oda,
        "cvm": tap.cvm() if tap and tap.decision == outcome.TC else "",
        "amount_fen": sold.amount_fen,
        "balance_fen": result.balance_fen,
        "taken": result.taken,
        "fare_class": sold.fare_class,
        "card": record.mask_pan(record.pan_bytes(pan)),
        "uid": card.uid.hex(),
        "ats": bcd.half_bytes(card.ats),
        "atc": tap.atc() if tap and tap.decision else 0,
        "sequence": sold.sequence,
        "exchanges": watch.count,
        "us": total_us,
        "phases_us": watch.spent,
    }
