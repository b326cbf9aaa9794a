# SPDX-License-Identifier: Apache-2.0
"""The extended application before GPO: what a card offers, its records (capp.md A, B)."""

from firmware.drive import drive
from firmware.kernel import apdu, capp, selection, tags, tlv
from tests.capp_card import BUS, METRO, TRIP_ID, CappCard, HashModule, record_of
from tests.cards import AIDS
from tests.small_card import PDOL, SmallCard

KEY = b"12345678"


class Randoms:
    """draw(): eight bytes, each time others."""

    def __init__(self):
        self.count = 0

    def draw(self):
        self.count += 1
        return self.count.to_bytes(8, "big")


def selected_of(card):
    card.power_up()
    selected = drive(selection.select_application(AIDS), card.exchange)
    card.sent = []
    return selected


def read(card, *wants, draw=None):
    """(list of Read, reason) of a card that was just selected."""
    df61 = capp.offered(selected_of(card))
    return drive(capp.read_pages(df61, wants, draw or Randoms().draw), card.exchange)


def test_what_a_card_offers_should_be_asked_for_and_told():
    """QX-001, QX-002, QX-003, QX-004: DF60 in the PDOL and a DF61 that means something."""
    for df61 in range(256):
        wanted = df61 if df61 in (0x01, 0x02, 0x81, 0x82) else 0
        assert capp.offered(selected_of(CappCard(df61=df61))) == wanted, df61
    card = CappCard()
    card.fci = tlv.build(tags.PDOL, PDOL)  # does not ask for DF60
    assert capp.offered(selected_of(card)) == 0
    card.fci = tlv.build(tags.PDOL, PDOL + b"\xdf\x60\x02")
    assert capp.offered(selected_of(card)) == 0
    assert capp.offered(selected_of(SmallCard())) == 0
    for df61, kinds in ((0x01, (1,)), (0x81, (1,)), (0x02, (1, 2, 3)), (0x82, (1, 2, 3))):
        found = tuple([kind for kind in range(256) if capp.permits(df61, kind)])
        assert found == kinds  # QX-017


def test_records_should_be_read_by_file_and_id():
    """QX-008: P2 is the file, the data the ID, and a random number behind it for an R-MAC."""
    for df61, length in ((0x01, 2), (0x81, 10)):
        for sfi, p2 in ((METRO, 0xA8), (BUS, 0xB0)):
            card = CappCard(df61=df61)
            card.pages = {(sfi, 0): record_of()}
            reads, reason = read(card, (sfi, TRIP_ID))
            assert (reason, len(reads)) == ("", 1)
            assert reads[0].page == capp.Page(sfi, 0, record_of())
            sent = card.sent[0]
            assert sent[:7] == bytes((0x80, 0xB4, 0, p2, length)) + TRIP_ID
            assert len(sent) == 6 + length and sent[-1] == 0
            assert card.asked(apdu.INS_GPO) == 0


def forged(one, session):
    """capp.forged() by the MAC that this session makes."""
    return capp.forged(one, session.mac(one.random, one.page.data) if session else None)


def test_r_mac_should_be_of_this_record_and_this_number():
    """QX-009: each bit of record and MAC, a missing one, another number, no module."""
    card, session = CappCard(df61=0x81), HashModule().session(1, 1, KEY)
    reads, _ = read(card, (METRO, TRIP_ID), (METRO, TRIP_ID))
    assert not reads  # no second record of that ID
    card.pages[(METRO, 1)] = record_of(body=bytes(4))
    reads, _ = read(card, (METRO, TRIP_ID), (METRO, TRIP_ID))
    assert [one.page.following for one in reads] == [0, 1]  # QX-013
    assert reads[0].random != reads[1].random
    assert not any([forged(one, session) for one in reads])
    assert forged(reads[0], None)
    good = reads[0]
    answer = good.page.data + good.mac
    for at in range(6 * 8, len(answer) * 8):
        bent = bytearray(answer)
        bent[at // 8] ^= 1 << at % 8
        page = capp.Page(METRO, 0, bytes(bent[:-4]))
        assert forged(capp.Read(page, good.random, bytes(bent[-4:])), session), at
    replayed = capp.Read(good.page, reads[1].random, good.mac)
    assert forged(replayed, session)
    assert forged(capp.Read(good.page, good.random, b""), session)
    card.edit = lambda command, told: told[:-6] + told[-2:] if command[1] == 0xB4 else told
    assert read(card, (METRO, TRIP_ID)) == ([], "record_unread")


def test_random_source_that_stands_still_should_end_it():
    """QX-009."""
    card = CappCard(df61=0x81)
    assert read(card, (METRO, TRIP_ID), draw=lambda: b"") == ([], "random_stuck")
    assert card.sent == []
    assert read(CappCard(), (METRO, TRIP_ID), draw=lambda: b"")[1] == ""  # no R-MAC, no number


def test_every_status_word_should_have_its_meaning():
    """QX-010, QX-011: two say that the record is not there, everything else ends it."""
    for sw, wanted in (
        (0x6A82, "record_missing"), (0x6A83, "record_missing"), (0x6581, "record_unread"),
        (0x6700, "record_unread"), (0x6981, "record_unread"), (0x6986, "record_unread"),
        (0x6A81, "record_unread"), (0x6A84, "record_unread"), (0x9407, "record_unread"),
        (0x6985, "record_unread"), (0x6D00, "record_unread"), (0x6283, "record_unread"),
    ):  # fmt: skip
        for before in (b"", record_of()):  # a whole record beside such a word is none
            card, told = CappCard(), before + sw.to_bytes(2, "big")
            card.edit = lambda command, good: told if command[1] == 0xB4 else good  # noqa: B023
            assert read(card, (METRO, TRIP_ID)) == ([], wanted), hex(sw)
    for told in (b"", b"\x90", b"\x90\x00", record_of()[:5] + b"\x90\x00", bytes(300)):
        card.edit = lambda command, good: told if command[1] == 0xB4 else good  # noqa: B023
        assert read(card, (METRO, TRIP_ID)) == ([], "record_unread")


def test_head_of_a_record_should_be_right():
    """QX-012: ID, length, valid, kind and lock, every value of each byte."""
    good = record_of()
    for at in range(6):
        for value in range(256):
            bent = bytearray(good)
            bent[at] = value
            right = value == good[at] or (at == 4 and value == 2)
            wanted = "" if right else "record_unread"
            if (at, value) == (3, 0):
                wanted = "record_invalid"
            if (at, value) == (5, 1):
                wanted = "record_locked"
            assert capp.header_fault(bytes(bent), TRIP_ID) == wanted, (at, value)
    for count in range(len(good)):
        assert capp.header_fault(good[:count], TRIP_ID) == "record_unread"
    assert capp.header_fault(good + b"\x00", TRIP_ID) == "record_unread"


def test_cyclic_file_should_be_read_newest_first():
    """QX-014: by READ RECORD, as many as there are; an empty file is no fault."""
    card = CappCard()
    card.newest = [b"third", b"second", b"first"]
    for count, wanted in ((1, 1), (3, 3), (9, 3)):
        reads, reason = read(card, (capp.CYCLIC_FILE, count))
        assert reason == "" and [one.page.data for one in reads] == card.newest[:wanted]
        assert card.sent[0] == bytes.fromhex("00B201F400")
    card.newest = []
    assert read(card, (capp.CYCLIC_FILE, 3)) == ([], "")
    card.newest = [bytes(48)] * 60
    assert len(read(card, (capp.CYCLIC_FILE, 60))[0]) == capp.MAX_PAGES
    assert card.exchange(capp.read_capp_data(0x1E, 0, b"\x00\x00")) == b"\x69\x81"
    card.edit = lambda command, good: b"\x69\x85" if command[3] == 0xF4 else good
    assert read(card, (capp.CYCLIC_FILE, 3)) == ([], "record_unread")


def test_record_to_change_should_be_the_last_one_read():
    """QX-015: of a pre-authorisation and a completion; a deduction may change any."""
    card = CappCard()
    card.pages[(BUS, 0)] = record_of(kind=2)
    reads, _ = read(card, (METRO, TRIP_ID), (BUS, TRIP_ID), (capp.CYCLIC_FILE, 1))
    metro = capp.Change(METRO, 0, record_of(), record_of(), None)
    bus = capp.Change(BUS, 0, record_of(kind=2), record_of(kind=2), None)
    ride = capp.Change(capp.CYCLIC_FILE, 0, b"", bytes(48), None)
    for kind in (2, 3):
        assert not capp.order_fault(kind, reads, (bus,))
        assert not capp.order_fault(kind, reads, (bus, ride))
        assert capp.order_fault(kind, reads, (metro,))
        assert capp.order_fault(kind, reads, (metro, bus))
        assert capp.order_fault(kind, reads, (ride,))
        assert capp.order_fault(kind, [], (bus,))
    assert not capp.order_fault(1, reads, (metro,))
    assert capp.page_of(reads, metro) and not capp.page_of(reads, ride)
