# SPDX-License-Identifier: Apache-2.0
"""Mistakes that people make in fare tables: one sentence each, with the line and what to do."""

import re
import time
from datetime import date

import pytest
from click.testing import CliRunner

from firmware.errors import FormatError
from host_tools.cli.parameters import command
from host_tools.fares import files, lint, sense, source
from host_tools.fares.places import line_of
from tests.host.test_fares_cli import TEXT, bent

TODAY = date(2026, 11, 22)


def linted(path, *words):
    return CliRunner().invoke(command, ["lint", str(path), "--on", str(TODAY), *words])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("less_fen = 100", "less_fen = 1000", "114: error: `transfers[0].less_fen`: takes off"),
        ("within_minutes = 60", "within_minutes = 6000", "113: warning: `transfers[0].within"),
        ("day_fen = 1500", "day_fen = 150", "122: error: `caps`: 150 fen for a day is less"),
        ("day_fen = 1500", "day_fen = 0", "122: error: `caps`: 0 fen for a day is less"),
        ("month_fen = 20000", "month_fen = 1400", "a month costs at most 1400 fen and a day 1500"),
        ("month_fen = 20000", "week_fen = 1400", "122: error: `caps`: a week costs at most"),
        ("2026-12-01T04", "2026-11-21T04", "3: warning: `effective`: lies 1 days back"),
        ("2026-12-01T04", "2028-12-01T04", "3: warning: `effective`: is more than a year ahead"),
        ('["2027-01-01..2027-01-03", "2027-02-05..2027-02-11"]', '["2025-01-01"]',
         "131: warning: `days.holidays`: names no holiday in the year from 2026-12-01"),
        ('group = "bus"\nfen = 200', 'group = "bus"\nfen = 2', "a price of 2 fen: 2 yuan is writ"),
        ("fen = 3000", "fen = 0", "53: warning: `products.child`: costs nothing"),
        ("least_balance_fen = 500", "least_balance_fen = 501", "cards that could pay are turned"),
        ("least_balance_fen = 500", "least_balance_fen = 100001", "30: error: `products.metro.l"),
        ("riders = 20", "riders = 41", "127: warning: `parties[0].riders`: never applies"),
        ("free_minutes = 15", "free_minutes = 1440", "60: warning: `products.parking-a.free_min"),
        ("cap_fen = 500 }", "cap_fen = 99 }", "64: warning: `products.parking-a.windows`: a cap"),
    ],
)  # fmt: skip
def test_what_nobody_can_have_meant_should_be_found(tmp_path, old, new, told):
    """By the rules of sense.py alone, as the others ask for thousands of prices."""
    path = bent(tmp_path, (old, new))
    table = source.load(path)
    found = [lint.Finding(*one) for rule in sense.RULES for one in rule(table, TODAY)]
    said = list(files.located(found, path))
    assert any(told in line for line in said), said
    assert all(line.startswith("bent.toml:") for line in said)


def test_lint_should_say_file_and_line_and_end_with_a_status(tmp_path):
    twice = bent(
        tmp_path, ('["62280410"]', '["622801"]'), ("free_minutes = 15", "free_minutes = 1500")
    )
    done = linted(twice)
    first, second, last = done.output.splitlines()
    assert first.startswith(
        "bent.toml:70: error: `classes.student`: ranges of soldier and student"
    )
    assert second.startswith("bent.toml:60: warning: `products.parking-a.free_minutes`")
    assert (last, done.exit_code) == ("1 errors, 1 warnings", 1)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("fen = 6000", "fen = 60.00", ":50: `products.adult.fen`: a whole number from 0 to 167"),
        ("fen = 6000", 'fen = "60"', "without quotes or point (2 yuan is 200), is wanted, not"),
        ("fen = 6000", "fen = 6000\nfen = 5", ":51: this key stands twice in its table: remove"),
        ("[products.child]", "[products.adult]", ":53: this table stands twice"),
        ("[[caps]]", "[caps]", ":122: `caps`: tables with two brackets, [[caps]],"),
        ('[[discounts]]\nclass = "student"', '[[discount]]\nclass = "student"',
         ":75: `discount`: there is no such key here; did you mean `discounts`?"),
        ('kind = "zone"', "kind = \u201czone\u201d", ":43: signs of another keyboard"),
        ("[products.parking-a]", "[products.parking-lot-number-1]", ":58: `products.parking-lot"),
        ("[products.island]", '[products."\u6d77\u5c9b"]', "a name is 1 to 16 letters and digits"),
        ("2026-12-01T04:00:00", "2027-02-29T04:00:00", ":3: there is no such day or time"),
        ("2026-12-01T04:00:00", "2026-12-01", "is wanted, not 2026-12-01"),
        ("outer = [211, 212]", "outer = [211, 201]", ":44: `products.island.zones`: stop 201"),
        ("[[200], [350, 200]]", "[[200]]", ":45: `products.island.fares`: 2 rows of 2, or a tri"),
        ("percent = 80\n\n[[transfers]]", "percent = 500\n\n[[transfers]]", ":108: `bands.early."),
    ],
)  # fmt: skip
def test_what_cannot_be_read_should_name_the_line(tmp_path, old, new, told):
    done = linted(bent(tmp_path, (old, new)))
    assert isinstance(done.exception, FormatError), done.output
    assert told in str(done.exception) and "\n" not in str(done.exception)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "t.toml: `version` is missing"),
        ("# \u57ce\u5e02\n".encode("gbk") + TEXT.encode(), "t.toml:1: not UTF-8"),
        (b"version = 1\n" + TEXT.encode("utf-16"), "t.toml:2: not UTF-8"),
        (bytes(range(1, 256)), "t.toml"),
        (b"a = " + b"[" * 5000, "t.toml: nested too deep"),
        (b"x" * ((16 << 20) + 1), "more than 16 MB: no fare table"),
    ],
)
def test_what_is_no_table_should_be_said_in_a_sentence(tmp_path, data, told):
    path = tmp_path / "t.toml"
    path.write_bytes(data)
    with pytest.raises(FormatError) as caught:
        source.load(path)
    assert told in str(caught.value)


def test_mark_in_front_of_a_text_should_be_passed_over(tmp_path):
    """Editors of Windows write one."""
    path = tmp_path / "t.toml"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    assert linted(path).output == "0 errors, 0 warnings\n"


def test_empty_table_should_be_an_error(tmp_path):
    path = tmp_path / "t.toml"
    path.write_text("version = 1\neffective = 2026-12-01T04:00:00\nceiling_fen = 500\n")
    done = linted(path)
    assert done.exit_code == 1 and "the table sells nothing" in done.output


@pytest.mark.parametrize(
    "more",
    [
        "stops = %s" % list(range(1, 40000)),
        "stops = [1]\nfares = [%s]" % ", ".join(["[1]"] * 50000),
        "x = %s" % ("9" * 4000),
        "\n".join("[products.p%d]\nkind = 'flat'\nfen = 100" % n for n in range(3000)),
    ],
)
def test_absurd_sizes_should_end_soon(tmp_path, more):
    path = tmp_path / "t.toml"
    top = "version = 1\neffective = 2026-12-01T04:00:00\nceiling_fen = 500\n"
    path.write_text(top + "[products.12]\nkind = 'matrix'\n" + more)
    began = time.monotonic()
    done = linted(path)
    assert done.exit_code and time.monotonic() - began < 20
    assert all(len(line) < 300 for line in str(done.exception).splitlines())


def test_each_key_of_the_example_should_be_found_where_it_stands():
    """Against a second reading: the line that has the key, in the block of its table."""
    lines = TEXT.splitlines()
    for number, line in enumerate(lines, 1):
        head = re.match(r"\[([\w.-]+)\]", line)
        if head:
            assert line_of(TEXT, head.group(1)) == number
    numbers = [n for n, line in enumerate(lines, 1) if line.startswith("[[discounts]]")]
    assert [line_of(TEXT, "discounts[%d]" % n) for n in range(len(numbers))] == numbers
    assert lines[line_of(TEXT, "products.parking-a.windows") - 1].startswith("windows")
    assert lines[line_of(TEXT, "products.coach.steps[1].more_fen") - 1].startswith("  { over = 32")
    assert line_of(TEXT, "nobody.knows") == 0 and line_of("", "x") == 0
