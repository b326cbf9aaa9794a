# SPDX-License-Identifier: Apache-2.0
"""`faretap parameters`: the example of the pages builds, faults are told with key and line."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from firmware.errors import FormatError
from firmware.fares import layout
from firmware.fares.engine import Fares
from firmware.formats import signed
from host_tools import sealing, signing
from host_tools.cli.parameters import command
from host_tools.fares import source
from tools import make_fares

EXAMPLE = Path(__file__).resolve().parents[2] / "docs/fares.toml"
TEXT = EXAMPLE.read_text(encoding="utf-8")


def run(*words):
    return CliRunner().invoke(command, [str(one) for one in words])


def bent(tmp_path, *changes):
    """The example with texts replaced, as a file."""
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "bent.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_example_should_have_no_fault():
    done = run("lint", EXAMPLE, "--on", "2026-11-22")
    assert (done.exit_code, done.output) == (0, "0 errors, 0 warnings\n")


def test_build_should_sign_what_a_terminal_opens(tmp_path):
    """TD-020: version and moment stand in the signed head and in the table."""
    key = tmp_path / "key.pem"
    sealing.make_key(key, b"")
    made = run("build", EXAMPLE, "-o", tmp_path / "city.fares", "--key", key)
    assert made.exit_code == 0, made.output
    blob = signing.Bytes((tmp_path / "city.fares").read_bytes())
    authority = signing.load_signer(key).authority
    head, payload = signed.opened(blob, authority, (signed.FARES,))
    fares = Fares(payload)
    assert (head.number, head.format, head.effective) == (7, layout.LAYOUT, "20261201040000")
    assert (fares.version, fares.effective) == (7, (2026, 12, 1, 4, 0, 0))


def test_build_should_refuse_a_table_with_errors(tmp_path):
    path = bent(tmp_path, ("ceiling_fen = 8000", "ceiling_fen = 400"))
    done = run("build", path, "-o", tmp_path / "city.fares")
    assert isinstance(done.exception, FormatError) and "above the maximum fare" in done.output
    assert not (tmp_path / "city.fares").exists()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("fen = 6000", 'fen = "60"', ".toml:50: `products.adult.fen`: a whole number from 0"),
        ("fen = 6000", "fen = -1", "`products.adult.fen`: a whole number from 0"),
        ("fen = 6000", "fen = true", "`products.adult.fen`"),
        ("fen = 6000", "fenn = 6000", "`products.adult`: `fen` is missing"),
        ("fen = 6000", "fen = 6000\nfree = 1", "`products.adult.free`: there is no such key"),
        ('kind = "zone"', 'kind = "zones"', "`products.island.kind`: one of flat, matrix"),
        ('"622802-622803"', '"622803-622802"', "`classes.senior`: first digits"),
        ('"08:00-20:00"', '"08:00-26:00"', '"HH:MM-HH:MM"'),
        ('times = ["05:00-07:00"]', 'times = ["22:00-05:00"]', "a span over midnight is two"),
        ("2026-12-01T04:00:00 ", "2026-12-01T04:00:00Z ", "`effective`"),
        ("free = true", "", "one of percent, less_fen, more_fen, price_fen, free is wanted, 0"),
        ("2027-01-03", "2027-02-30", "`days.holidays`: YYYY-MM-DD"),
        ("stops = [101, 102", "stops = [101, 101", "each once"),
        ("  [300, 200],\n", "", "4 rows of 4, or a triangle"),
        ("over = 1, fen", "over = 4, fen", "ascend"),
        ("version = 7", "version = 7 7", ":2: one key in a line"),
    ],
)
def test_faults_should_be_told_by_key(tmp_path, old, new, told):
    with pytest.raises(FormatError) as caught:
        source.load(bent(tmp_path, (old, new)))
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('["62280410"]', '["62280410", "622801"]', "error: `classes.student`: ranges of soldier"),
        ('class = "staff"', 'class = "boss"', "[classes] does not name 'boss'"),
        ('band = "peak"', 'band = "noon"', "[bands] does not name 'noon'"),
        ('from = ["bus"]\nto = ["metro"]', 'from = ["tram"]', "no product is in the group 'tram'"),
        ("07:00-09:00", "06:00-09:00", "error: `bands.early`: overlaps with peak"),
        ('["05:00-07:00"]\ngroups = ["metro"]', '["07:00-08:00"]\ndays = ["workday"]', "overlaps"),
        ("price_fen = 1\n", "percent = 120\n", "never pays more than the full fare"),
        ('[[discounts]]\nclass = "soldier"', '[[discounts]]\nclass = "senior"', "never applies"),
        ("[400, 300, 200]", '[400, "-", 200]', "error: `products.metro.fares`: 2 pairs have no"),
        ('"20:00-08:00"', '"20:00-07:00"', "no window at 07:00, 60 minutes"),
        ('"20:00-08:00"', '"19:00-08:00"', "two windows at 19:00, 60 minutes"),
        ("fen = 6000", "fen = 9000", "above the maximum fare"),
        ("8000 ", "80000 ", "warning: `ceiling_fen`: above the sanity ceiling"),
        ("over = 12000, fen = 500", "over = 12000, fen = 350", "it costs less than before"),
        ("lost_fen = 5000", "lost_fen = 500", "tickets will get lost"),
        ("groups = [\"bus\"]\nprice_fen = 1", "price_fen = 1\n[[discounts]]\nclass = \"staff\"\n"
         "price_fen = 2", "error: `discounts[5]`: never applies"),
    ],
)  # fmt: skip
def test_lint_should_find(tmp_path, old, new, told):
    """TD-006: gaps, overlaps, prices above the ceiling, concessions above the full fare."""
    done = run("lint", bent(tmp_path, (old, new)), "--on", "2026-11-22")
    assert told in done.output
    assert done.exit_code == (1 if "error: " in done.output else 0)


def test_lint_should_hold_a_rise_against_the_table_in_force(tmp_path):
    """TD-006: a mean fare that rises by more than it may."""
    newer = (("version = 7", "version = 8"), ("2026-12-01T04", "2027-01-01T04"))
    dear = bent(tmp_path, ('group = "bus"\nfen = 200', 'group = "bus"\nfen = 230'), *newer)
    done = run("lint", dear, "--against", EXAMPLE)
    assert done.exit_code == 1 and "`products.12`: the mean fare" in done.output
    assert run("lint", dear, "--against", EXAMPLE, "--most-rise", 20).exit_code == 0
    assert "version`: 7 is in force" in run("lint", EXAMPLE, "--against", EXAMPLE).output


def test_diff_should_name_who_pays_differently(tmp_path):
    other = bent(tmp_path, ("  [500, 400", "  [520, 400"), ("[products.child]", "[products.kid]"))
    done = run("diff", EXAMPLE, other)
    lines = [line for line in done.output.splitlines() if "101 to 104" in line]
    assert any("5.00" in one and "5.20" in one and "+0.20" in one for one in lines)
    assert "gone" in done.output and "new" in done.output
    assert run("diff", EXAMPLE, EXAMPLE).output == "0 of 3605 sample trips differ\n"


def test_show_should_draw_a_matrix():
    done = run("show", EXAMPLE, "--product", "metro")
    rows = [line for line in done.output.splitlines() if "104" in line]
    assert len(rows) == 2 and [cell.strip() for cell in rows[1].split("│")[2:6]] == [
        "5.00",
        "4.00",
        "3.00",
        "2.00",
    ]
    assert "senior" in run("show", EXAMPLE).output
    assert isinstance(run("show", EXAMPLE, "--product", "tram").exception, FormatError)


def test_city_of_the_shared_tests_should_be_the_example():
    city = EXAMPLE.parents[1] / "tests/fares/city.py"
    assert city.read_text(encoding="utf-8") == make_fares.text(), "run tools/make_fares.py"
