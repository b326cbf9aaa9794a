# SPDX-License-Identifier: Apache-2.0
"""Open entries are carried out of the way of others, and survive a cut at every write."""

from firmware.errors import JournalFull
from sim.flash import Dice, Flash
from tests.journal_day import (
    BLOCK_BYTES,
    BLOCKS,
    PENDING_BYTES,
    Model,
    compare,
    cut_day,
    live_beside,
    small,
)

MANY = 24  # blocks: 4 hold pending entries, 20 records
WIDE = 1536  # bytes of a block with room for two entries


def taps_beside(journal, opened, idle):
    """How many taps are sold until the journal is full, beside entries that stay open."""
    count = 0
    try:
        while count < 500:
            sequence = journal.open(b"p" * PENDING_BYTES)
            journal.settle(sequence, b"r")
            count += 1
            if idle:
                journal.tidy()
            for number in opened:
                assert journal.pending_entry(number) == opened[number]
    except JournalFull:
        pass
    return count


def test_an_open_entry_should_not_stop_the_sale_of_others():
    """QT-155, QT-182: the records' ring is what fills, not that of pending entries."""
    for idle in (False, True):
        flash = Flash(MANY, WIDE)
        journal = small(flash)
        opened = {}
        for number in (1, 2):
            opened[number] = b"%d" % number * PENDING_BYTES
            assert journal.open(opened[number]) == number
        journal.note_answer(1, b"answer")
        assert taps_beside(journal, opened, idle) > 70
        assert journal.pending_ring.generation > 10 * journal.pending_ring.count
        again = small(flash)
        assert dict(again.pending()) == opened and again.answer_of(1) == b"answer"
        for number in opened:  # room for them was kept
            again.settle(number, b"s" * 480)
        assert small(flash).pending() == []


def test_a_cut_at_every_write_beside_open_entries_loses_and_doubles_nothing():
    """QT-184, MP-9: the copies, the blocks they free, the start in between."""
    cuts = 0
    for seed in (61, 62):
        cut = 0
        while cut_day(seed, cut, day=live_beside, actions=70):
            cut += 1
        cuts += cut
    assert cuts > 250, cuts


def test_entries_should_be_carried_only_where_that_frees_a_block():
    """Else they were copied for ever: flash wears out."""
    flash = Flash(BLOCKS, BLOCK_BYTES)
    journal = small(flash)
    model = Model()
    while journal.room() > 0:
        number = model.given + 1
        model.call(journal, "open", number, b"p" * PENDING_BYTES)
    for _ in range(20):
        journal.tidy()
    before = flash.programs
    for _ in range(20):
        journal.tidy()
    assert flash.programs == before
    compare(journal, model)


def test_nothing_should_be_carried_while_there_is_room():
    """Of five blocks with one entry each, two are left when the third is begun."""
    journal = small(Flash(40, BLOCK_BYTES))
    number = journal.open(b"o" * PENDING_BYTES)
    places = []
    for _ in range(2):
        journal.settle(journal.open(b"p" * PENDING_BYTES), b"r")
        journal.tidy()
        places.append(journal.opened[number])
    assert places == [(1, 1), (4, 1)]


def test_decayed_entry_should_stay_where_it_is():
    """It is closed as damaged under its number; nobody copies what cannot be read."""
    flash = Flash(MANY, WIDE)
    journal = small(flash)
    journal.open(b"o" * PENDING_BYTES)
    block = [one for one in flash.blocks[:4] if bytes(one).find(b"ooo") >= 0][0]
    block[bytes(block).find(b"ooo")] ^= 1
    assert taps_beside(journal, {}, True) < 10
    assert journal.pending() == [(1, b"")]
    journal.settle(1, b"damaged")
    assert taps_beside(journal, {}, True) > 40


def test_carried_entries_should_be_found_by_the_later_copy():
    """Of two copies the later one counts, and one record closes both."""
    flash = Flash(MANY, WIDE)
    journal = small(flash)
    number = journal.open(b"o" * PENDING_BYTES)
    places = []
    for _ in range(30):
        journal.settle(journal.open(b"p" * PENDING_BYTES), b"r")
        journal.tidy()
        places.append(journal.opened[number])
        assert small(flash).opened[number] == places[-1]
    assert len(set(places)) > 3 and places == sorted(places)
    journal.settle(number, b"s")
    assert small(flash).pending() == []
    model, dice = Model(), Dice(3)
    fresh = small(Flash(BLOCKS, BLOCK_BYTES))
    live_beside(fresh, model, dice, 200)
    compare(fresh, model)
