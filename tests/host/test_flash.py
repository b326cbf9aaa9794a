# SPDX-License-Identifier: Apache-2.0
"""`faretap flash` on a real MicroPython: what it copies, what it refuses, what survives a cut."""

import os
import pty
import threading

import pytest
from click.testing import CliRunner

from host_tools.cli.flash import command
from host_tools.flash.boards import board_named
from host_tools.flash.console import Console
from host_tools.flash.faults import Fault
from host_tools.flash.identity import ask
from host_tools.frame_files import frames_of
from host_tools.ledger import Ledger, keys, registry
from host_tools.ledger.vault import LABORATORY
from host_tools.provision import folder as folders
from host_tools.provision.unit import SETTINGS, make
from sim.parameter_file import parameter_text
from sim.wallet import Wallet
from tests.host.board_stand import BoardStand
from tests.host.console import faretap, needs_micropython

pytestmark = needs_micropython
JOURNAL_BLOCKS = 16
RECORDS = 12
CUTS = 5


@pytest.fixture(scope="module")
def parameters(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fleet")
    return parameter_text(Wallet.create(folder / "wallet").parameters(), 200).encode()


@pytest.fixture
def board(tmp_path):
    (tmp_path / "board").mkdir()
    stand = BoardStand(tmp_path / "board")
    yield stand
    stand.unplug()


def unit_folder(tmp_path, parameters, terminal=7, board="pico", name="unit", **given):
    """A provisioned folder."""
    given = {"terminal": str(terminal), "journal_blocks": str(JOURNAL_BLOCKS), **given}
    unit = make(board_named(board), given, {"parameters": parameters}, {"upload_key": "cd" * 32})
    folder = tmp_path / name
    folders.commit(folder, folders.prepare(folder, unit))
    return folder


def flash(board, *arguments, name="pico"):
    """(exit status, what was said); a Fault counts as status 2."""
    port = ["--port", board.port] if board.port else []
    done = CliRunner().invoke(command, [name, *port, *map(str, arguments)])
    if isinstance(done.exception, Fault):
        return done.exception.word, str(done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def on_board(board):
    """name -> bytes of all files."""
    with Console(board.port) as console:
        return {name: console.read(name) for name, _ in console.call("files")}


def serve(board, records=RECORDS):
    """The terminal has sold something that nobody has heard of."""
    journal = board.journal(JOURNAL_BLOCKS)
    for number in range(records):
        journal.append(b"record %d" % (number + 1))
    board.close_journal()


def test_a_unit_goes_onto_a_board_whole_and_again_changes_nothing(tmp_path, board, parameters):
    folder = unit_folder(tmp_path, parameters)
    status, said = flash(board, "--unit", folder, "--no-test", "--dry-run")
    assert status == 0 and "would copy  settings.txt" in said and on_board(board) == {}
    status, said = flash(board, "--unit", folder, "--no-test")
    assert status == 0 and "terminal 7" in said, said
    assert on_board(board) == folders.read(folder).files
    assert "cdcdcd" not in said  # its key
    status, said = flash(board, "--unit", folder, "--no-test")
    assert status == 0 and "all files are there already" in said
    assert "records     next #1, 0 unsent" in said


def test_unsent_records_are_exported_counted_and_come_into_the_ledger(tmp_path, board, parameters):
    """CL-007: nothing goes before the ledger has it; what is exported stays on the board too."""
    folder = unit_folder(tmp_path, parameters)
    assert flash(board, "--unit", folder, "--no-test")[0] == 0
    serve(board)
    before = board.flash.read_bytes()[-JOURNAL_BLOCKS * 4096 :]
    changed = unit_folder(tmp_path, parameters, name="changed", line="42")
    word, said = flash(board, "--unit", changed, "--no-test")
    assert word == "unsent" and f"{RECORDS} unsent records" in said
    assert b"line: 42" not in on_board(board)[SETTINGS]
    file = tmp_path / "7.frames"
    status, said = flash(board, "--unit", changed, "--no-test", "--export", file)
    assert status == 0 and f"{RECORDS} records" in said, said
    assert b"line: 42" in on_board(board)[SETTINGS]
    assert board.flash.read_bytes()[-JOURNAL_BLOCKS * 4096 :] == before
    assert all(not one.fault for one in frames_of(file))
    (tmp_path / "answers").mkdir()
    ledger = Ledger(f"sqlite:///{tmp_path}/city.db", LABORATORY)
    registry.enrol(ledger, [7])
    keys.enter(ledger, 7, "one", bytes.fromhex("cd" * 32))
    ledger.close()
    database = ("--database", tmp_path / "city.db", "--simulated")
    done = faretap("stick", "import", file, "--answers", tmp_path / "answers", *database)
    assert done.returncode == 0, done.stdout + done.stderr
    ledger = Ledger(f"sqlite:///{tmp_path}/city.db", LABORATORY)
    assert [raw for _, raw in ledger.raw(7)] == [b"record %d" % n for n in range(1, RECORDS + 1)]
    ledger.close()
    done = faretap("journal", str(file) + ".journal")
    assert done.returncode == 0 and f"next #{RECORDS + 1}" in done.stdout


def test_what_would_part_a_board_from_its_records_is_refused(tmp_path, board, parameters):
    assert flash(board, "--unit", unit_folder(tmp_path, parameters), "--no-test")[0] == 0
    other = unit_folder(tmp_path, parameters, terminal=8, name="eight")
    assert flash(board, "--unit", other, "--no-test", "--dry-run")[0] == 0  # it never served
    serve(board)
    out = ("--no-test", "--export", tmp_path / "x.frames")
    assert flash(board, "--unit", other, *out)[0] == "other_terminal"
    longer = unit_folder(tmp_path, parameters, name="longer", journal_blocks="20")
    assert flash(board, "--unit", longer, *out)[0] == "other_journal"
    pico_w = unit_folder(tmp_path, parameters, board="pico_w", name="w")
    assert flash(board, "--unit", pico_w, *out)[0] == "wrong_board"
    assert flash(board, "--unit", pico_w, *out, name="pico_w")[0] == "wrong_board"
    assert flash(board, "--no-test")[0] == "unsent"


def test_settings_that_cannot_be_read_are_not_overwritten(tmp_path, board, parameters):
    with Console(board.port) as console:
        console.put(SETTINGS, b"terminal: seven\n")
    word, said = flash(board, "--unit", unit_folder(tmp_path, parameters), "--no-test")
    assert word == "unreadable" and "is missing" in said
    assert on_board(board) == {SETTINGS: b"terminal: seven\n"}


def test_a_full_file_system_is_said_before_anything_is_replaced(tmp_path, board, parameters):
    folder = unit_folder(tmp_path, parameters)
    with Console(board.port) as console:
        list(console.events("f=open('list.bin','wb')\nf.write(bytes(118000))\nf.close()"))
    assert flash(board, "--unit", folder, "--no-test")[0] == "full"
    with Console(board.port) as console:
        assert console.call("files") == [["list.bin", 118_000]]


def test_a_board_that_is_unplugged_holds_old_files_or_new_ones(tmp_path, board, parameters):
    """MP-6: whatever the moment, each file is whole, settings fit, and the next run completes."""
    old = unit_folder(tmp_path, parameters, line="1")
    new = unit_folder(tmp_path, parameters + b"# more\n" * 300, name="new", line="2")
    out = ("--no-test", "--export", tmp_path / "x.frames")
    assert flash(board, "--unit", old, "--no-test")[0] == 0
    serve(board)
    before = board.flash.read_bytes()
    came = board.came
    assert flash(board, "--unit", new, *out)[0] == 0
    whole, words = board.came - came, []
    for share in range(CUTS):
        board.unplug()
        board.flash.write_bytes(before)
        board.plug(cut_at=whole * (share + CUTS) // (2 * CUTS))  # its last half is the copying
        words.append(flash(board, "--unit", new, *out)[0])
        board.plug()
        files = on_board(board)
        for name in (SETTINGS, "parameters.txt"):
            assert files[name] in [folders.read(one).files[name] for one in (old, new)]
        assert flash(board, "--unit", new, *out)[0] == 0
        assert on_board(board) == folders.read(new).files
        assert board.journal(JOURNAL_BLOCKS).waiting() == RECORDS
    assert set(words) == {"gone"}, words


def test_a_stranger_is_no_board(tmp_path):
    stand = BoardStand(tmp_path, machine="Vendor board with RP2040")
    try:
        assert flash(stand)[0] == "wrong_board"
    finally:
        stand.unplug()


def test_a_port_that_never_stops_talking_is_given_up():
    """A GPS receiver at the port: no prompt, and no silence either."""
    ours, theirs = pty.openpty()
    over = threading.Event()

    def talk():
        while not over.wait(0.01):
            os.write(ours, b"$GPGGA,\r\n")

    talker = threading.Thread(target=talk)
    talker.start()
    try:
        with pytest.raises(Fault) as fault:
            Console(os.ttyname(theirs), patience=0.05)
        assert fault.value.word == "no_answer"
    finally:
        over.set()
        talker.join()
        os.close(theirs)
        os.close(ours)


def test_ports_that_are_none_have_a_name(tmp_path, board):
    assert (
        CliRunner().invoke(command, ["pico", "--port", "/dev/ttyACM99"]).exception.word
        == "no_board"
    )
    with Console(board.port) as console:
        assert ask(console).board.name == "pico"
        assert flash(board)[0] == "busy"
