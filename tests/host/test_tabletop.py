# SPDX-License-Identifier: Apache-2.0
"""The tabletop behind `faretap panel`: machines, journal, a process that dies."""

import pytest

from firmware.errors import FormatError
from firmware.formats import record
from firmware.hal.fileflash import open_file_flash
from firmware.journal.journal import Journal
from host_tools.cli.runtime import runtime_command
from sim.rig import Rig
from sim.tabletop import Tabletop
from sim.tabletop_beside import LINES_MOST, Console
from sim.tabletop_devices import DEVICES
from sim.tabletop_gate import QUEUE_MOST, TICKETS, Lane, Scanner
from sim.tabletop_journal import JournalView
from sim.tabletop_taxi import REQUESTS_MOST, MeterPart
from sim.timing import Timing
from tests.host.tabletop_stand import types, wait_for

HOSTILE = (
    "",
    " ",
    "on\r\noff",
    "\0",
    "签到",
    "x" * 65,
    "__init__",
    "in;out",
    "drive 99999",
    "1e9",
)


@pytest.mark.parametrize("device", DEVICES)
def test_no_word_should_be_taken_that_no_key_has(device, tmp_path):
    """FormatError and nothing else, and what is to be seen stays as it is."""
    beside = DEVICES[device].make(tmp_path)
    with beside:
        for name, told in beside.told().items():
            before = beside.state()
            for word in HOSTILE:
                if told["types"] and word in ("in;out", "drive 99999", "__init__", "1e9"):
                    continue  # a console takes any line: its terminal answers
                with pytest.raises(FormatError):
                    beside.say(name, word)
            assert beside.state()[name] == before[name]
        with pytest.raises(FormatError):
            beside.say("nothing", "in")


def test_console_should_keep_its_last_lines_and_print_a_report():
    console = Console(())
    with console:
        for number in range(100):
            console.machine.feed(b"note %d\r\n" % number + b"\xff" * 900, 0)
        assert len(console.state()["lines"]) == LINES_MOST
        assert len(console.machine.rest) <= 512
        console.say("statement")
        console.machine.feed(b"\r\n  Shift 1\r\n  Total: 2.00\r\nok\r\n", 0)
        assert console.state()["paper"] == ["Shift 1", "Total: 2.00"]
        with pytest.raises(FormatError):
            for _ in range(100):
                console.machine.type("help")


def test_meter_should_refuse_what_cannot_be_now_and_what_nobody_answers():
    """TD-053: a request stays until it is answered, and no queue of them grows."""
    with MeterPart() as meter:
        with pytest.raises(FormatError, match="nobody is in the car"):
            meter.say("stop")
        meter.machine.signed_in = True
        with pytest.raises(FormatError, match="waits for the terminal"):
            for _ in range(REQUESTS_MOST + 1):
                meter.say("hire")
                meter.say("stop")
        assert len(meter.machine.requests) <= REQUESTS_MOST + 1
        meter.say("silent on")
        assert meter.state()["silent"]


def test_lane_should_take_a_bounded_crowd():
    with Lane() as lane, pytest.raises(FormatError, match="enough people"):
        for _ in range(QUEUE_MOST + 1):
            lane.say("normal")


def test_tickets_should_be_those_of_today(tmp_path):
    """TD-070: the screenshot is the same code, the forged one has another signature."""
    scanner = Scanner()
    scanner.prepare(None, tmp_path)
    texts = scanner.texts
    assert set(texts) == set(TICKETS) == set(scanner.codes)
    assert texts["copied"] == texts["valid"] and len(set(texts.values())) == len(texts) - 1
    assert all(code.lstrip().startswith(b"<") for code in scanner.codes.values())


def test_journal_should_be_seen_with_masked_numbers(tmp_path):
    """TD-023, QT-033: records, what waits, and nothing of a file that is none."""
    path = tmp_path / "journal.bin"
    view = JournalView(path, 8)
    assert not view.look() and view.rows == []
    journal = Journal(open_file_flash(str(path), 16, 4096, lambda file: None, lambda path: None))
    values = record.blank(record.APPROVED)
    values.update(pan=bytes.fromhex("6228000100000010"), amount_fen=200, reason="ok")
    for _ in range(40):
        journal.append(record.pack(values))
    assert view.look() and not view.look()
    assert len(view.rows) == 14 and view.rows[0]["sequence"] == 40 and view.waiting == 40
    assert view.rows[0]["card"] == "622800******0010"
    path.write_bytes(b"\x00" * 4096 * 3)
    assert not view.look() and len(view.rows) == 14


def test_process_that_ends_by_itself_should_be_told_and_started_again(tmp_path):
    """TD-012, TD-018: the page says so instead of standing still."""
    beside = DEVICES["shop"].make(tmp_path)
    rig = Rig(
        tmp_path,
        runtime_command("cpython")[:3],
        Timing.none(),
        more=beside.settings + "price_fen: 200\n",
        device="shop",
    )
    beside.prepare(rig.wallet, tmp_path)
    with beside, rig, Tabletop(rig, beside) as table:
        rig.firmware.process.terminate()
        assert wait_for(lambda: table.power == "dead")
        assert table.panel["lamp"] == "dark"
        assert "ended by itself" in table.stories[0]["english"]
        assert not table.pull_plug() and table.plug_in()
        assert wait_for(lambda: table.power == "on")
        types(table, "on 7", "Tap card")
        table.hand.tap(["adult-1"])
        assert wait_for(lambda: table.rig.cards["adult-1"].settled_fen == 9800)
        assert wait_for(lambda: any(row["kind"] == "approved" for row in table.journal.rows))
