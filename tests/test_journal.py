# SPDX-License-Identifier: Apache-2.0
"""The journal: cuts at every write, room, order, damage, wear (QT-155..184, CL-007, CL-008,
CL-014, MP-1..14).
"""

from firmware.errors import FormatError, JournalFull
from sim.flash import Dice, Flash, PowerCut
from tests.journal_day import (
    BLOCK_BYTES,
    BLOCKS,
    PENDING_BYTES,
    RECORD_BYTES,
    Journal,
    Model,
    compare,
    cut_day,
    live,
    small,
)

SEEDS = (1, 2, 3)


def test_a_cut_at_every_write_loses_and_doubles_nothing():
    cuts = 0
    for seed in SEEDS:
        cut = 0
        while cut_day(seed, cut):
            cut += 1
        cuts += cut
    assert cuts > 600, cuts  # the day is long enough to mean something


def test_a_day_reuses_the_ring_several_times():
    flash = Flash(BLOCKS, BLOCK_BYTES)
    journal = small(flash)
    model = Model()
    live(journal, model, Dice(5), 300)
    compare(journal, model)
    compare(small(flash), model)
    assert journal.record_ring.generation > 3 * journal.record_ring.count
    assert journal.pending_ring.generation > 3 * journal.pending_ring.count


def test_room_is_never_promised_in_vain():
    # QT-155: whatever the state, `room()` largest sales can be opened and settled.
    for seed in range(40):
        flash = Flash(BLOCKS, BLOCK_BYTES)
        journal = small(flash)
        model = Model()
        live(journal, model, Dice(seed), 20 + seed)
        for _ in range(journal.room()):
            sequence = journal.open(b"p" * PENDING_BYTES)
            journal.settle(sequence, b"r" * RECORD_BYTES)
        assert journal.room() <= 1 and journal.fill() <= 1


def test_a_full_journal_refuses_to_open_but_settles_what_is_open():
    # QT-155, CL-014
    journal = small(Flash(BLOCKS, BLOCK_BYTES))
    first = journal.open(b"first")
    second = journal.open(b"second")
    full = False
    while not full:
        try:
            journal.append(b"r" * RECORD_BYTES)
        except JournalFull:
            full = True
    assert journal.room() == 0 and journal.fill() == 1.0
    try:
        journal.open(b"third")
        raise AssertionError("a sale began that could not have ended")
    except JournalFull:
        pass
    journal.settle(second, b"r" * RECORD_BYTES)
    journal.settle(first, b"r" * RECORD_BYTES)
    journal.acknowledge(journal.settled_upto())  # the reserve holds the cursor too
    assert journal.room() > 1


def test_unsent_stops_before_the_first_pending_and_keeps_the_order():
    journal = small(Flash(BLOCKS, BLOCK_BYTES))
    assert journal.unsent(4000, 10) == [] and journal.waiting() == 0
    first = journal.open(b"one")
    other = journal.append(b"record two")
    assert (first, other) == (1, 2)
    assert journal.unsent(4000, 10) == []
    journal.settle(first, b"record one")
    assert journal.unsent(4000, 10) == [(1, b"record one"), (2, b"record two")]
    assert journal.unsent(4000, 1) == [(1, b"record one")]
    assert journal.unsent(16, 10) == [(1, b"record one")]
    assert journal.unsent(1, 10) == [(1, b"record one")]  # one always comes
    assert journal.waiting() == 2
    assert journal.recent(1) == [(1, b"record one")]  # the order of writing
    assert journal.recent(9) == [(1, b"record one"), (2, b"record two")]


def test_one_pending_entry_is_read_by_its_number():
    journal = small(Flash(BLOCKS, BLOCK_BYTES))
    first, second = journal.open(b"one"), journal.open(b"two")
    assert (journal.pending_entry(first), journal.pending_entry(second)) == (b"one", b"two")
    journal.settle(first, b"record one")
    for gone in (first, 3):
        try:
            journal.pending_entry(gone)
            raise AssertionError("%d is not pending" % gone)
        except FormatError:
            pass


def test_an_answer_lies_beside_its_entry_until_that_is_closed():
    """QT-163: also the answer of no bytes; the next start finds it, and a closed one is gone."""
    flash = Flash(BLOCKS, BLOCK_BYTES)
    journal = small(flash)
    first, second = journal.open(b"first"), journal.open(b"second")
    assert journal.answer_of(first) is None
    journal.note_answer(second, b"")
    journal.note_answer(first, b"a" * 256)
    for one in (journal, small(flash)):
        assert one.answer_of(first) == b"a" * 256 and one.answer_of(second) == b""
        assert dict(one.pending()) == {first: b"first", second: b"second"}
    try:
        journal.note_answer(first, b"a" * 257)
        raise AssertionError("larger than any answer")
    except FormatError:
        pass
    journal.settle(first, b"r")
    for one in (journal, small(flash)):
        assert one.answer_of(first) is None and one.answer_of(second) == b""


def test_acknowledge_never_goes_back_or_beyond():
    flash = Flash(BLOCKS, BLOCK_BYTES)
    journal = small(flash)
    for number in range(1, 5):
        assert journal.append(b"%d" % number) == number
    fifth = journal.open(b"five")
    journal.acknowledge(3)
    journal.acknowledge(2)
    journal.acknowledge(3)
    assert journal.acknowledged == 3
    for beyond in (fifth, 6, 1 << 31):
        try:
            journal.acknowledge(beyond)
            raise AssertionError("acknowledged %d" % beyond)
        except FormatError:
            pass
    assert small(flash).acknowledged == 3
    assert small(flash).unsent(4000, 10) == [(4, b"4")]


def test_wrong_calls_are_refused_and_write_nothing():
    flash = Flash(BLOCKS, BLOCK_BYTES)
    journal = small(flash)
    for wrong in (
        lambda: journal.settle(1, b"never opened"),
        lambda: journal.note_answer(1, b"never opened"),
        lambda: journal.append(b""),
        lambda: journal.append(b"r" * (RECORD_BYTES + 1)),
        lambda: journal.open(b"p" * (PENDING_BYTES + 1)),
    ):
        try:
            wrong()
            raise AssertionError("taken")
        except FormatError:
            pass
    assert flash.operations == 0 and journal.next == 1


def test_a_damaged_record_is_given_out_as_lost_and_the_rest_stays():
    # CL-008: the gap is stated.
    flash = Flash(BLOCKS, BLOCK_BYTES)
    journal = small(flash)
    for number in range(1, 4):
        journal.append(b"record %d" % number)
    cells = flash.blocks[journal.pending_ring.count]
    cells[bytes(cells).find(b"record 2")] = 0
    journal = small(flash)
    assert journal.unsent(4000, 9) == [(1, b"record 1"), (2, b""), (3, b"record 3")]
    assert journal.append(b"record 4") == 4


def test_an_acknowledged_number_is_never_given_out_again():
    # CL-008: the cursor tells of a last record that cannot be read any more.
    flash = Flash(BLOCKS, BLOCK_BYTES)
    journal = small(flash)
    journal.append(b"record 1")
    journal.append(b"record 2")
    journal.acknowledge(2)
    cells = flash.blocks[journal.pending_ring.count]
    cells[bytes(cells).find(b"record 2")] = 0
    journal = small(flash)
    assert (journal.acknowledged, journal.next) == (2, 3) and journal.waiting() == 0
    assert journal.append(b"record 3") == 3


def test_a_torn_end_is_reported_and_never_fatal():
    # Garbage of every first byte behind the last entry; magic, length and kind from outside.
    for junk in (b"\x00", b"FJ", b"FJ\x04\x01", b"FJ\x01\x01" + b"\xff" * 14, b"FJ" * 128):
        flash = Flash(BLOCKS, BLOCK_BYTES)
        journal = small(flash)
        journal.append(b"record 1")
        flash.blocks[journal.pending_ring.count][512 : 512 + len(junk)] = junk
        journal = small(flash)
        assert journal.damaged == 1
        assert journal.append(b"record 2") == 2
        journal = small(flash)
        assert journal.unsent(4000, 9) == [(1, b"record 1"), (2, b"record 2")]


def test_garbage_all_over_is_an_empty_journal():
    for seed in range(6):
        flash = Flash(BLOCKS, BLOCK_BYTES)
        dice = Dice(seed)
        for cells in flash.blocks:
            cells[:] = bytes([dice.below(256) for _ in range(BLOCK_BYTES)])
        journal = small(flash)
        assert journal.unsent(4000, 9) == [] and journal.pending() == []
        sequence = journal.open(b"works")
        journal.settle(sequence, b"all the same")
        assert small(flash).unsent(4000, 9) == [(1, b"all the same")]


class WornFlash(Flash):
    """Cells at `stuck` keep the bit 0 whatever is erased; `broken` refuses like a dead disk."""

    stuck = None
    broken = False

    def readblocks(self, block, buf, offset=0):
        Flash.readblocks(self, block, buf, offset)
        if self.stuck and self.stuck[0] == block and 0 <= self.stuck[1] - offset < len(buf):
            buf[self.stuck[1] - offset] &= 0x7E

    def writeblocks(self, block, buf, offset=None):
        if self.broken:
            raise OSError(5)
        Flash.writeblocks(self, block, buf, offset)


class LazyFlash(Flash):
    """Knows what a cache may still hold: `unsafe` blocks were written or erased and not synced.

    The pages of one entry may reach the flash in any order: its CRC counts them all.
    """

    unsafe = erased = ()

    def writeblocks(self, block, buf, offset=None):
        assert block not in self.erased, "programmed over an erase that may not have happened"
        Flash.writeblocks(self, block, buf, offset)
        self.unsafe += (block,)

    def ioctl(self, op, arg):
        if op == 3:
            self.unsafe = self.erased = ()
        if op == 6:
            self.unsafe += (arg,)
            self.erased += (arg,)
        return Flash.ioctl(self, op, arg)


def test_every_call_is_durable_when_it_returns():
    # MP-1: the sync is the last thing, and lies between an erase and what is put there.
    flash = LazyFlash(BLOCKS, BLOCK_BYTES)
    journal = small(flash)
    for _ in range(30):
        sequence = journal.open(b"p" * PENDING_BYTES)
        assert flash.unsafe == ()
        journal.settle(sequence, b"r" * RECORD_BYTES)
        assert flash.unsafe == ()
        journal.acknowledge(sequence)
        assert flash.unsafe == ()
    assert flash.syncs > 90


def test_a_worn_page_is_noticed_and_passed_over():
    # MP-7: written is what can be read back.
    flash = WornFlash(BLOCKS, BLOCK_BYTES)
    flash.stuck = (4, 256 + 19)  # first page of the first record block
    journal = small(flash)
    assert journal.append(b"\xff\xff\xff") == 1
    assert small(flash).unsent(4000, 9) == [(1, b"\xff\xff\xff")]


def test_a_dead_storage_stops_sales_visibly():
    flash = WornFlash(BLOCKS, BLOCK_BYTES)
    journal = small(flash)
    sequence = journal.open(b"open")
    flash.broken = True
    for call in (lambda: journal.open(b"p"), lambda: journal.settle(sequence, b"r")):
        try:
            call()
            raise AssertionError("written to a dead storage")
        except JournalFull:
            pass
    assert journal.pending() == [(sequence, b"open")]


def test_no_erase_falls_into_a_sale_after_tidy():
    # MP-12, MP-14
    flash = Flash(BLOCKS, BLOCK_BYTES)
    journal = small(flash)
    for _ in range(40):
        while journal.tidy():
            pass
        before = flash.erases
        sequence = journal.open(b"p" * PENDING_BYTES)
        journal.settle(sequence, b"r" * 200)
        assert flash.erases == before
        journal.acknowledge(sequence)


def test_memory_does_not_grow_with_the_records():
    # Only blocks and open entries are in RAM: no attribute holds more than a few things.
    journal = small(Flash(24, BLOCK_BYTES))
    for _ in range(50):
        journal.append(b"r" * 40)
    for name in dir(journal):
        value = getattr(journal, name)
        assert not isinstance(value, (list, tuple, dict, bytes)) or len(value) < 12, name


def test_a_storage_too_small_is_a_bug_of_the_wiring():
    for flash in (Flash(8), Flash(9, 1024)):
        try:
            Journal(flash)
            raise AssertionError("took it")
        except ValueError:
            pass


def torn_append(journal, flash, seed, operation, data):
    """Append with the power cut in an operation; a journal built after it."""
    flash.cut(operation, seed)
    try:
        journal.append(data)
        raise AssertionError("no cut")
    except PowerCut:
        flash.restart()
    return small(flash)


def test_a_torn_record_never_closes_the_pending_entry_that_took_its_number():
    # The torn page reads well only after its number was told to somebody else.
    tried = 0
    for seed in range(30):
        flash = Flash(BLOCKS, BLOCK_BYTES)
        journal = small(flash)
        journal.append(b"one")
        journal = torn_append(journal, flash, seed, 0, b"two, torn" + bytes(200))
        if journal.next == 2 and flash.torn:
            tried += 1
            assert journal.open(b"two, told") == 2
            flash.ripen()
            assert small(flash).pending() == [(2, b"two, told")]
            assert small(flash).unsent(4000, 9) == [(1, b"one")]
    assert tried > 4


def test_a_torn_block_header_never_voids_what_was_told_after_it():
    tried = 0
    for seed in range(20):
        flash = Flash(BLOCKS, BLOCK_BYTES)
        journal = small(flash)
        journal.append(b"one")
        journal.append(b"two")
        # Two pages do not fit behind these: an erase, then the header that is torn.
        journal = torn_append(journal, flash, seed, 1, b"x" * RECORD_BYTES)
        if flash.torn:
            tried += 1
            assert journal.append(b"three") == 3
            flash.ripen()
            kept = [(1, b"one"), (2, b"two"), (3, b"three")]
            assert small(flash).unsent(4000, 9) == kept
    assert tried > 4


def fill_up(journal):
    """How many largest records it takes."""
    count = 0
    while True:
        try:
            journal.append(b"r" * RECORD_BYTES)
        except JournalFull:
            return count
        count += 1


def test_a_block_comes_free_when_the_ring_has_left_it():
    # What was acknowledged while its block was the head.
    kept = small(Flash(BLOCKS, BLOCK_BYTES))
    freed = small(Flash(BLOCKS, BLOCK_BYTES))
    kept.append(b"first")
    kept.append(b"takes the page of a cursor")
    freed.append(b"first")
    freed.acknowledge(1)
    assert fill_up(freed) > fill_up(kept)
