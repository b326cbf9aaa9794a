# SPDX-License-Identifier: Apache-2.0
"""An update of a small board: fetched into the idle slot, judged, tried, good or left again."""

from firmware.boot import record, slots
from firmware.boot.record import NEVER_GOOD, A, B
from firmware.formats import signed
from tests.deny_lists import AUTHORITY
from tests.release_files import ROMFS, signed_release, unsigned_release
from tests.update_stand import RECORDS, Board, Run, live

NEW = signed_release(8)  # signing takes a second under MicroPython
LATER = signed_release(9)


def said(board, what):
    return [one for one in board.events if one["what"] == what]


def test_a_release_is_fetched_tried_and_good():
    # TD-020
    board = Board()
    values = live(board, (8, NEW), True)
    assert (values["active"], values["floor"], values["returned"]) == (B, 8, 0)
    assert board.starts == [7, 8]
    assert board.records() == list(RECORDS) and board.flash.refused == 0
    assert live(board, (9, LATER), True)["active"] == A
    assert board.starts == [7, 8, 8, 9]


def test_a_release_that_never_comes_to_good_is_left_and_not_tried_again():
    board = Board()
    values = live(board, (8, NEW), False)
    assert (values["active"], values["returned"], values["why"]) == (A, 8, NEVER_GOOD)
    assert board.starts == [7] + [8] * slots.TRIES + [7]
    assert live(board, (8, NEW), False)["active"] == A
    assert board.starts[-1] == 7 and len(board.starts) == slots.TRIES + 3
    assert live(board, (9, LATER), True)["floor"] == 9
    assert board.records() == list(RECORDS)


def refusal(data, number=8, **other):
    """What is said of a release that is not taken; the board then runs as before."""
    board = Board()
    one, places = board.start()
    run = Run(board, one, places, (number, data), **other)
    run.fetch()
    assert not run.judge()
    assert board.start()[0].values["active"] == A and board.starts == [7, 7]
    assert board.records() == list(RECORDS) and board.flash.refused == 0
    refused = said(board, "refused")
    assert run.update.refused == (refused[0]["version"] if refused else 0)
    return refused[0]["text"] if refused else said(board, "failed")[0]["text"]


def test_what_a_board_cannot_use_is_refused_by_name():
    # TD-020: wrong board, key, loader, bent bytes, larger than the slot
    stranger = signed.Authority(AUTHORITY.rsa[:-1] + b"\x01", b"")
    bent = bytearray(NEW)
    bent[5000] ^= 4
    for data, other, text in (
        (NEW, {"board_word": "pico_w"}, "release for pico, this is pico_w"),
        (NEW, {"authority": stranger}, "not by this authority"),
        (unsigned_release(8, loader=9), {}, "loader 9"),
        (bytes(bent), {}, "its hash does not fit"),
        (NEW[:-1], {}, "its hash does not fit"),
        (unsigned_release(8, ROMFS * 2), {}, "disk full"),
        (b"\xff" * 6000, {}, "no signed file"),
        (b"FTSF" + b"\xff" * 600, {}, "layout 255"),
    ):
        found = refusal(data, **other)
        assert text in found, (text, found)


def test_an_older_release_is_not_even_fetched():
    board = Board()
    for number in (1, 6, 7):
        one, places = board.start()
        run = Run(board, one, places, (number, unsigned_release(number)))
        writes = board.flash.operations
        run.fetch()
        assert not run.judge() and board.flash.operations == writes


def test_an_older_release_that_was_laid_by_hand_is_refused():
    board = Board()
    one = board.record()
    assert one.save(slots.forget(one.values, B))  # what lies there is nobody's
    run = Run(board, *board.start(), (8, NEW))
    assert not run.judge()
    assert said(board, "refused")[0]["text"] == "release 6, 7 is in use"


def test_a_release_whose_moment_has_not_come_waits():
    board = Board()
    one, places = board.start()
    run = Run(board, one, places, (8, signed_release(8, effective="20261122030000")))
    run.fetch()
    assert not run.judge() and not said(board, "refused")
    assert not Run(board, *board.start(), run.offered).judge()
    run.clock.now = (2026, 11, 22, 3, 0, 0)
    assert run.judge() and board.start()[0].values["trial"] == B


def test_records_are_sent_before_anything_is_tried():
    # TD-015
    board = Board()
    run = Run(board, *board.start(), (8, NEW))
    run.fetch()
    run.waits = True
    assert not run.judge() and not said(board, "refused")
    run.waits = False
    assert run.judge()


def test_a_link_that_is_lost_goes_on_where_it_was():
    board = Board()
    for pieces in (1, 1, 2, 9):
        run = Run(board, *board.start(), (8, NEW))
        run.fetch(pieces)
    assert run.judge()
    assert len(said(board, "begun")) == 1


def test_a_lost_record_starts_the_factory_and_the_release_comes_back_by_its_signature():
    board = Board()
    live(board, (8, NEW), True)
    for block in (0, 1):
        board.region["boot"].ioctl(6, block)
    assert board.record().values == record.BLANK
    values = live(board, (8, NEW), True)
    assert values["floor"] == 8 and board.starts[-1] == 8
    assert 0 in board.starts and board.records() == list(RECORDS)


def test_a_slot_that_is_damaged_gives_way_and_the_release_is_fetched_anew():
    board = Board()
    live(board, (8, NEW), True)
    board.flash.disturb(6, 99)
    run = Run(board, *board.start(), (8, NEW))
    assert board.starts[-1] == 7 and run.one.values["floor"] == 8
    assert run.update.left() == 8
    assert live(board, (9, LATER), True)["floor"] == 9
