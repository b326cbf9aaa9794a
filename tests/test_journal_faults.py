# SPDX-License-Identifier: Apache-2.0
"""The journal where torn writes and broken erases have taken its pages (MP-7, MP-9, QT-184)."""

from firmware.errors import JournalFull
from sim.flash import Flash, PowerCut
from tests.journal_day import BLOCK_BYTES, BLOCKS, RECORD_BYTES, small


def locked():
    """A full journal whose last free pages were lost to torn writes; one sale, then records."""
    flash = Flash(BLOCKS, BLOCK_BYTES)
    journal = small(flash)
    journal.settle(journal.open(b"sale"), b"record 1")
    try:
        while True:
            journal.append(b"r" * RECORD_BYTES)
    except JournalFull:
        pass
    ring = journal.record_ring
    while ring.free() or ring.page < ring.pages:
        flash.blocks[ring._block(ring.generation)][ring.page * 256] = 0
        ring = small(flash).record_ring
    return flash


def test_a_full_journal_without_a_page_for_the_cursor_drains():
    flash = locked()
    journal = small(flash)
    assert journal.room() == 0
    while journal.waiting():
        journal.acknowledge(journal.acknowledged + 1)
    assert journal.room() > 1
    last = journal.acknowledged
    journal = small(flash)
    assert last - 8 < journal.acknowledged <= last and journal.pending() == []


def test_a_cut_while_a_locked_journal_drains_opens_nothing_again():
    cut = 0
    while True:
        flash = locked()
        journal = small(flash)
        last = journal.settled_upto()
        flash.cut(cut, cut)
        try:
            journal.acknowledge(last)
            break
        except PowerCut:
            flash.restart()
        journal = small(flash)
        assert journal.pending() == [] and journal.acknowledged in (0, last)
        if not journal.acknowledged:
            assert journal.unsent(4000, 1) == [(1, b"record 1")]
        journal.acknowledge(last)
        assert journal.room() > 1 and small(flash).acknowledged == last
        cut += 1
    assert cut >= 4


class HalfErasing(Flash):
    """The first erase of `block` breaks off with an error and leaves the block as it was."""

    block = None

    def ioctl(self, op, arg):
        if op == 6 and arg == self.block:
            self.block = None
            raise OSError(5)
        return Flash.ioctl(self, op, arg)


def test_a_block_that_was_not_erased_is_passed_over():
    # MP-7: the storage refuses to program it by ValueError.
    flash = HalfErasing(BLOCKS, BLOCK_BYTES)
    journal = small(flash)
    ring = journal.record_ring
    while ring.generation <= ring.count:
        journal.acknowledge(journal.append(b"r" * RECORD_BYTES))
    flash.block = ring._block(ring.generation + 1)
    before = ring.generation
    while ring.generation == before:
        last = journal.append(b"r" * RECORD_BYTES)
    assert flash.refused == 1 and ring.generation == before + 2
    journal = small(flash)
    assert journal.next == last + 1 and journal.unsent(4000, 9)[-1][0] == last
