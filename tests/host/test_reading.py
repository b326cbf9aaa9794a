# SPDX-License-Identifier: Apache-2.0
"""The ledger's quick reading of records against the one table reader of device and host."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import FormatError
from firmware.formats import fields, record
from host_tools.ledger import reading


def drawn(kind):
    """Values of a field kind, its edges more often than chance would have them."""
    if isinstance(kind, fields.Number):
        return st.sampled_from([0, 1, kind.top]) | st.integers(0, kind.top)
    if isinstance(kind, fields.Digits):
        return st.text("0123456789", min_size=kind.count, max_size=kind.count)
    if isinstance(kind, fields.Word):
        return st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=kind.limit)
    if isinstance(kind, fields.Fixed):
        return st.binary(min_size=kind.size, max_size=kind.size)
    return st.binary(max_size=min(20, kind.limit)) | st.just(bytes(kind.limit))


def packed(version, table):
    values = {name: drawn(kind) for name, kind in table}
    values |= {
        "version": st.just(version),
        "kind": st.sampled_from([number for number, _ in record.KINDS]),
    }
    return st.fixed_dictionaries(values).map(record.pack)


RECORDS = st.one_of(*[packed(version, table) for version, table in record.TABLES])


def both(data):
    told = []
    for read in (record.unpack, reading.unpacked):
        try:
            told.append(read(data))
        except FormatError:
            told.append(None)
    return told


@given(RECORDS)
def test_every_record_reads_the_same(data):
    slow, quick = both(data)
    assert slow is not None and quick == slow


@given(RECORDS, st.data())
def test_what_is_no_record_is_none_for_both(data, more):
    """One byte changed, left out or added, or an end cut off."""
    at = more.draw(st.integers(0, len(data) - 1))
    byte = more.draw(st.binary(min_size=1, max_size=1))
    for bent in (
        data[:at] + byte + data[at + 1 :], data[:at] + data[at + 1 :],
        data[:at] + byte + data[at:], data[:at], data + byte,
    ):  # fmt: skip
        slow, quick = both(bent)
        assert quick == slow


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x09" + bytes(200), b"\x03"])
def test_bytes_without_a_version_or_an_end_are_refused(data):
    assert both(data) == [None, None]
