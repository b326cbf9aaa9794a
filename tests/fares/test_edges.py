# SPDX-License-Identifier: Apache-2.0
"""Edges that a small fault in the code would move: a second, a fen, a stop, a row."""

from binascii import crc32

from firmware.errors import FormatError
from firmware.fares import layout, trip
from firmware.fares.card_sums import CardSums
from firmware.fares.cutover import Cutover
from firmware.fares.engine import Fares
from firmware.formats import signed
from firmware.formats.deny_list import LEAF, DenyFile, row_of
from tests.deny_lists import Blob, write
from tests.fares import tables
from tests.fares.sums_file import payload

NOON = (2026, 12, 2, 12, 0, 0)
NIGHT = (2026, 12, 2, 20, 0, 0)
SENIOR = "6228020000000010"


def test_amounts_should_be_whole_fen():
    """TD-006: integers on every way to a price, with per cent, cap, party and rounding."""
    fares = tables.city(500000)
    for word, pan, riders, spent in (
        ("12", "", 1, None), ("12", "6228010000000010", 3, (1450, 0, 19999)),
        ("adult", "", 20, None), ("metro", SENIOR, 1, (0, 0, 0)),
    ):  # fmt: skip
        asked = trip.new(
            word, NOON, origin=101, destination=103, pan=pan, riders=riders, spent=spent
        )
        fare = fares.price(asked)
        assert type(fare.amount_fen) is int and type(fare.full_fen) is int, fare
    assert type(fares.stay("parking-a", NOON, NIGHT).amount_fen) is int


def test_block_that_begins_at_the_edge_should_be_of_the_later_window():
    """20:00 sharp is the night: 1.00 for an hour, not the 5.00 of the day."""
    fares = tables.city()
    assert fares.stay("parking-a", NIGHT, (2026, 12, 2, 20, 50, 0)).amount_fen == 100
    before = (2026, 12, 2, 19, 59, 59)
    assert fares.stay("parking-a", before, (2026, 12, 2, 20, 50, 0)).amount_fen == 500


def test_stop_outside_its_matrix_should_have_no_price():
    """A table whose rows point beyond a matrix of two sells nothing there, in either direction."""
    for outside in (2, 3):
        rows = {
            "products": [
                tables.product("m", layout.MATRIX, places=3, first_price=0, prices=2)
            ],
            "places": [
                {"stop": 1, "value": 0}, {"stop": 2, "value": 1}, {"stop": 3, "value": outside},
            ],
            "cells": [{"fen": fen} for fen in (100, 200, 300, 400, 500, 600, 700, 800)],
        }  # fmt: skip
        fares = Fares(tables.Bytes(tables.packed(rows)))
        for here, there, fen in ((1, 2, 200), (2, 1, 300), (3, 1, None), (1, 3, None)):
            fare = fares.price(trip.new("m", NOON, origin=here, destination=there))
            assert (fare and fare.amount_fen) == fen, (outside, here, there)
            assert fare or fares.fault == "table"


def test_greatest_drift_should_be_allowed_and_no_greater():
    assert tables.flat(drift_s=layout.MOST_DRIFT_S).version == 1
    try:
        tables.flat(drift_s=layout.MOST_DRIFT_S + 1)
    except FormatError:
        return
    raise AssertionError("a drift beyond the most")


def test_stay_should_go_by_the_table_of_its_entry_and_the_class_of_its_card():
    """TD-007: through the change of tables, by a senior who pays nothing."""
    cutover = Cutover([tables.city()])
    ended = (2026, 12, 2, 13, 30, 0)
    assert cutover.stay("parking-a", NOON, ended).amount_fen == 750
    assert cutover.stay("parking-a", NOON, ended, SENIOR).amount_fen == 0
    assert cutover.stay("parking-a", None, ended).amount_fen == 5000
    assert cutover.stay("12", NOON, ended) is None and cutover.fault == "no_product"
    assert cutover.at((2026, 13, 2, 12, 0, 0)) is None  # no moment: no table


def test_cut_off_should_be_read_to_its_last_bit():
    last = 0xFEDCBA98
    assert CardSums(tables.Bytes(payload([], [(0xFFFFFFFF, last)]))).cut_off(0xFFFFFFFF) == last


def test_leaf_whose_lengths_contradict_each_other_should_be_refused():
    """Its check sum right: who signs may err, and nothing is read beyond a leaf."""
    good = write([("62284800%08d" % at, 255, 1, "260101") for at in range(0, 900, 9)])
    listed = DenyFile(Blob(good))
    _, place, length = row_of(listed.page(0), 0)
    start = listed.leaves_at + place
    for at, value in ((4, 1), (5, 40), (5, 0), (6, 64), (6, 3), (7, 1), (8, 200)):
        leaf = bytearray(good[start : start + length])
        leaf[at] = value
        leaf[:4] = (crc32(bytes(leaf[4:])) & 0xFFFFFFFF).to_bytes(4, "big")
        bent = DenyFile(Blob(good[:start] + bytes(leaf) + good[start + length :]))
        try:
            bent.leaf(place, length)
        except FormatError:
            continue
        raise AssertionError((at, value, LEAF))


def test_moment_of_a_signed_file_should_have_sixty_minutes():
    signed.check_moment("20280229235959")
    for text in ("20280229236000", "20280229235960", "20280229240000", "20281301000000"):
        try:
            signed.check_moment(text)
        except FormatError:
            continue
        raise AssertionError(text)
