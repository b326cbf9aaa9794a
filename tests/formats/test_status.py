# SPDX-License-Identifier: Apache-2.0
"""What a terminal says of itself: packed, read again, out of range (terminals.md 10)."""

from firmware.errors import FormatError
from firmware.formats import fields, status


def spoken():
    values = fields.blank(status.STATUS_V1)
    values["firmware"] = "0.1.0"
    values["files"] = [(status.DENY_LIST, 41, 42, 0, 0)]
    values["fill_percent"] = 80
    values["self_test"] = b"\x15"
    return values


def test_a_status_is_read_as_it_was_said():
    packed = fields.pack(status.STATUS_V1, spoken())
    assert fields.unpack(status.STATUS_V1, packed) == spoken()
    assert len(packed) < 80  # every HELLO carries it


def test_what_no_terminal_can_say_is_refused():
    for name, value in (
        ("fill_percent", 101),
        ("clock", 3),
        ("reset", 9),
        ("firmware", "\x1b[2J"),
        ("self_test", bytes(9)),
        ("files", [(1, 0, 0, 0, 0)] * 9),
    ):
        values = spoken()
        values[name] = value
        try:
            fields.pack(status.STATUS_V1, values)
        except FormatError as wrong:
            assert name in str(wrong)
        else:
            raise AssertionError(name)


def test_names_of_what_is_not_known_are_numbers():
    assert status.name_of(status.FILE_KINDS, status.PARAMETERS) == "parameters"
    assert status.name_of(status.FAULTS, 2) == "wrong hash"
    assert status.name_of(status.CLOCKS, 77) == "77"
