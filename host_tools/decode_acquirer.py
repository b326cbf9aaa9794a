# SPDX-License-Identifier: Apache-2.0
"""Messages between a ledger and an acquirer in words: frame, fields, chip data (clearing.md 4-8).

Card numbers and tracks are masked, PIN blocks and wrapped keys are not shown at all (CL-016).
"""

from collections.abc import Callable, Iterator

from firmware.errors import FormatError
from firmware.formats.record import mask_pan
from host_tools.acquirer import answers, keys
from host_tools.acquirer.fields import BY_NUMBER
from host_tools.acquirer.message import (
    HEADER_BYTES,
    LENGTH_BYTES,
    TPDU_BYTES,
    FrameReader,
    Message,
    unpack,
)
from host_tools.decode_values import Row, printable, yuan

MESSAGES = {
    "0200": "sale, offline upload", "0210": "answer to a sale", "0320": "batch upload",
    "0330": "answer to a batch upload", "0400": "reversal", "0410": "answer to a reversal",
    "0500": "settlement", "0510": "answer to a settlement", "0800": "sign-on or download",
    "0810": "answer to a sign-on", "0820": "sign-off or echo", "0830": "answer to 0820",
}  # fmt: skip
TYPES = {"00": "management", "22": "sale", "27": "offline refund", "36": "offline chip sale"}
NETWORK = {
    "000": "none", "001": "sign-on, DES", "003": "sign-on, double DES",
    "004": "sign-on, track key", "002": "sign-off", "201": "batch end, balanced",
    "202": "batch end, not balanced",
    "203": "chip sale of a balanced batch", "205": "chip sale of a batch not balanced",
    "207": "batch end after its chip sales", "301": "echo",
}  # fmt: skip
ENTRY = {"05": "contact chip", "07": "contactless chip"}
BALANCE = {"0": "nothing told", "1": "balanced", "2": "not balanced", "3": "error"}
SECRET = (35, 36, 52)
FRAME_LEAST = 23
HIDDEN_TAGS = ("57", "5A", "9F6B")


def is_message(data: bytes) -> bool:
    """True where a frame begins whose TPDU and header are those of a terminal."""
    if len(data) < FRAME_LEAST or not FRAME_LEAST <= 2 + int.from_bytes(data[:2], "big") <= len(
        data
    ):
        return False
    return data[2] == 0x60 and data[7] in (0x60, 0x61) and data[13:15].hex() in MESSAGES


def explain_acquirer(data: bytes, explain_tlv: Callable, depth: int = 0) -> Iterator[Row]:
    """Every frame of a stream of them. FormatError at the first that is not whole."""
    reader = FrameReader()
    frames = reader.feed(data)
    for frame in frames:
        yield from _explain_one(frame, explain_tlv, depth)
    if sum(map(len, frames)) < len(data):
        raise FormatError("acquirer: the last frame is cut off")


def _explain_one(frame: bytes, explain_tlv: Callable, depth: int) -> Iterator[Row]:
    found = unpack(frame)
    head = LENGTH_BYTES + TPDU_BYTES
    yield Row(depth, "TPDU", frame[LENGTH_BYTES:head], "addresses", "to %s" % found.tpdu[2:6])
    yield Row(depth, "HEAD", frame[head : head + HEADER_BYTES], "header", "")
    name = MESSAGES.get(found.mti, "unknown message")
    yield Row(depth, found.mti, b"", "message type", name)
    for number, text in found.fields.items():
        yield _row(found, number, text, depth + 1)
        if number == 55:
            yield from _chip(bytes.fromhex(text), explain_tlv, depth + 2)


def _row(found: Message, number: int, text: str, depth: int) -> Row:
    one = BY_NUMBER[number]
    raw = bytes.fromhex(text) if one.kind == "b" and number != 55 and number not in SECRET else b""
    if number == 62 and found.mti == "0810":
        raw = b""
    words = WORDS.get(number, _text if one.kind != "b" else _nothing)(found, text)
    return Row(depth, "%d" % number, raw, one.name, words)


def _chip(data: bytes, explain_tlv: Callable, depth: int) -> Iterator[Row]:
    try:
        rows = list(explain_tlv(data, depth))
    except FormatError as wrong:
        yield Row(depth, "data", b"", "chip data", "not TLV: %s" % wrong)
        return
    yield from (row._replace(value=b"") if row.code in HIDDEN_TAGS else row for row in rows)


def _card(_: Message, text: str) -> str:
    return mask_pan(bytes.fromhex(text + "F" * (len(text) % 2)))


def _told(_: Message, text: str) -> str:
    """Field 48 of a settlement: debits and credits, of the country and of others."""
    if len(text) != 62:
        return text
    parts = []
    for name, part in (("CNY", text[:31]), ("others", text[31:])):
        debit = "%d debits of %s yuan" % (int(part[12:15]), yuan(int(part[:12])))
        credit = "%d credits of %s yuan" % (int(part[27:30]), yuan(int(part[15:27])))
        parts.append("%s: %s, %s, %s" % (name, debit, credit, BALANCE.get(part[30], "?")))
    return "; ".join(parts)


def _purpose(_: Message, text: str) -> str:
    kind = TYPES.get(text[:2], "type " + text[:2])
    network = NETWORK.get(text[8:11], text[8:11])
    return "%s, batch %s, network code %s" % (kind, text[2:8], network)


def _brought(found: Message, text: str) -> str:
    """Field 62: wrapped keys are named by their check values, the rest is text."""
    layout = keys.LAYOUTS.get(found.text(60)[8:11])
    if found.mti != "0810":
        return printable(bytes.fromhex(text))
    size, names = layout or (0, ())
    if not layout or len(text) != 2 * len(names) * (size + keys.CHECK_BYTES):
        return "%d bytes, not shown" % (len(text) // 2)
    step = 2 * (size + keys.CHECK_BYTES)
    checks = [text[at + 2 * size : at + step] for at in range(0, len(text), step)]
    told = ["%s check value %s" % pair for pair in zip(names, checks, strict=True)]
    return "wrapped keys: " + ", ".join(told)


def _text(_: Message, text: str) -> str:
    """Chinese or ASCII; what steers a screen is not let through."""
    said = text.encode("latin-1").decode("gb18030", "replace")
    return "".join(one if one.isprintable() else "." for one in said)


def _nothing(_: Message, text: str) -> str:
    return ""


def _hidden(_: Message, text: str) -> str:
    return "not shown"


WORDS: dict[int, Callable[[Message, str], str]] = {
    2: _card,
    4: lambda _, text: yuan(int(text)) + " yuan",
    22: lambda _, text: "%s, %s" % (text, ENTRY.get(text[:2], "other")),
    35: _hidden,
    36: _hidden,
    39: lambda _, text: "%s, %s" % (text, answers.words(text)),
    48: _told,
    52: _hidden,
    60: _purpose,
    62: _brought,
    44: _text,
    63: _text,
}
