# SPDX-License-Identifier: Apache-2.0
"""The console as a user meets it: help with examples, exit status, faults without traceback."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from firmware.errors import ChipError, FormatError, JournalFull, LinkLost
from host_tools.cli import VERSION, main
from host_tools.cli.runtime import find_program, portable_sources, runtime_command

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = dict(main.command_files())


def run(*arguments, **options):
    """The finished process of `faretap ARGUMENTS`."""
    return subprocess.run(
        [sys.executable, "-m", "host_tools.cli.main", *arguments],
        capture_output=True,
        text=True,
        cwd=options.pop("cwd", ROOT),
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
        timeout=60,
        check=False,
        **options,
    )


def test_help_should_list_every_command_and_import_none():
    text = run("--help").stdout
    for name, words in COMMANDS.items():
        assert name in text and words, name
    seen = "import sys; from host_tools.cli import main; main.main(['--help'])"
    code = "import atexit, sys; atexit.register(lambda: print(sorted(sys.modules)));" + seen
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    for heavy in ("sqlalchemy", "rich", "cryptography", "host_tools.decode'"):
        assert heavy not in done.stdout, heavy


@pytest.mark.parametrize("name", COMMANDS)
def test_help_should_show_examples(name):
    done = run(name, "--help")
    assert done.returncode == 0, done.stderr
    assert "Examples:" in done.stdout
    assert "faretap " + name in done.stdout.partition("Examples:")[2]


def test_command_file_should_be_enough_for_a_command(tmp_path):
    (tmp_path / "two_words.py").write_text('"""Do a thing."""\ncommand = 1\n')
    (tmp_path / "part.py").write_text('"""No command in here."""\nother = 1\n')
    assert list(main.command_files(tmp_path)) == [("two-words", "Do a thing")]


def test_version_should_be_told():
    assert VERSION in run("--version").stdout


def test_unknown_command_should_be_named():
    done = run("nonsense")
    assert done.returncode == 2 and "nonsense" in done.stderr


def test_decode_should_explain():
    done = run("decode", "9F36", "02", "0005")
    assert done.returncode == 0 and "ATC" in done.stdout
    done = run("decode", "--as", "ttq", "28000080")
    assert "offline only" in done.stdout


def test_decode_should_read_files_and_pipes(tmp_path):
    text, binary = tmp_path / "hex.txt", tmp_path / "bytes.bin"
    text.write_text("6A 82\n")
    binary.write_bytes(b"\x6a\x82")
    for done in (
        run("decode", str(text)),
        run("decode", str(binary)),
        run("decode", "-", input="6A82"),
    ):
        assert done.returncode == 0 and "not found" in done.stdout, done


def test_faults_should_end_in_a_sentence():
    cases = (
        (("decode", "9G"), "digit 2"),
        (("decode", "6F05"), "cannot tell"),
        (("decode", "--as", "tlv", "9F36020005" + "5A"), "length cut off"),
        (("decode", "no/such.session"), "No such file"),
    )
    for arguments, words in cases:
        done = run(*arguments)
        assert done.returncode == 2, arguments
        assert words in done.stderr and "Traceback" not in done.stderr, done.stderr
        assert done.stderr.startswith("faretap: ") and done.stderr.count("\n") == 2


def test_decode_should_show_what_is_right_before_the_fault():
    done = run("decode", "0000ff02fed4022b00")
    assert done.returncode == 2
    assert "GetFirmwareVersion" in done.stdout and "should be 2A" in done.stderr


def test_every_fault_should_have_advice():
    faults = (
        FormatError("x"),
        LinkLost("x"),
        ChipError("x", 1),
        JournalFull("x"),
        OSError(errno.ENOENT, "no", "file"),
        OSError("without number"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"),
        LinkLost("the terminal has ended:\n  MemoryError: memory allocation failed"),
    )
    for fault in faults:
        assert main.describe(fault) and main.advice(fault).endswith((".", "USER")), fault


def test_runtime_should_refuse_an_unknown_interpreter():
    with pytest.raises(FormatError):
        runtime_command("jython")


def test_cpython_should_run_the_firmware():
    check_runtime("cpython")


@pytest.mark.skipif(not find_program("micropython"), reason="no MicroPython for this machine")
def test_micropython_should_run_compiled_firmware():
    assert check_runtime("micropython").endswith(".mpy")


def check_runtime(name):
    """Start a script the way commands do; returns where it loaded the firmware from."""
    runtime = runtime_command(name)
    assert runtime.note == ""
    script = "import sys, firmware.errors as e; print(sys.implementation.name, e.__file__)"
    done = subprocess.run(
        [*runtime.argv, "-c", script],
        env=runtime.env,
        cwd=runtime.cwd,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    interpreter, _, where = done.stdout.strip().partition(" ")
    assert interpreter == name
    return where


def test_missing_micropython_should_be_said(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", "/nowhere/python3")
    runtime = runtime_command("micropython")
    assert runtime.argv == ["/nowhere/python3"] and "CPython" in runtime.note


def test_portable_sources_should_be_the_firmware():
    found = {path.relative_to(ROOT).as_posix() for path in portable_sources()}
    assert "firmware/drive.py" in found and not any(one.startswith("host_tools") for one in found)
