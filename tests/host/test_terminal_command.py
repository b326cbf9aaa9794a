# SPDX-License-Identifier: Apache-2.0
"""`faretap terminal` against `faretap pn532`: a card is read, and its recording replays."""

import time

import pytest

from firmware.formats import session
from tests.host.console import PATIENCE_S, RUNTIMES, faretap, started, stopped


def wait_for(path):
    end = time.monotonic() + PATIENCE_S
    while not (path.exists() and written(path)) and time.monotonic() < end:
        time.sleep(0.05)
    assert path.exists() and written(path), f"{path.name} did not come"


def written(path):
    return path.is_char_device() or path.stat().st_size > 0


@pytest.fixture
def wallet(tmp_path):
    assert faretap("card", "new", "--wallet", tmp_path / "wallet").returncode == 0
    text = faretap("card", "parameters", "--wallet", tmp_path / "wallet").stdout
    (tmp_path / "parameters.txt").write_text(text)
    return tmp_path


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_recorded_tap_replays(runtime, wallet):
    line, recorded = wallet / "pn532", wallet / "first.session"
    chip = started("pn532", "--no-pace", "--card", wallet / "wallet/adult-1.json", "--link", line)
    wait_for(line)
    terminal = started(
        "terminal", "--reader", f"serial:{line}", "--parameters", wallet / "parameters.txt",
        "--journal", wallet / "journal.bin", "--runtime", runtime, "--record", recorded,
    )  # fmt: skip
    wait_for(recorded)
    said, status = stopped(terminal)
    stopped(chip)
    assert status == 0
    assert "Paid 2.00, balance" in said
    kept = session.parse(recorded.read_text(), recorded.name)
    assert kept.expected("outcome") == "approved"
    done = faretap("replay", "--runtime", "cpython", recorded)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_masked_recording_holds_no_card_number(wallet):
    line, recorded = wallet / "pn532", wallet / "first.session"
    chip = started("pn532", "--no-pace", "--card", wallet / "wallet/adult-1.json", "--link", line)
    wait_for(line)
    terminal = started(
        "terminal", "--reader", f"serial:{line}", "--parameters", wallet / "parameters.txt",
        "--journal", wallet / "journal.bin", "--record", recorded, "--mask-pan",
    )  # fmt: skip
    wait_for(recorded)
    stopped(terminal)
    stopped(chip)
    listed = faretap("card", "show", "--wallet", wallet / "wallet", "adult-1").stdout
    assert "622800" in listed and "******" in listed
    assert "6228000100000" not in recorded.read_text()


def test_no_reader_is_said_in_words(wallet):
    done = faretap(
        "terminal", "--reader", "serial:/dev/nothing-there", "--parameters",
        wallet / "parameters.txt", "--journal", wallet / "journal.bin",
    )  # fmt: skip
    assert done.returncode == 2
    assert "nothing-there" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_a_bad_parameter_file_is_refused_with_its_line(wallet):
    path = wallet / "odd.txt"
    path.write_text("version: 1\nfare_fen: two\n")
    done = faretap("terminal", "--reader", "serial:/dev/null", "--parameters", path)
    assert done.returncode == 2
    assert "fare_fen" in done.stderr
