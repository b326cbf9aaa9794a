# SPDX-License-Identifier: Apache-2.0
"""The grammar of settings and parameters: `key: value` lines, and where an error points."""

from firmware.formats import lines
from tests.refusal import refusal

SINGLE = ("count", "flag", "name", "hex")
MANY = ("card",)


def read(text):
    return lines.read(text, "unit.txt", SINGLE, MANY)


def test_lines_should_be_keys_with_values_comments_and_blanks():
    found = read("# a comment\n\n  count : 12 \r\nname: a: b\ncard: one\ncard: two # kept\n")
    assert found["count"] == "12" and found["name"] == "a: b"
    assert found["card"] == [(5, "one"), (6, "two # kept")]
    assert "flag" not in found and found.get("flag", "no") == "no"
    assert found.line("count") == 3 and found.line("flag") is None
    assert read("")["card"] == []


def test_errors_should_name_file_and_line():
    for text, at in (
        ("count", 1),
        ("\ncount:", 2),
        ("\n\ncount: ", 3),
        ("unknown: 1", 1),
        ("count: 1\n# x\ncount: 2", 3),
        (": 1", 1),
        ("cards: one", 1),
    ):
        assert refusal(read, text).startswith("unit.txt:%d: " % at), text


def test_whole_numbers_should_be_digits_in_range():
    found = read("count: 1_000\nname: 12a\nhex: _\nflag: -1")
    assert lines.whole(found, "unit.txt", "count") == 1000
    assert lines.whole(found, "unit.txt", "card2", 7) == 7
    for key, at in (("name", 2), ("hex", 3), ("flag", 4)):
        assert refusal(lines.whole, found, "unit.txt", key).startswith("unit.txt:%d: " % at)
    assert refusal(lines.whole, found, "unit.txt", "count", None, 0, 999).startswith(
        "unit.txt:1: "
    )
    assert refusal(lines.whole, found, "unit.txt", "count", None, 1001).startswith("unit.txt:1: ")
    assert "`missing` is missing" in refusal(lines.whole, found, "unit.txt", "missing")
    for text in ("1" * 16, "\u0661", "\u00b2", "0x10", "1 000", "1.0"):
        assert "whole number" in refusal(lines.whole, read("count: " + text), "f", "count"), text


def test_flags_should_be_yes_or_no():
    found = read("flag: yes\nname: no\nhex: true")
    assert lines.flag(found, "f", "flag", False) is True
    assert lines.flag(found, "f", "name", True) is False
    assert lines.flag(found, "f", "count", True) is True
    assert refusal(lines.flag, found, "f", "hex", True).startswith("f:3: ")


def test_octets_should_be_hex_of_the_right_length():
    assert lines.octets("f", "hex", "28000080", 4) == b"\x28\x00\x00\x80"
    assert lines.octets("f", "hex", "00") == b"\x00"
    for text, count in (("280", None), ("2G", None), ("2800", 4), ("\u0661\u0661", None)):
        assert refusal(lines.octets, "f", "hex", text, count, 9).startswith("f:9: ")
    assert refusal(lines.octets, "f", "hex", "x").startswith("f: ")


def test_digits_should_be_ascii():
    assert lines.is_digits("0123456789")
    for text in ("", "a", "\u0661", "\u00b2", "1 ", "-1"):
        assert not lines.is_digits(text), text
