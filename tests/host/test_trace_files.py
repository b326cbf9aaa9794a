# SPDX-License-Identifier: Apache-2.0
"""Traces and captures as the commands write them: a replay, the virtual chip, a terminal."""

import pytest

from host_tools import capture, trace
from host_tools.air import APDU, FROM_CARD, TO_CARD
from host_tools.cli.runtime import runtime_command
from host_tools.cli.terminal import settings_text
from host_tools.frames import body_of
from host_tools.trace import Frame, Note
from host_tools.trace_files import TraceFiles
from sim.chip import Chip
from sim.field import Field
from sim.process import FirmwareProcess
from sim.replaying import until
from sim.serve import PtyServer
from sim.tracing import EventTrace, LineTrace
from tests.host.console import faretap
from tests.host.line_frames import MASKED, PAN

SESSION = "sim/sessions/pboc-approved-v01.session"
PPSE = "00a404000e325041592e5359532e444446303100"


def entries_of(path):
    return list(trace.read(path.read_text(encoding="utf-8"), str(path)))


def apdus_of(path):
    """(event, APDU) of every chain of I-blocks in a capture."""
    packets = list(capture.read(path.read_bytes(), str(path)))
    assert all(one.time_us > 0 for one in packets)
    apdus, inf = [], ""
    for one in packets:
        if one.comment == APDU and one.octets[0] & 0xE2 == 0x02:
            inf += one.octets[1:-2].hex()
            if not one.octets[0] & 0x10:
                apdus.append((one.event, inf))
                inf = ""
    return apdus


@pytest.mark.parametrize("mask", [True, False])
def test_a_replay_should_be_written_down(mask, tmp_path):
    """PS-22, QT-033: every frame with its time, the APDUs in the capture, card numbers masked
    unless they are asked for in clear.
    """
    line, air = tmp_path / "tap.trace", tmp_path / "tap.pcapng"
    options = [] if mask else ["--no-mask"]
    done = faretap(
        "replay", "--runtime", "cpython", "--trace", line, "--pcap", air, *options, SESSION
    )
    assert done.returncode == 0, done.stderr
    entries = entries_of(line)
    frames = [one for one in entries if isinstance(one, Frame)]
    commands = [one for one in frames if one.way == ">" and body_of(one.octets)[1:2] == b"\x40"]
    answers = [one for one in frames if one.way == "<" and body_of(one.octets)[1:2] == b"\x41"]
    assert len(commands) == len(answers) == 9
    assert frames[0].at_us == 0 and frames[-1].at_us > frames[0].at_us
    apdus = apdus_of(air)
    assert [event for event, _ in apdus] == [TO_CARD, FROM_CARD] * 9
    assert apdus[0][1] == PPSE and apdus[4][1].startswith("80a80000")
    assert [inf[:4] for event, inf in apdus[6::2]] == ["00b2"] * 6
    text = "".join(one.octets.hex() for one in frames) + "".join(inf for _, inf in apdus)
    assert (PAN in text, MASKED in text) == (not mask, mask)
    notes = {one.name for one in entries if isinstance(one, Note)}
    assert notes >= {"began", "line", "model", "tap", "work"}


def test_a_replay_should_be_traced_under_micropython_too(tmp_path):
    if runtime_command("micropython").note:
        pytest.skip("no MicroPython for this machine")
    line = tmp_path / "tap.trace"
    done = faretap("replay", "--trace", line, SESSION)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        sum(
            body_of(one.octets)[1:2] == b"\x41"
            for one in entries_of(line)
            if isinstance(one, Frame)
        )
        == 9
    )


def test_two_sessions_should_not_go_into_one_trace(tmp_path):
    done = faretap("replay", "--trace", tmp_path / "x", SESSION, SESSION)
    assert done.returncode == 2 and "one session" in done.stderr and not (tmp_path / "x").exists()


def test_a_path_that_cannot_be_written_should_be_said(tmp_path):
    done = faretap("replay", "--trace", tmp_path / "no" / "x", SESSION)
    assert done.returncode == 2 and "No such file" in done.stderr


def test_a_virtual_chip_should_write_down_what_a_terminal_does_to_it(tmp_path):
    """PS-22: both ends of one pty, the chip's trace and the terminal's, have the same frames."""
    (tmp_path / "parameters.txt").write_text("version: 1\nfare_fen: 200\n")
    line, far = tmp_path / "chip.trace", tmp_path / "terminal.trace"
    chip = Chip(Field())
    with (
        TraceFiles(line, None, True, "virtual chip") as files,
        PtyServer(chip, trace=LineTrace(files, chip)) as server,
        TraceFiles(far, None, True, "terminal") as others,
    ):
        settings = tmp_path / "settings.txt"
        settings.write_text(
            settings_text(
                tmp_path / "parameters.txt", "frames", f"serial:{server.path}", "bus",
                tmp_path / "journal.bin", "none", 1, 921600, 0,
            )
        )  # fmt: skip
        with FirmwareProcess(
            *runtime_command("cpython")[:3], "firmware.main", settings
        ) as firmware:
            events = EventTrace(others)
            for event in until(firmware, "ready"):
                events.take(event)
    near = [one[1:] for one in entries_of(line) if isinstance(one, Frame)]
    told = [one[1:] for one in entries_of(far) if isinstance(one, Frame)]
    assert told and near[: len(told)] == told
    bauds = [one.values["baud"] for one in entries_of(line) if getattr(one, "name", "") == "line"]
    assert bauds == ["115200", "921600"]
