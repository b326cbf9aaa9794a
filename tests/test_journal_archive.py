# SPDX-License-Identifier: Apache-2.0
"""Records packed into the archive: cuts at every write, order, chain, damage, old layouts."""

import binascii

from firmware.errors import FormatError, JournalFull
from firmware.journal.archived import ArchivedJournal
from firmware.journal.delta import decode, encode
from firmware.journal.wear import wear
from sim.flash import Dice, Flash, PowerCut
from tests.journal_day import (
    BLOCK_BYTES,
    PENDING_BYTES,
    RECORD_BYTES,
    cut_day,
    live,
    live_beside,
)

STAGING = 6  # blocks of records before the archive
ARCHIVED = 20  # blocks in all: 4 hold pending entries, 10 the archive


def archived(flash):
    return ArchivedJournal(flash, PENDING_BYTES, RECORD_BYTES, STAGING)


def test_a_cut_at_every_write_loses_and_doubles_nothing():
    """QT-184, MP-9: packs, the blocks they free, the start in between."""
    for seed, day in ((81, live), (82, live_beside)):
        cut = 0
        while cut_day(seed, cut, archived, ARCHIVED, BLOCK_BYTES, 80, day):
            cut += 1
        assert cut > 100, cut


def filled(journal, count, close_to=b"a record like the others, of %d bytes"):
    """Append so many records, with idle time; their bytes by number."""
    kept = {}
    for _ in range(count):
        data = close_to % (journal.next * 7919) + bytes(range(100))
        kept[journal.append(data)] = data
        for _ in range(4):
            journal.tidy()
    return kept


def test_packed_records_should_be_there_byte_for_byte_and_in_order():
    """CL-002, CL-008: also after a restart, and from the end."""
    flash = Flash(ARCHIVED, BLOCK_BYTES)
    kept = filled(archived(flash), 80)
    for journal in (archived(flash), archived(flash)):
        assert journal.archive.packed[0] > 10
        assert list(journal.records()) == sorted(kept.items())
        assert list(journal.backwards()) == sorted(kept.items(), reverse=True)
        assert journal.unsent(1 << 20, 99) == sorted(kept.items())
        assert journal.unsent(10000, 2) == sorted(kept.items())[:2]
        journal.acknowledge(40)
        assert journal.unsent(200, 99)[0] == (41, kept[41])
        again = journal.unsent(1 << 20, 99, 1)  # a block or two may have been erased ahead
        assert [data for _, data in again] == [kept[n] if data else b"" for n, data in again]
        assert len(again) == 80 and [n for n, data in again if not data][5:] == []


def test_archive_should_hold_many_more_and_be_refused_when_full():
    """CL-007, CL-014: nothing that is not acknowledged makes room; later it does."""
    flash = Flash(ARCHIVED, BLOCK_BYTES)
    journal = archived(flash)
    kept, full = {}, False
    while not full:
        try:
            kept.update(filled(journal, 1))
        except JournalFull:
            full = True
    assert len(kept) > 120 and journal.fill() == 1.0 and journal.room() == 0
    assert archived(flash).unsent(1 << 20, 999) == sorted(kept.items())
    journal.acknowledge(journal.settled_upto())
    for _ in range(80):
        journal.tidy()
    assert journal.room() > 1 and journal.fill() < 1.0
    kept.update(filled(journal, 60))
    journal = archived(flash)
    assert journal.unsent(1 << 20, 999) == sorted(kept.items())[-60:]


def test_no_idle_time_should_not_stop_sales():
    """QT-155: who never calls tidy() packs when a sale is begun."""
    journal = archived(Flash(ARCHIVED, BLOCK_BYTES))
    for _ in range(60):
        journal.settle(journal.open(b"p" * 100), b"r" * 200)
    assert journal.archive.ring.generation > 0 and len(list(journal.records())) == 60


def test_torn_ends_should_not_stop_sales_after_the_start():
    """QT-155: each costs a block, and a sale is refused before it could pack any."""
    flash = Flash(ARCHIVED, BLOCK_BYTES)
    journal = archived(flash)
    opened = journal.open(b"p" * 100)
    for _ in range(4):
        journal.append(b"r" * 200)
    for seed in range(9):
        flash.cut(0, seed, "bits")
        try:
            journal.settle(opened, b"s" * 300)
        except PowerCut:
            flash.restart()
        journal = archived(flash)
        assert journal.room() > 0, seed


def test_erase_should_not_fall_into_a_sale():
    """MP-12, MP-14: three idle turns between two taps are enough, packing included."""
    flash = Flash(ARCHIVED, BLOCK_BYTES)
    journal = archived(flash)
    for _ in range(60):
        for _ in range(6):
            journal.tidy()
        before = flash.erases
        journal.settle(journal.open(b"p" * 300), bytes(range(200)))
        assert flash.erases == before
        journal.acknowledge(journal.settled_upto())


def links_of(journal):
    """[(link before, link)] of all packs."""
    ring = journal.archive.ring
    packs = []
    for generation in range(1, ring.generation + 1):
        packs += [(body[5:13], body[13:21]) for _, body in journal.archive.packs(generation)]
    return packs


def test_chain_should_go_through_all_packs():
    """clearing.md 2, proof: over restarts too."""
    flash = Flash(ARCHIVED, BLOCK_BYTES)
    for _ in range(4):
        filled(archived(flash), 12)
    packs = links_of(archived(flash))
    assert len(packs) > 5 and packs[0][0] == bytes(8)
    for at in range(1, len(packs)):
        assert packs[at][0] == packs[at - 1][1]
    assert len(set(packs)) == len(packs)


def test_wear_should_be_spread_and_told():
    """Each block of a ring is taken in turn."""
    flash = Flash(ARCHIVED, BLOCK_BYTES)
    journal = archived(flash)
    dice = Dice(4)
    for _ in range(200):
        data = bytes([dice.below(256) for _ in range(200)])
        journal.settle(journal.open(b"p" * 300), data)
        journal.acknowledge(journal.settled_upto())
        for _ in range(4):
            journal.tidy()
    fewest, most, mean = wear(journal)
    assert 0 < fewest <= mean // 100 <= most
    taken = sum([ring.generation for ring in journal.rings()])
    assert taken <= flash.erases <= taken + len(journal.rings())  # and one of each ahead


def test_damaged_template_costs_its_block_alone():
    """CL-008: the numbers are given out without bytes."""
    flash = Flash(ARCHIVED, BLOCK_BYTES)
    kept = filled(archived(flash), 80)
    journal = archived(flash)
    flash.disturb(journal.archive.ring._block(2), 8 * (256 + 40))
    flash.disturb(journal.archive.ring._block(2), 8 * (256 + 140))
    read = dict(archived(flash).unsent(1 << 20, 999))
    lost = [number for number in read if not read[number]]
    assert sorted(read) == sorted(kept) and 0 < len(lost) < 30
    assert max(lost) - min(lost) < len(lost) + 1
    for number in read:
        assert read[number] in (b"", kept[number])


def test_older_layout_should_be_refused_with_a_sentence():
    """style.md 10: never misread."""
    flash = Flash(ARCHIVED, BLOCK_BYTES)
    head = b"FJ\x01\x01" + bytes((0, 0, 0, 1, 0, 0, 0, 1, 0, 5))
    body = bytes((0, 0, 0, 0, 4))
    crc = binascii.crc32(body, binascii.crc32(head)) & 0xFFFFFFFF
    flash.writeblocks(2, head + crc.to_bytes(4, "big") + body, 0)
    try:
        archived(flash)
        raise AssertionError("taken")
    except FormatError as wrong:
        assert "layout 1" in str(wrong) and "upload" in str(wrong)


def test_delta_should_give_back_what_went_in():
    """Any two byte strings; and no coded bytes do more than FormatError."""
    dice = Dice(9)
    for round_ in range(150):
        one = bytes([dice.below(3 + round_) for _ in range(dice.below(200))])
        other = one[: dice.below(120)] + bytes([dice.below(4) for _ in range(dice.below(90))])
        coded = encode(one, other)
        assert decode(coded, other, RECORD_BYTES) == one
        assert len(coded) <= len(one) + 1 + len(one) // 64
        try:
            assert len(decode(other + one, coded, 300)) <= 300
        except FormatError:
            pass
