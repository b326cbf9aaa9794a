# SPDX-License-Identifier: Apache-2.0
"""Transactions whose last answer was in the journal when the power went: concluded at the start.

The card has paid, its signature may not have been checked yet. It is checked now, with the bytes
of the entry, and the one record that closes it is written (QT-163).
"""

from firmware.devices import entries
from firmware.errors import FormatError, JournalFull
from firmware.formats import record
from firmware.kernel import bcd, outcome, torn

# Any other outcome is a signature that does not verify.
KINDS = {
    outcome.APPROVED: record.APPROVED,
    outcome.TORN_PENDING: record.DEBITED_UNPROVEN,
}


def finish(journal, purchase_on):
    """Close each open entry whose answer was kept, once.

    purchase_on(day): transaction.Purchase as of (year, month, day): certificates that were valid
    at the tap stay so. An entry that cannot be read, or for whose record there is no room, is left
    to torn_taps.restore().
    """
    for sequence, data in journal.pending():
        answer = journal.answer_of(sequence)
        if answer is None:
            continue
        try:
            values = entries.unpack_pending(data)
            tap = entries.tap_of(values)
            day = bcd.to_date(bytes.fromhex(values["date"]))
        except FormatError:
            continue
        result = torn.conclude_kept(tap, purchase_on(day), answer)
        kind = KINDS.get(result.outcome, record.DEBITED_REFUSED)
        if kind == record.APPROVED:
            kind = entries.approved_kind(tap)
        try:
            journal.settle(sequence, entries.pack_settled(values, kind, result, result.reason))
        except JournalFull:
            return  # torn ends have cost the last blocks: an upload makes room, and needs a start
