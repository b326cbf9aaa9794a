# SPDX-License-Identifier: Apache-2.0
"""To the fen: what the cards lost = what the journal says = what the ledger says.

Every final debit of a card must stand in exactly one journal entry as approved, debited-refused,
debited-unproven or pending; every entry that says money was taken must be a debit of a card; the
ledger must hold the journal, record for record. Pending entries may or may not be debits: that is
what the word means, and the report shows which.
"""

from collections import Counter, namedtuple

from firmware.formats import record
from firmware.journal import open_journal
from sim.flash import Flash

# a stamp of the card's memory is a debit of 0 fen, with an ATC of its own
TAKEN = (record.APPROVED, record.STAMPED, record.DEBITED_REFUSED, record.DEBITED_UNPROVEN)

# Sums in fen; faults: list of sentences, empty when all balances
Balance = namedtuple(
    "Balance",
    (
        "cards_fen",
        "approved_fen",
        "refund_due_fen",
        "pending_fen",
        "pending_taken_fen",
        "ledger_approved_fen",
        "ledger_pending_fen",
        "ledger_refund_due_fen",
        "debits",
        "records",
        "faults",
    ),
)


def journal_records(path, block_count):
    """List of (sequence, record dict) kept in a journal file, and its numbers still pending."""
    journal = open_journal(flash_of(path, block_count))
    return (
        [(sequence, record.unpack(data)) for sequence, data in journal.records()],
        [sequence for sequence, _ in journal.pending()],
    )


def flash_of(path, block_count):
    """The Flash whose cells are in a file (firmware/hal/fileflash.py)."""
    flash = Flash(block_count)
    stored = path.read_bytes()
    for block in flash.blocks:
        block[:], stored = stored[: flash.block_size], stored[flash.block_size :]
    return flash


def reconcile(cards, records, open_entries, ledger_rows):
    """Balance of simulated cards, and of journal and ledger as [(sequence, record dict)]."""
    faults = [f"entry {sequence} is still open" for sequence in open_entries]
    debits = Counter()
    for card in cards:
        for atc, amount_fen, final in card.debits:
            if final:
                debits[(card.pan, atc, amount_fen)] += 1
    by_kind = Counter()
    pending_taken_fen = 0
    left = Counter(debits)
    for sequence, values in records:
        key = (record.pan_digits(values["pan"]), values["atc"], values["amount_fen"])
        by_kind[values["kind"]] += values["amount_fen"]
        took = left[key] > 0
        if values["kind"] in TAKEN and not took:
            faults.append(f"record {sequence} says {key[2]} fen were taken, the card does not")
        if values["kind"] not in (*TAKEN, record.PENDING) and took:
            faults.append(f"record {sequence} says nothing was taken, the card lost {key[2]} fen")
        if took:
            left[key] -= 1
            pending_taken_fen += values["amount_fen"] * (values["kind"] == record.PENDING)
    faults += [f"card ..{pan[-4:]} lost {fen} fen unknown" for pan, _, fen in left.elements()]
    faults += _differences(records, ledger_rows)
    in_ledger = Counter()
    for _, values in ledger_rows:
        in_ledger[values["kind"]] += values["amount_fen"]
    return Balance(
        cards_fen=sum(fen * count for (_, _, fen), count in debits.items()),
        approved_fen=by_kind[record.APPROVED],
        refund_due_fen=by_kind[record.DEBITED_REFUSED] + by_kind[record.DEBITED_UNPROVEN],
        pending_fen=by_kind[record.PENDING],
        pending_taken_fen=pending_taken_fen,
        ledger_approved_fen=in_ledger[record.APPROVED],
        ledger_pending_fen=in_ledger[record.PENDING],
        ledger_refund_due_fen=in_ledger[record.DEBITED_REFUSED]
        + in_ledger[record.DEBITED_UNPROVEN],
        debits=sum(debits.values()),
        records=len(records),
        faults=faults,
    )


def _differences(records, ledger_rows):
    here, there = dict(records), dict(ledger_rows)
    missing = sorted(set(here) - set(there))
    foreign = sorted(set(there) - set(here))
    changed = sorted(n for n in set(here) & set(there) if here[n] != there[n])
    return [
        f"{what}: {', '.join(map(str, numbers))}"
        for what, numbers in (
            ("not in the ledger", missing),
            ("not in the journal", foreign),
            ("journal and ledger differ", changed),
        )
        if numbers
    ]
