# SPDX-License-Identifier: Apache-2.0
"""`faretap terminal` against `faretap pn532`: a card is read, and its recording replays."""

import time

import pytest

from firmware.formats import session
from host_tools import tap_times, trace
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


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_tap_can_be_written_down_at_both_ends(runtime, wallet):
    """PS-22: terminal and virtual chip as processes; both traces hold the same tap, no number."""
    line, near, far = wallet / "pn532", wallet / "chip.trace", wallet / "terminal.trace"
    air, recorded = wallet / "air.pcapng", wallet / "first.session"
    chip = started(
        "pn532", "--no-pace", "--card", wallet / "wallet/adult-1.json", "--link", line,
        "--trace", near,
    )  # fmt: skip
    wait_for(line)
    terminal = started(
        "terminal", "--reader", f"serial:{line}", "--parameters", wallet / "parameters.txt",
        "--journal", wallet / "journal.bin", "--runtime", runtime, "--record", recorded,
        "--trace", far, "--pcap", air,
    )  # fmt: skip
    wait_for(recorded)
    assert stopped(terminal)[1] == 0
    stopped(chip)
    kept = session.parse(recorded.read_text(), recorded.name)
    wanted = [one.command for one in kept.presentations[0]]
    for path in (near, far):
        entries = list(trace.read(path.read_text(), path.name))
        first = tap_times.taps(entries)[0]
        assert [row.c_apdu for row in first.rows if row.c_apdu] == wanted
        pan = pan_of(kept)
        assert pan not in path.read_text() and pan not in air.read_bytes().hex()
    shown = faretap("decode", air)
    assert shown.returncode == 0 and shown.stdout.count("C-APDU") >= len(wanted)


def pan_of(kept):
    """The card number in track 2 of a recording that is not masked."""
    answers = b"".join(one.answer for one in kept.presentations[0])
    at = answers.index(b"\x57\x11") + 2
    return answers[at : at + 8].hex()


def test_another_drivers_object_shows_no_frames(tmp_path):
    (tmp_path / "parameters.txt").write_text("version: 1\nfare_fen: 200\n")
    done = faretap(
        "terminal", "--reader", "adafruit:serial:/dev/null", "--trace", tmp_path / "x",
        "--parameters", tmp_path / "parameters.txt",
    )  # fmt: skip
    assert done.returncode == 2 and "show no frames" in done.stderr
    assert not (tmp_path / "x").exists()
