# SPDX-License-Identifier: Apache-2.0
"""The writer of deny lists against the naive one of the tests, a Python set and its own reader."""

import os
import random
from binascii import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import FormatError
from firmware.formats import deny_list as layout
from host_tools import deny_list, signing
from tests import deny_lists

MILLION = 1_000_000
# LOOKUPS=all makes two million of them, half a minute; `faretap bench` does it too
EACH = MILLION if os.environ.get("LOOKUPS") == "all" else MILLION // 20


def of(entries):
    """Rows of the naive writer as those of the other."""
    return [
        deny_list.Listed(pan, psn, layout.REASONS[reason], date)
        for pan, psn, reason, date in entries
    ]


def test_both_writers_should_make_the_same_bytes():
    """Words are numbered in the order of the input, so the order is the same in both."""
    drawn = random.Random(5)
    entries = [
        (str(drawn.randrange(10**15, 10**16)), layout.ALL, 1 + at % 5, "2601%02d" % (1 + at % 28))
        for at in range(1000)
    ]
    ranges = [("62284", "62285", 3, "260101")]
    spans = [deny_list.Range("62284", "62285", "fraud", "260101")]
    naive = deny_lists.write(entries, ranges, base=3)
    assert deny_list.build(of(entries), spans, base=3) == naive


PANS = st.from_regex(r"\A[0-9]{11,19}\Z")


@given(st.dictionaries(PANS, st.sampled_from([0, 1, 99, layout.ALL, layout.FREED]), max_size=300))
def test_any_list_should_be_read_as_it_was_written(drawn):
    entries = [deny_list.Listed(pan, psn, "lost", "260228") for pan, psn in drawn.items()]
    opened = deny_list.read(signing.Bytes(deny_list.build(entries)))
    assert {(pan, one.psn) for pan, one in deny_list.listed(opened)} == {
        (one.pan, one.psn) for one in entries
    }
    for one in entries:
        assert opened.rows(one.pan) == [layout.Entry(one.psn, "lost", "260228")]


@pytest.mark.parametrize(
    "entries",
    [
        [("6228000100000010", 1), ("6228000100000010", 1)],
        [("6228000100000010", 1), ("6228000100000010", layout.ALL)],
        [("6228000100000010", psn) for psn in range(17)],
        [("622800010", layout.ALL)],
        [("62280001000000x0", layout.ALL)],
        [("6228000100000010", 100)],
    ],
)
def test_what_no_list_can_say_should_be_refused(entries):
    with pytest.raises(FormatError):
        deny_list.build([deny_list.Listed(pan, psn) for pan, psn in entries])


@pytest.mark.parametrize("span", [("62", "6"), ("63", "62"), ("", ""), ("6" * 20, "6" * 20)])
def test_range_that_is_none_should_be_refused(span):
    with pytest.raises(FormatError):
        deny_list.build([], [deny_list.Range(*span)])


@given(st.lists(st.tuples(st.integers(4, 60), st.integers(0, 255)), min_size=1, max_size=6))
def test_leaf_that_lies_under_a_good_crc_should_never_crash(changes):
    """Signed nonsense: a look-up answers or raises FormatError, and reads no more than a leaf."""
    entries = [deny_list.Listed(f"62284800000{at:05}") for at in range(0, 300, 2)]
    payload = bytearray(deny_list.build(entries[:100]))
    start = layout.DenyFile(signing.Bytes(bytes(payload))).leaves_at
    for at, byte in changes:
        payload[start + at] = byte
    payload[start : start + 4] = crc32(payload[start + 4 :]).to_bytes(4, "big")
    listed = layout.DenyFile(signing.Bytes(bytes(payload)))
    for one in entries:
        try:
            assert len(listed.rows(one.pan)) <= 100
        except FormatError:
            break


def pans_of(drawn, count):
    """Card numbers of ten issuers, with their check digits; some neighbours among them."""
    for _ in range(count):
        body = "62284%d%09d" % (drawn.randrange(10), drawn.randrange(10**9))
        yield body + str(layout.luhn(body))


def test_a_million_entries_should_answer_as_a_set_does():
    """TD-014: no false hit and no false miss, each entry of the file one of the set."""
    drawn = random.Random(20261122)
    there = set(pans_of(drawn, MILLION))
    entries = [deny_list.Listed(pan, layout.ALL, "lost", "260301") for pan in there]
    payload = deny_list.build(entries)
    listed = layout.DenyFile(signing.Bytes(payload))
    assert listed.entries == len(there) > 0.99 * MILLION
    ordered = sorted(there)
    for pan in [ordered[0], ordered[-1], *drawn.sample(ordered, EACH)]:
        assert listed.rows(pan) == [layout.Entry(layout.ALL, "lost", "260301")]
    misses = 0
    for pan in pans_of(drawn, EACH):
        assert bool(listed.rows(pan)) == (pan in there)
        misses += pan not in there
    assert misses > 0.99 * EACH
    assert {pan for pan, _ in deny_list.listed(listed)} == there


def test_list_of_several_pages_should_pass_its_check():
    """More than 64 leaves: the last page of the directory is not full."""
    entries = [deny_list.Listed(f"62284800{number:08d}") for number in range(0, 90_000, 10)]
    listed = layout.DenyFile(signing.Bytes(deny_list.build(entries)))
    assert listed.leaves > layout.ROWS and len(listed.top) == 16
    assert sum(1 for _ in listed.checked()) > listed.leaves
