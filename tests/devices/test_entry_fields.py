# SPDX-License-Identifier: Apache-2.0
"""What an entry and its record have in common is packed once; what has not changed, not again."""

from firmware.devices import entries
from firmware.errors import FormatError
from firmware.formats import fields, pending, record
from firmware.formats.fields import U8, U16, Sized, Word


def test_record_takes_over_each_shared_field_and_the_extension():
    names = [record.RECORD_V3[own][0] for own, _ in entries.COPIED]
    assert names == [pending.PENDING_V3[there][0] for _, there in entries.COPIED]
    assert sorted(names) == sorted(entries.SHARED)
    for before, after in ((record.RECORD_V3, record.RECORD_V4),
                          (pending.PENDING_V3, pending.PENDING_V4)):  # fmt: skip
        assert after[: len(before)] == before and after[len(before) :] == record.EXTENSION_FIELD


TABLE = (("count", U8), ("amount", U16), ("word", Word(24)), ("data", Sized(255)))


def test_packer_gives_what_the_table_gives_whatever_came_before():
    packer = fields.Packer(TABLE)
    for count, amount, word, data in (
        (1, 2, "bus", b"\x01"),
        (1, 2, "bus", b"\x01"),
        (0, 2, "taxi", b""),
        (1, 0, "taxi", b"\x07" * 200),
        (1, 0, "", b"\x07" * 199 + b"\x08"),
        (0, 1, "0", b"0"),
    ):
        values = {"count": count, "amount": amount, "word": word, "data": data}
        assert packer.parts(values) == fields.parts(TABLE, values), values


def test_packer_refuses_what_the_table_refuses_also_behind_a_value_that_fitted():
    packer = fields.Packer(TABLE)
    good = {"count": 1, "amount": 2, "word": "bus", "data": b""}
    packer.parts(good)
    for name, wrong in (("count", 256), ("count", ""), ("word", b"bus"), ("data", "")):
        bad = dict(good)
        bad[name] = wrong
        assert outcome(packer, bad) == "FormatError", name
    lacking = dict(good)
    del lacking["word"]
    assert outcome(packer, lacking) == "FormatError"
    lacking["other"] = 1
    assert outcome(packer, lacking) == "FormatError"
    assert packer.parts(good) == fields.parts(TABLE, good)


def test_packer_does_not_remember_what_may_change():
    packer = fields.Packer((("data", Sized(255)),))
    data = bytearray(b"ab")
    assert packer.parts({"data": data}) == [b"\x02ab"]
    data[0] = 0
    assert packer.parts({"data": data}) == [b"\x02\x00b"]


def outcome(packer, values):
    try:
        packer.parts(values)
    except FormatError:
        return "FormatError"
    return "packed"
