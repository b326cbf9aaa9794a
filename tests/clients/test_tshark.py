# SPDX-License-Identifier: Apache-2.0
"""Captures read by Wireshark itself, unmodified: no packet is malformed, and the APDUs stand in
them with their bytes.
"""

import os
import shutil
import subprocess

import pytest

from firmware.reader.iso_dep import IsoDepCard
from host_tools.air import APDU
from host_tools.frames import framed
from host_tools.trace import Frame
from host_tools.trace_files import TraceFiles
from tests.clients import clients
from tests.host.chip_stand import RadioCard
from tests.host.console import faretap
from tests.host.line_frames import PPSE, frames_of

TSHARK = shutil.which("tshark", path=os.environ.get("PATH", "") + ":/usr/bin:/usr/local/bin")
SESSION = "sim/sessions/pboc-approved-v01.session"
AID = "a000000333010101"


@pytest.fixture(autouse=True)
def listed():
    """Among the foreign programs that ran, or that did not (PS-28)."""
    if TSHARK is None:
        clients.ABSENT["tshark"] = "tshark is not installed"
        pytest.skip("tshark is not installed; tools/clients.sh installs it")
    run = subprocess.run([TSHARK, "--version"], capture_output=True, text=True, check=True)
    clients.RAN["tshark"] = " ".join(run.stdout.split()[:3])


def tshark(path, *fields):
    """Lines of a table of fields, as lists; INF decoded as ISO/IEC 7816."""
    wanted = [word for field in fields for word in ("-e", field)]
    command = [TSHARK, "-r", path, "-d", "iso14443.subdissector,iso7816", "-T", "fields", *wanted]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return [line.split("\t") for line in run.stdout.splitlines()]


def apdus_of(path):
    """The APDUs of a capture, put together again by Wireshark where they are chained."""
    command = [TSHARK, "-r", path, "-T", "fields", "-e", "data.data"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return [line for line in run.stdout.splitlines() if line]


def all_is_well(path):
    """Every packet is of ISO 14443, none malformed, and the CRCs that are there are good."""
    rows = tshark(
        path, "frame.protocols", "_ws.malformed", "iso14443.crc.status", "_ws.expert.severity"
    )
    assert rows and all(protocols.startswith("iso14443") for protocols, *_ in rows)
    assert [row for row in rows if row[1]] == []
    assert {status for _, _, status, _ in rows} <= {"", "1"}  # 1: good
    notes_only = {one for row in rows for one in row[3].split(",")}
    assert notes_only <= {"", "1048576"}, "expert infos beyond comments"


def test_tshark_should_decode_a_tap(tmp_path):
    """PS-22: SELECT PPSE, SELECT, GPO, READ RECORD with their bytes, and the activation."""
    path = tmp_path / "tap.pcapng"
    done = faretap("replay", "--runtime", "cpython", "--pcap", path, SESSION)
    assert done.returncode == 0, done.stderr
    all_is_well(path)
    infos = [info for (info,) in tshark(path, "_ws.col.Info")]
    for shown in ("Field on", "WUPA", "ATQA", "Select", "SAK", "RATS", "ATS"):
        assert any(shown in info for info in infos), (shown, infos)
    blocks = apdus_of(path)
    assert blocks[0] == PPSE.hex() and blocks[2] == "00a4040008" + AID + "00"
    assert blocks[4].startswith("80a8000023") and blocks[5].startswith("77")
    assert blocks[6::2] == [
        "00b20114" + "00",
        "00b2021400",
        "00b2031400",
        "00b2011c00",
        "00b2021c00",
        "00b2031c00",
    ]
    assert all(inf.endswith("9000") for inf in blocks[1::2])
    instructions = [ins for (ins,) in tshark(path, "iso7816.apdu.ins") if ins]
    # of CLA 00: Wireshark names no instruction of a proprietary class, such as GPO
    assert [int(ins, 16) for ins in instructions] == [0xA4, 0xA4] + [0xB2] * 6


@pytest.mark.parametrize("kind, own", [("A", None), ("B", None), ("A", IsoDepCard)])
def test_tshark_should_decode_either_engine_and_both_types(kind, own, tmp_path):
    """PS-22: I-blocks put together (engine A) and I-blocks that were sent (engine B)."""
    path = tmp_path / "air.pcapng"
    with TraceFiles(None, path, True, "test", began_s=0) as files:
        for at_us, way, octets in frames_of(RadioCard(kind=kind), own_card=own):
            files.frame(way, octets, at_us)
    all_is_well(path)
    assert apdus_of(path)[0] == PPSE.hex() and apdus_of(path)[1].endswith("9000")
    said = {comment for inf, comment in tshark(path, "iso14443.inf", "frame.comment") if inf}
    assert said == ({""} if own else {APDU})


def test_tshark_takes_every_s_block_to_have_one_byte(tmp_path):
    """Its own defect, kept in view: S(DESELECT) has no INF (ISO/IEC 14443-4, 7.1). A capture of
    nfc-list has some; our terminal deselects no card.
    """
    path = tmp_path / "air.pcapng"
    frames = frames_of(RadioCard())
    for octets in (bytes.fromhex("d44401"), bytes.fromhex("d54500")):
        frames.append(Frame(frames[-1].at_us, "><"[octets[0] & 1], framed(octets)))
    with TraceFiles(None, path, True, "test", began_s=0) as files:
        for at_us, way, octets in frames:
            files.frame(way, octets, at_us)
    rows = tshark(path, "_ws.malformed", "iso14443.pcb")
    assert {pcb for malformed, pcb in rows if malformed} == {"0xc2"}
