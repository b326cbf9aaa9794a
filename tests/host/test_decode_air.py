# SPDX-License-Identifier: Apache-2.0
"""`decode` of traces and captures: named, explained, and broken ones refused with their place."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from firmware.errors import FormatError
from firmware.reader.iso_dep import IsoDepCard
from host_tools import capture, decode, trace
from host_tools.air import FROM_CARD, TO_CARD, Air
from host_tools.crc14443 import with_crc_a
from tests.host.chip_stand import RadioCard
from tests.host.console import faretap
from tests.host.line_frames import frames_of

FRAMES = frames_of(RadioCard())


def trace_of(frames):
    lines = [trace.write_frame(one._replace(at_us=one.at_us - frames[0].at_us)) for one in frames]
    return ("\n".join([trace.FIRST_LINE, "0.000000 = line baud=115200", *lines]) + "\n").encode()


def capture_of(frames):
    air = Air()
    packets = [one for frame in frames for one in air.take(frame)]
    return capture.header("c", "f") + b"".join(capture.packet(*one) for one in packets)


def words(data):
    return [f"{row.code} {row.name} {row.meaning}".strip() for row in decode.explain(data)]


def test_a_trace_should_be_explained_frame_by_frame():
    """PS-22: what decode makes of a trace names commands, cards and APDUs."""
    data = trace_of(FRAMES)
    assert decode.detect(data) == "trace"
    said = words(data)
    assert "0.000000 note, line baud=115200" in said
    assert any(one.endswith("to the chip InListPassiveTarget") for one in said)
    assert any(one.startswith("UID 7 bytes") for one in said)
    assert "C-APDU SELECT by name, first occurrence" in said
    assert not [one for one in said if one.startswith(("DCS", "LEN"))]


@pytest.mark.parametrize("own", [None, IsoDepCard])
def test_a_capture_should_be_explained_packet_by_packet(own):
    """PS-22: activation and APDUs of either engine, every CRC right."""
    data = capture_of(frames_of(RadioCard(), own_card=own))
    assert decode.detect(data) == "capture"
    said = words(data)
    for name in ("WUPA", "ATQA", "UID", "SAK", "RATS", "ATS", "I-block 0"):
        assert any(name in one for one in said), name
    assert "C-APDU SELECT by name, first occurrence" in said
    assert {one for one in said if one.startswith("CRC")} == {"CRC  right"}


def test_chained_blocks_should_be_one_apdu_and_a_wrong_crc_should_be_seen():
    packets = [
        (TO_CARD, with_crc_a(bytes.fromhex("1200a404"))),
        (FROM_CARD, with_crc_a(b"\xa2")),
        (TO_CARD, with_crc_a(bytes.fromhex("030000"))),
        (FROM_CARD, b"\x03\x90\x00\x00\x00"),
        (FROM_CARD, with_crc_a(b"\xf2\x01")),
        (TO_CARD, with_crc_a(b"\xc2")),
        (TO_CARD, with_crc_a(b"\xd0\x11\x05")),
        (FROM_CARD, with_crc_a(b"\xd0")),
        (TO_CARD, with_crc_a(b"\x50\x00")),
        (0x42, b"\x01"),
    ]
    data = capture.header("c", "f")
    for at, (event, octets) in enumerate(packets):
        data += capture.packet(at, event, octets)
    said = words(data)
    assert sum(one.startswith("C-APDU SELECT") for one in said) == 1
    assert sum(one == "CRC  wrong" for one in said) == 1
    for name in ("R(ACK) 0", "S(WTX)", "S(DESELECT)", "PPS", "HLTA", "event 42", "SW status word"):
        assert any(name in one for one in said), name


def test_the_command_should_name_file_and_place(tmp_path):
    """A broken file is one sentence with its name and the line or the offset, status 2."""
    line, air = tmp_path / "x.trace", tmp_path / "x.pcapng"
    good = trace_of(FRAMES).decode()
    count = good.count("\n")
    line.write_text(good + "9.000000 > 0000ff02fed4020000\n")
    done = faretap("decode", line)
    assert done.returncode == 2 and "InListPassiveTarget" in done.stdout
    assert f"{line}:{count + 1}: frame: DCS 00" in done.stderr and "Traceback" not in done.stderr
    air.write_bytes(capture_of(FRAMES)[:-3])
    done = faretap("decode", air)
    assert done.returncode == 2 and f"{air}: at " in done.stderr and "WUPA" in done.stdout


@given(some.data())
def test_bent_files_should_be_explained_or_refused(data):
    """Hostile files: rows, then FormatError, never another exception."""
    for good in (trace_of(FRAMES[-12:]), capture_of(FRAMES)):
        bent = bytearray(good)
        for _ in range(data.draw(some.integers(1, 4))):
            at = data.draw(some.integers(0, len(bent) - 1))
            bent[at : at + data.draw(some.integers(0, 3))] = data.draw(some.binary(max_size=3))
        kind = "trace" if good.startswith(b"faretap") else "capture"
        try:
            list(decode.explain(bytes(bent) or b"\x00", kind))
        except FormatError:
            pass


@given(some.lists(some.tuples(some.sampled_from((TO_CARD, FROM_CARD)), some.binary(max_size=12))))
def test_any_packets_should_be_explained(packets):
    data = capture.header("c", "f")
    for event, octets in packets:
        data += capture.packet(0, event, octets)
    list(decode.explain(data, "capture"))
