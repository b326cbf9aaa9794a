# SPDX-License-Identifier: Apache-2.0
"""Bytes of the field explained for people: what they are, and every part of them in words.

`explain(data, kind)` yields Rows (host_tools/decode_values.py); `detect(data)` names the kind
where the bytes show it. KINDS lists what `kind` may be. Malformed input: the rows up to the
fault, then FormatError saying where and why. Pure: no file, no terminal.
"""

from collections.abc import Callable, Iterator

from firmware.errors import FormatError
from firmware.formats import session
from firmware.kernel import dol, tlv
from host_tools import capture, decode_frame, trace
from host_tools.decode_acquirer import explain_acquirer, is_message
from host_tools.decode_batch import explain_batch, explain_record
from host_tools.decode_capture import explain_capture
from host_tools.decode_journal import explain_journal, is_journal
from host_tools.decode_loads import explain_loads
from host_tools.decode_names import INSTRUCTIONS, STATUS_WORDS, TAGS
from host_tools.decode_trace import explain_trace
from host_tools.decode_values import Row, meaning_of, parts_of, printable, tag_name

HEADER_BYTES = 4
CLASSES = (0x00, 0x80, 0x84)
FRAME_LEAD = 32  # bytes of wake-up and preamble before the first start code, at most


def explain_tlv(data: bytes, depth: int = 0) -> Iterator[Row]:
    """BER-TLV objects, templates with their contents below them."""
    objects = tlv.parse(data)
    if not objects:
        raise FormatError("TLV: nothing but padding")
    yield from tlv_rows(objects, depth)


def tlv_rows(objects: list, depth: int) -> Iterator[Row]:
    for one in objects:
        name, kind = TAGS.get(one.tag, ("unknown tag", ""))
        code = "%X" % one.tag
        if one.children is not None:
            yield Row(depth, code, b"", name, "%d bytes" % len(one.value))
            yield from tlv_rows(one.children, depth + 1)
            continue
        yield Row(depth, code, one.value, name, meaning_of(kind, one.value))
        yield from parts_of(kind, one.value, depth + 1)


def status_word(sw: int) -> str:
    """What a status word says; families by their first byte."""
    if sw in STATUS_WORDS:
        return STATUS_WORDS[sw]
    low = sw & 0xFF
    if sw >> 8 == 0x61:
        return "%d more bytes, fetch with GET RESPONSE" % (low or 256)
    if sw >> 8 == 0x6C:
        return "wrong Le, should be %d" % (low or 256)
    if sw >> 4 == 0x63C:
        return "wrong, %d tries left" % (low & 0x0F)
    return "unknown status word"


def explain_r_apdu(data: bytes, depth: int = 0) -> Iterator[Row]:
    """A card's answer: TLV objects if its data are such, and the status word."""
    if len(data) < 2:
        raise FormatError("answer: %d bytes, a status word takes 2" % len(data))
    body, sw = data[:-2], int.from_bytes(data[-2:], "big")
    if body:
        try:
            yield from list(explain_tlv(body, depth))
        except FormatError as wrong:
            yield Row(depth, "data", body, "answer data", "not TLV: %s" % wrong)
    yield Row(depth, "SW", data[-2:], "status word", status_word(sw))


def split_c_apdu(data: bytes) -> tuple[bytes, bytes]:
    """(command data, Le byte or nothing) of a short command. FormatError when Lc does not fit."""
    if len(data) < HEADER_BYTES:
        raise FormatError("command: %d bytes, CLA INS P1 P2 take 4" % len(data))
    if len(data) <= 5:
        return b"", data[4:]
    count = data[4]
    body, le = data[5 : 5 + count], data[5 + count :]
    if not count or len(body) < count or len(le) > 1:
        raise FormatError("command: Lc at 4 says %d bytes, %d follow" % (count, len(data) - 5))
    return body, le


def explain_c_apdu(data: bytes, depth: int = 0, pdol: bytes = b"") -> Iterator[Row]:
    """A short command in words; `pdol`, when known, reads the data of GPO."""
    body, le = split_c_apdu(data)
    name = INSTRUCTIONS.get(data[1], "unknown instruction")
    yield Row(depth, "C-APDU", data[:4], name, header_words(data))
    if body:
        yield from command_data(data[1], body, depth + 1, pdol)
    if le:
        yield Row(depth + 1, "Le", le, "expected", "up to %d bytes" % (le[0] or 256))


def header_words(data: bytes) -> str:
    """What P1 and P2 ask for, for the instructions of this house."""
    ins, p1, p2 = data[1:4]
    if ins == 0xA4 and p1 == 0x04:
        return "by name, %s" % ("next occurrence" if p2 & 3 == 2 else "first occurrence")
    if ins == 0xB2 and p2 & 7 == 4:
        return "record %d of file SFI %d" % (p1, p2 >> 3)
    if ins == 0xB4:
        return "file SFI %d" % (p2 >> 3)
    if ins == 0xCA:
        tag = p1 << 8 | p2 if p1 else p2
        return "%X %s" % (tag, tag_name(tag))
    return ""


def command_data(ins: int, body: bytes, depth: int, pdol: bytes) -> Iterator[Row]:
    if ins == 0xA4:
        yield Row(depth, "data", body, "name", meaning_of("aid", body) or printable(body))
        return
    if ins == 0xA8:
        values = tlv.parse(body)
        if len(values) == 1 and values[0].tag == 0x83:
            yield Row(depth, "83", values[0].value, "values in the order of the PDOL", "")
            yield from listed_values(pdol, values[0].value, depth + 1)
            return
    yield Row(depth, "data", body, "command data", "")


def listed_values(pdol: bytes, values: bytes, depth: int) -> Iterator[Row]:
    """The values of a DOL by their tags; nothing where the list is not known or does not fit."""
    entries = dol.parse(pdol)
    if sum(length for _, length in entries) != len(values):
        return
    at = 0
    for tag, length in entries:
        name, kind = TAGS.get(tag, ("unknown tag", ""))
        value = values[at : at + length]
        yield Row(depth, "%X" % tag, value, name, meaning_of(kind, value))
        at += length


def explain_apdu(data: bytes, depth: int = 0) -> Iterator[Row]:
    """A command or an answer, whichever it can be."""
    yield from (explain_c_apdu if is_command(data) else explain_r_apdu)(data, depth)


def explain_frame(data: bytes, depth: int = 0) -> Iterator[Row]:
    yield from decode_frame.explain_frames(data, explain_apdu, depth)


def explain_session(data: bytes, depth: int = 0) -> Iterator[Row]:
    """A recorded card: every command and answer of its text."""
    recorded = session.parse(data.decode("utf-8", "replace"), "session")
    yield Row(depth, "name", b"", recorded.name, recorded.note)
    pdol = b""
    for number, presentation in enumerate(recorded.presentations, 1):
        yield Row(depth, "---", b"", "presentation %d" % number, "")
        for command, answer, card_ms in presentation:
            yield from explain_c_apdu(command, depth, pdol)
            took = "" if card_ms is None else "%d ms" % card_ms
            yield Row(depth, "R-APDU", b"", "answer" if answer else "no answer: card lost", took)
            if answer:
                rows = list(explain_r_apdu(answer, depth + 1))
                pdol = next((row.value for row in rows if row.code == "9F38"), pdol)
                yield from rows


def explain_value(kind: str) -> Callable[[bytes, int], Iterator[Row]]:
    """A decoder for the bare value of one tag of that kind."""

    def explain(data: bytes, depth: int = 0) -> Iterator[Row]:
        words = meaning_of(kind, data)
        if words.startswith("wrong form"):
            raise FormatError("%s: %s" % (kind, words))
        yield Row(depth, kind.upper(), data, VALUE_KINDS[kind], words)
        yield from parts_of(kind, data, depth + 1)

    return explain


# Bare values that `kind` can name, because their bytes alone do not say what they are.
VALUE_KINDS = {
    "afl": "application file locator, 94",
    "aip": "application interchange profile, 82",
    "auc": "application usage control, 9F07",
    "ctq": "card transaction qualifiers, 9F6C",
    "dol": "data object list",
    "iad": "issuer application data, 9F10",
    "track2": "track 2 equivalent, 57",
    "ttq": "terminal transaction qualifiers, 9F66",
    "tvr": "terminal verification results, 95",
}
KINDS: dict[str, Callable[[bytes, int], Iterator[Row]]] = {
    "acquirer": lambda data, depth: explain_acquirer(data, explain_tlv, depth),
    "apdu": explain_apdu,
    "batch": explain_batch,
    "c-apdu": explain_c_apdu,
    "capture": lambda data, depth: explain_capture(data, explain_c_apdu, explain_r_apdu, depth),
    "frame": explain_frame,
    "journal": explain_journal,
    "loads": explain_loads,
    "r-apdu": explain_r_apdu,
    "record": explain_record,
    "session": explain_session,
    "tlv": explain_tlv,
    "trace": lambda data, depth: explain_trace(data, explain_apdu, depth),
    **{kind: explain_value(kind) for kind in VALUE_KINDS},
}


def is_command(data: bytes) -> bool:
    """True for a well-formed command whose class and instruction this house knows."""
    try:
        split_c_apdu(data)
    except FormatError:
        return False
    return data[0] in CLASSES and data[1] in INSTRUCTIONS


def is_tlv(data: bytes) -> bool:
    """True when the bytes are objects whose first tag has a name."""
    try:
        objects = tlv.parse(data)
    except FormatError:
        return False
    return bool(objects) and objects[0].tag in TAGS


def is_answer(data: bytes) -> bool:
    """True for a status word with a meaning behind nothing or behind TLV."""
    if len(data) < 2 or status_word(int.from_bytes(data[-2:], "big")).startswith("unknown"):
        return False
    return len(data) == 2 or is_tlv(data[:-2])


def is_object_list(data: bytes) -> bool:
    """True for at least two entries, all of them named and primitive."""
    try:
        entries = dol.parse(data)
    except FormatError:
        return False
    return len(entries) > 1 and all(
        tag in TAGS and not tlv.is_constructed(tag) and length for tag, length in entries
    )


def is_frame(data: bytes) -> bool:
    """True when a start code stands behind nothing but wake-up bytes."""
    at = data.find(b"\x00\xff", 0, FRAME_LEAD)
    return at >= 0 and not data[:at].strip(b"\x00\x55") and len(data) >= at + 4


# The first that fits; an answer comes before TLV, because 9000 could be an empty object.
DETECTORS = (
    ("session", lambda data: data.startswith(session.FIRST_LINE.encode())),
    ("trace", trace.is_trace),
    ("capture", capture.is_capture),
    ("batch", lambda data: data.startswith(b"FT")),
    ("journal", is_journal),
    ("acquirer", is_message),
    ("frame", is_frame),
    ("c-apdu", is_command),
    ("r-apdu", is_answer),
    ("dol", is_object_list),
    ("tlv", is_tlv),
)


def detect(data: bytes) -> str:
    """The kind of these bytes. FormatError when nothing fits, with what to do."""
    for kind, fits in DETECTORS:
        if fits(data):
            return kind
    raise FormatError("cannot tell what these %d bytes are; say it: --as KIND" % len(data))


def explain(data: bytes, kind: str | None = None) -> Iterator[Row]:
    """Rows that explain `data`, as `kind` or as what it is seen to be."""
    if not data:
        raise FormatError("no bytes")
    yield from KINDS[kind or detect(data)](data, 0)


def parse_hex(text: str) -> bytes:
    """Bytes from hex as people write it, with blanks, colons, dashes, commas, 0x."""
    for mark in (":", "-", ",", "0x", "0X"):
        text = text.replace(mark, " ")
    digits = "".join(text.split())
    for at, one in enumerate(digits):
        if one not in "0123456789abcdefABCDEF":
            raise FormatError("hex: %r is no hex digit (digit %d)" % (one, at + 1))
    if len(digits) % 2:
        raise FormatError("hex: %d digits, a byte takes two" % len(digits))
    return bytes.fromhex(digits)
