# SPDX-License-Identifier: Apache-2.0
"""PN532 frames in a few words, and what they carry (UM0701-02, 6.2.1).

A second reading of the grammar of firmware/reader/frame.py, which no tool of the host imports.
"""

from host_tools.decode_frame import COMMANDS, FROM_CHIP, STATUSES, TO_CHIP, WITH_STATUS

ACK = bytes.fromhex("0000ff00ff00")
NACK = bytes.fromhex("0000ffff0000")
ERROR = bytes.fromhex("0000ff01ff7f8100")
SIGNS = {ACK: "ACK", NACK: "NACK", ERROR: "error frame", b"": "damaged"}
STATUS_BITS, MORE = 0x3F, 0x40


def body_of(frame: bytes) -> bytes:
    """TFI, code and data of a whole frame in normal form; nothing for signs and what is none."""
    if frame[:3] != b"\x00\x00\xff":
        return b""
    head = frame[3:8]
    if head[:2] == b"\xff\xff" and len(head) == 5:
        count, sums, begin = int.from_bytes(head[2:4], "big"), sum(head[2:5]), 8
    else:
        count, sums, begin = frame[3] if len(frame) > 3 else 0, sum(frame[3:5]), 5
    body = frame[begin : begin + count]
    whole = len(frame) == begin + count + 2 and not frame[-1]
    if not whole or sums & 0xFF or sum(body) + frame[-2] & 0xFF:
        return b""
    return body if len(body) >= 2 and body[0] in (TO_CHIP, FROM_CHIP) else b""


def framed(body: bytes) -> bytes:
    """The frame of a body."""
    count = len(body)
    if count < 256:
        head = bytes((count, -count & 0xFF))
    else:
        high, low = divmod(count, 256)
        head = bytes((0xFF, 0xFF, high, low, -(high + low) & 0xFF))
    return b"\x00\x00\xff" + head + body + bytes((-sum(body) & 0xFF, 0))


def words_of(frame: bytes) -> str:
    """What a frame is, for a reader of a trace."""
    if frame in SIGNS:
        return SIGNS[frame]
    body = body_of(frame)
    if not body:
        return "no frame"
    answer = body[0] == FROM_CHIP
    code = body[1] - answer
    name = COMMANDS.get(code, "command %02X" % code)
    if not answer:
        return name
    status = body[2] & STATUS_BITS if code in WITH_STATUS and len(body) > 2 else 0
    failed = ": " + STATUSES.get(status, "status %02X" % status) if status else ""
    return name + " answer" + failed
