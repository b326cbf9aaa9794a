# SPDX-License-Identifier: Apache-2.0
"""The reader's part of the bench: its cards are those of the model, its floor is the model's, its
tables hold what they say. Figures are not judged: a machine that tests has other work.
"""

import json

import pytest
from click.testing import CliRunner

from firmware.errors import FormatError
from host_tools.cli import bench, bench_compare, bench_reader
from host_tools.cli.bench_parts import Sheet
from host_tools.cli.runtime import runtime_command
from sim import bench_cards, bench_echo, bench_exchange, bench_floor, bench_other_exchange
from sim.bench_taps import Job, measure
from sim.bench_watch import EXCHANGE, Watch, apdus

# Of pn532.md, 6: bytes of C-APDUs, and milliseconds of a tap with FSD 64 at 921600, activation in
MODEL = {"small": ((20, 14, 42), 195 + 9), "typical": ((20, 14, 44), 320 + 9)}
MODEL["large"] = ((20, 14, 44), 481 + 9)


@pytest.fixture(scope="module")
def tapped():
    """{profile: [Tap]} of the real terminal, nothing paced."""
    runtime = runtime_command("cpython")[:3]
    return {
        name: measure(Job(name, runtime, name, taps=2, paced=False)) for name in bench_cards.SHAPES
    }


@pytest.mark.parametrize("name", bench_cards.SHAPES)
def test_cards_should_be_those_of_the_model(name, tapped):
    sent = [one[0] for one in tapped[name][0].exchanges]
    back = [one[1] for one in tapped[name][0].exchanges]
    assert tuple(sent[:3]) == MODEL[name][0] and set(sent[3:]) == {5}
    assert back == bench_cards.wanted(bench_cards.SHAPES[name])
    assert sum(one[2] for one in tapped[name][0].exchanges) == bench_cards.CARD_MS[name]
    if name == "typical":
        assert (len(sent), sum(sent), sum(back)) == (7, 98, 1009)


@pytest.mark.parametrize("name", bench_cards.SHAPES)
def test_floor_should_be_the_model_s(name, tapped):
    """PS-18: the formula of the model, to a rounded millisecond; engine own saves chaining."""
    exchanges = tapped[name][0].exchanges
    floor = bench_floor.tap_ms("chip", exchanges, 921600)
    assert abs(floor - MODEL[name][1]) < 1
    assert bench_floor.tap_ms("own", exchanges, 921600) < floor
    assert bench_floor.tap_ms("chip", exchanges, 115200) > floor


def test_floor_of_raw_frames_should_count_what_goes_over_the_line():
    """27 bytes round PCB and data, 3 more where a frame is extended; a second block, a second
    command.
    """

    def count(sent, received):
        return bench_floor.link_ms("own", sent, received, 1_000_000) * 100

    assert [round(count(5, back)) for back in (250, 251, 253)] == [
        27 + 6 + 251, 27 + 6 + 252 + 3, 27 + 6 + 254 + 3,
    ]  # fmt: skip
    assert round(count(5, 254)) == 2 * 27 + 6 + 254 + 3 + 1 + 2


@pytest.mark.parametrize("name", bench_cards.SHAPES)
def test_each_apdu_should_be_one_command_of_its_length(name, tapped):
    """PD-16: 26 + Lc + Lr bytes, 3 more for each long frame, for all APDUs of the profiles."""
    for tap in tapped[name]:
        commands = [one for one in tap.commands if one.code == EXCHANGE]
        assert len(commands) == len(tap.exchanges) == len(tap.commands) - 1
        for command, (sent, received, _) in zip(commands, tap.exchanges, strict=True):
            assert command.sent == 10 + sent + 3 * (sent + 3 > 255)
            assert command.received == 16 + received + 3 * (received + 3 > 255)


def test_profile_row_should_hold_what_it_says(tapped):
    """PS-31: total, after detection, each APDU, bytes, commands, processor, slices."""
    job = Job("profile", (), "typical")
    row = bench_reader.profile_row(job, tapped["typical"], 3)
    assert row[:3] == ["typical", "chip", "921600"]
    total, after, _, out, back, commands, cpu, slices = (float(one) for one in row[3:])
    assert 0 < after < total and cpu > 0 and (commands, slices) == (8, 3)
    assert out == 11 + 7 * 10 + 98 and back == 6 + 27 + 7 * 16 + 1009
    each = [float(one) for one in bench_reader.apdu_cells(tapped["typical"])]
    assert len(each) == 7 and sum(each) < total


def test_raw_blocks_should_be_told_apart_by_their_apdus():
    watch = Watch()
    blocks = (
        "0200a4",
        "a3",
        "1300b2",
        "0200",
        "b3",
        "0300c0",
    )  # I, R(ACK); chained I, I; R(NAK); I
    for at, block in enumerate(blocks):
        body = b"\xd4\x42" + bytes.fromhex(block)
        head = bytes((0, 0, 255, len(body), -len(body) & 255))
        watch("host", head + body + bytes((-sum(body) & 255, 0)), at * 10)
        watch("chip", bytes(6), at * 10 + 5)
    found = apdus(watch.commands)
    assert [(first.at_us, last.done_us) for first, last in found] == [(0, 15), (20, 45), (50, 55)]


@pytest.mark.parametrize("runtime", bench_reader.AIM)
def test_own_engine_should_tap_too(runtime):
    """Both engines on both interpreters, with the slices that the meter counts."""
    if not bench_reader.has_interpreter(runtime):
        pytest.skip("no " + runtime)
    argv = runtime_command(runtime, bench_reader.METERED_KIB)[:3]
    job = Job(runtime, argv, engine="own", taps=2, paced=False, root="sim.metered")
    for tap in measure(job):
        assert len(apdus(tap.commands)) == 7 and tap.steps["slices"] >= 0


def test_exchange_should_be_timed_against_the_bare_calls():
    """PD-15: side by side in one process; every answer is looked at by the measurement."""
    names = list(bench_other_exchange.ALWAYS)
    runtime = runtime_command("cpython")[:3]
    seen = bench_echo.measure(runtime, bench_other_exchange.__name__, names, 1)
    rows = bench_reader.exchange_rows("cpython", seen, seen[:2])
    assert [row[1] for row in rows] == names and set(bench_exchange.CANDIDATES) < set(names)
    assert all(one["wall_us"] > 0 for one in seen) and rows[0][-2:] == ["1.00", "1.00"]
    # the clock of a busy machine shows whole time slices: what a sleep would cost is longer
    assert all(one["wall_us"] < 9000 for one in seen)


def test_quick_run_should_write_its_table_into_the_page(tmp_path):
    """What CI can afford of `faretap bench`: that it runs, prints and writes."""
    page = tmp_path / "page.md"
    page.write_text("<!-- measured: exchanges -->\n<!-- end -->\n", encoding="utf-8")
    words = ["--quick", "--part", "exchanges", "--runtime", "cpython"]
    done = CliRunner().invoke(bench.command, [*words, "--write", str(page)])
    assert done.exit_code == 0, done.output
    text = page.read_text(encoding="utf-8")
    assert "| raw os.read, os.write |" in text and "| faretap, engine own |" in text
    done = CliRunner().invoke(bench.command, [*words, "--json"])
    assert done.exit_code == 0, (done.output, done.exception)
    row = json.loads(done.output.splitlines()[-1])["rows"][0]
    assert row[:2] == ["cpython", "raw os.read, os.write"] and float(row[2]) > 0


def test_two_runs_should_be_compared():
    """PS-31: a table of one commit beside that of another."""
    sheet = Sheet(
        "profiles", "P", ["profile", "baud", "total"], [["small", "921600", "110.0"]], []
    )
    old = json.dumps(sheet._replace(rows=[["small", "921600", "100.0"]])._asdict())
    (found,) = bench_compare.beside([sheet], old)
    assert found.rows == [["small", "921600", "110.0 (+10.0 %)"]]
    (alone,) = bench_compare.beside([sheet], "")
    assert alone.rows == sheet.rows
    with pytest.raises(FormatError):
        bench_compare.beside([sheet], "no json")
