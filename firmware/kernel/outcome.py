# SPDX-License-Identifier: Apache-2.0
"""Outcome: what the kernel says of one presentation of a card. A refusal is an Outcome, never an
exception.

| outcome | when |
|---|---|
| approved | TC, all records read, fDDA passed |
| recovered | a torn transaction was completed without a new GPO |
| declined | refused after a well-formed GPO answer |
| online | the cryptogram has to go to the issuer (online-capable terminals) |
| other_interface | no usable GPO answer: another interface or another card |
| try_again | the link was lost before the last record: nothing was charged |
| torn_pending | the answer to the last record was lost: unknown, to be resolved |
"""

from collections import namedtuple

APPROVED = "approved"
RECOVERED = "recovered"
DECLINED = "declined"
ONLINE = "online"
OTHER_INTERFACE = "other_interface"
TRY_AGAIN = "try_again"
TORN_PENDING = "torn_pending"

TC, ARQC, AAC = "TC", "ARQC", "AAC"

NOT_PERFORMED, FAILED, FDDA_00, FDDA_01 = "not_performed", "failed", "fdda00", "fdda01"

# outcome, reason: words; detail: what exactly, for the bench; cryptogram: "" before a usable GPO
# answer;
# balance_fen: None when not known; taken: True, False or None (unknown); tap: the Tap, None
# before the GPO answer
Outcome = namedtuple(
    "Outcome", ("outcome", "reason", "detail", "cryptogram", "oda", "balance_fen", "taken", "tap")
)


def refused(
    outcome, reason, detail="", cryptogram="", oda=NOT_PERFORMED, balance_fen=None, tap=None
):
    """An Outcome in which no money was taken."""
    return Outcome(outcome, reason, detail, cryptogram, oda, balance_fen, False, tap)
