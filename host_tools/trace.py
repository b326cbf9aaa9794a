# SPDX-License-Identifier: Apache-2.0
"""Traces of the line to the PN532 as text: a line a frame, with its time and what it is.

    faretap-trace 1
    # any words
        0.000000 = began utc=2026-11-21T10:15:00Z source=terminal
        0.000140 > 0000ff02fed4022a00  GetFirmwareVersion
        0.001020 < 0000ff00ff00  ACK

Seconds since the first line; ">" to the chip (when it was sent), "<" from it (when its last byte
had come), "=" a note of `name key=value ...` about what stands around it. A frame is written in
its normal form, as "-" when it came damaged; what stands behind two blanks is for people. Pure:
text and values, no file.
"""

from collections.abc import Iterator
from typing import NamedTuple

from firmware.errors import FormatError
from host_tools.frames import words_of

FIRST_LINE = "faretap-trace 1"
WAYS = (">", "<")
LONGEST_S = 10**9


class Frame(NamedTuple):
    """One frame; `octets` is empty for one that came damaged."""

    at_us: int
    way: str
    octets: bytes


class Note(NamedTuple):
    """What is known besides frames: began, line, work, model, tap."""

    at_us: int
    name: str
    values: dict[str, str]


def write_frame(frame: Frame) -> str:
    """The line of a frame."""
    octets = frame.octets.hex() or "-"
    return f"{seconds(frame.at_us)} {frame.way} {octets}  {words_of(frame.octets)}".rstrip()


def write_note(note: Note) -> str:
    """The line of a note; values lose their blanks."""
    pairs = " ".join(f"{key}={''.join(str(value).split())}" for key, value in note.values.items())
    return f"{seconds(note.at_us)} = {note.name} {pairs}".rstrip()


def seconds(at_us: int) -> str:
    return f"{at_us // 1000000:5d}.{at_us % 1000000:06d}"


def is_trace(data: bytes) -> bool:
    """Whether this begins as a trace does, of whatever version."""
    return data.startswith(FIRST_LINE.rpartition(" ")[0].encode())


def read(text: str, name: str = "trace") -> Iterator[Frame | Note]:
    """Everything in a trace. FormatError `name:LINE: why` where a line is none."""
    return (entry for _, entry in read_lines(text, name))


def read_lines(text: str, name: str = "trace") -> Iterator[tuple[int, Frame | Note]]:
    """The same with the numbers of the lines."""
    lines = text.split("\n")
    if lines[0].rstrip("\r") != FIRST_LINE:
        raise FormatError(f"{name}:1: does not begin with `{FIRST_LINE}`")
    last_us = 0
    for number, line in enumerate(lines[1:], 2):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            entry = _entry(line)
            if entry.at_us < last_us:
                raise ValueError("the time goes back")
        except ValueError as why:
            raise FormatError(f"{name}:{number}: {why}") from None
        last_us = entry.at_us
        yield number, entry


def _entry(line: str) -> Frame | Note:
    time, sign, rest = (line.split(None, 2) + ["", "", ""])[:3]
    at_us = _time(time)
    if sign == "=":
        return _note(at_us, rest.split())
    if sign not in WAYS:
        raise ValueError(f"`{sign[:8]}` is none of > < =")
    digits = rest.partition(" ")[0].strip()
    if digits == "-":
        return Frame(at_us, sign, b"")
    try:
        octets = bytes.fromhex(digits)
    except ValueError:
        raise ValueError("the frame is not hex") from None
    if not octets:
        raise ValueError("no frame")
    return Frame(at_us, sign, octets)


def _time(text: str) -> int:
    whole, point, part = text.partition(".")
    if not (point and len(part) == 6 and (whole + part).isascii() and (whole + part).isdigit()):
        raise ValueError(f"`{text[:24]}` is no time in seconds with six decimals")
    if len(whole) > 10 or int(whole) >= LONGEST_S:
        raise ValueError("a time beyond all years")
    return int(whole) * 1000000 + int(part)


def _note(at_us: int, words: list[str]) -> Note:
    if not words or "=" in words[0]:
        raise ValueError("a note without a name")
    pairs = [word.partition("=") for word in words[1:]]
    if any(not key or not sign for key, sign, _ in pairs):
        raise ValueError("a note says key=value")
    return Note(at_us, words[0], {key: value for key, _, value in pairs})
