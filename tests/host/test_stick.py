# SPDX-License-Identifier: Apache-2.0
"""`faretap stick` and firmware/stick.py: from a journal file to the ledger and back, on both
interpreters, with files that are doubled, torn and foreign.
"""

import subprocess

import pytest
from click.testing import CliRunner

from firmware.errors import FormatError
from firmware.formats import batch
from firmware.hal import open_flash
from firmware.journal import Journal
from host_tools.cli.runtime import runtime_command
from host_tools.cli.stick import command
from host_tools.frame_files import frames_of, journal_copy, written
from host_tools.ledger import Ledger, keys, registry
from host_tools.ledger.vault import LABORATORY
from tests.host.console import RUNTIMES, faretap

SECRET = bytes(range(32))
RECORDS = 30


def add(path, count, begin=1):
    flash = open_flash(str(path), 16)
    journal = Journal(flash)
    for number in range(begin, begin + count):
        journal.append(b"record %d" % number)
    flash.close()


def acknowledged(path):
    return journal_copy(path).acknowledged


@pytest.fixture(params=["", f"upload_key: {SECRET.hex()}\n"], ids=["plain", "signed"])
def stand(request, tmp_path):
    """A unit with RECORDS records, a ledger that knows it, a stick."""
    add(tmp_path / "journal.bin", RECORDS)
    (tmp_path / "settings.txt").write_text(
        f"terminal: 7\nreader: serial:none\njournal: file:{tmp_path}/journal.bin\n"
        f"journal_blocks: 16\nparameters: none\n{request.param}"
    )
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", LABORATORY)
    registry.enrol(ledger, [7])
    if request.param:
        keys.enter(ledger, 7, "one", SECRET)
    ledger.close()
    (tmp_path / "stick").mkdir()
    return tmp_path


def stick(*arguments):
    """(exit status, what was said)."""
    done = CliRunner().invoke(command, list(map(str, arguments)))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def bring(folder, *files):
    database = ["--database", folder / "ledger.db", "--simulated"]
    return stick("import", *files, "--answers", folder / "stick", *database)


def on_unit(runtime, *arguments):
    """firmware/stick.py as a process: (exit status, what it said)."""
    argv, env, cwd, _ = runtime_command(runtime)
    done = subprocess.run(
        [*argv, "-m", "firmware.stick", *map(str, arguments)], env=env, cwd=cwd,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


def stored(folder):
    ledger = Ledger(f"sqlite:///{folder}/ledger.db", LABORATORY)
    rows = [raw for _, raw in ledger.raw(7)]
    ledger.close()
    return rows


def test_records_go_by_file_and_the_journal_moves_by_the_answers(stand):
    status, said = stick("export", stand / "settings.txt", stand / "stick")
    name = stand / "stick/7-1-30.frames"
    assert status == 0 and str(name) in said and acknowledged(stand / "journal.bin") == 0
    for _ in range(2):  # CL-006: a file that comes twice
        assert bring(stand, name)[0] == 0
        assert stored(stand) == [b"record %d" % n for n in range(1, RECORDS + 1)]
    done = faretap("stick", "confirm", stand / "settings.txt", stand / "stick/7-1-30.answers")
    assert done.returncode == 0, done.stdout + done.stderr
    assert acknowledged(stand / "journal.bin") == RECORDS
    assert "all is acknowledged" in stick("export", stand / "settings.txt", stand / "stick")[1]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_unit_writes_and_reads_the_files_itself(runtime, stand):
    settings = stand / "settings.txt"
    status, said = on_unit(runtime, settings, "export", stand / "stick")
    name = stand / "stick/7-1-30.frames"
    assert (status, said.strip()) == (0, str(name))
    assert bring(stand, name)[0] == 0
    answers = name.with_suffix(".answers")
    status, said = on_unit(runtime, settings, "confirm", answers)
    assert status == 0 and "30 records acknowledged, up to 30" in said
    assert on_unit(runtime, settings, "confirm", answers)[0] == 0  # again: nothing to do
    assert acknowledged(stand / "journal.bin") == RECORDS
    answers.write_bytes(answers.read_bytes()[:-3])
    status, said = on_unit(runtime, settings, "confirm", answers)
    assert status == 1 and "torn" in said


def test_a_torn_file_is_named_and_its_whole_frames_count(stand):
    on_unit("cpython", stand / "settings.txt", "export", stand / "stick")
    name = stand / "stick/7-1-30.frames"
    whole = name.read_bytes()
    name.write_bytes(whole[:-5])
    status, said = bring(stand, name)
    some = len(stored(stand))
    assert status == 1 and "in no whole frame" in said and 0 <= some < RECORDS
    name.write_bytes(whole)
    assert bring(stand, name)[0] == 0 and len(stored(stand)) == RECORDS


def test_a_foreign_file_is_refused_by_name_and_moves_nothing(stand):
    name = stand / "stick/8.frames"
    name.write_bytes(batch.pack_batch(8, [(1, b"one")]) + b"noise")
    status, said = bring(stand, name)
    assert "5 bytes are in no whole frame; 1 frames are whole" in said and status == 1
    done = on_unit("cpython", stand / "settings.txt", "confirm", stand / "stick/8.answers")
    assert done[0] == 1 and "answer 1" in done[1] and acknowledged(stand / "journal.bin") == 0


def test_a_journal_that_a_terminal_is_writing_is_exported_and_not_confirmed(stand):
    flash = open_flash(str(stand / "journal.bin"), 16)
    assert stick("export", stand / "settings.txt", stand / "stick")[0] == 0
    status, said = on_unit("cpython", stand / "settings.txt", "confirm", stand / "settings.txt")
    flash.close()
    assert status == 2 and "in use" in said


def test_what_is_no_journal_and_no_file_of_frames_is_said(tmp_path):
    (tmp_path / "journal.bin").write_bytes(b"x" * 100)
    with pytest.raises(FormatError):
        journal_copy(tmp_path / "journal.bin")
    (tmp_path / "noise").write_bytes(b"FT" * 500)
    found = list(frames_of(tmp_path / "noise"))
    assert [one.frame for one in found] == [b""] and "1000 bytes" in found[0].fault


def test_a_file_that_cannot_be_finished_does_not_stand_under_its_name(tmp_path):
    with pytest.raises(OSError), written(tmp_path / "answers") as file:
        file.write(b"half")
        raise OSError(28, "no room")
    assert not (tmp_path / "answers").exists()
