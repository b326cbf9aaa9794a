# SPDX-License-Identifier: Apache-2.0
"""Upload frames and fare records in words (formats/batch.py, formats/record.py).

Field names and kinds are those of the format's own tables: a new field needs no change here.
"""

import datetime
from collections.abc import Iterator

from firmware.errors import FormatError
from firmware.formats import batch, messages, record
from host_tools.decode_signed import Tags, explain_signed, value_rows
from host_tools.decode_values import Row, yuan

KIND_NAMES = dict(messages.KIND_NAMES)


def explain_batch(data: bytes, depth: int = 0, key: bytes = b"") -> Iterator[Row]:
    """Every frame in a file or stream of them. FormatError at the first that is not whole.

    key: of the terminal, so that tags can be checked.
    """
    tags = Tags(key)
    at = 0
    while at < len(data):
        frame = data[at : at + frame_bytes(data, at)]
        if not batch.whole(frame):
            raise FormatError("batch: frame at %d is cut off or its CRC is wrong" % at)
        words = "CRC-32 %08X right" % batch.crc_of(frame)
        if frame[2] == messages.VERSION:
            name, tag, values = explain_signed(frame, tags)
            words += ", " + tag
        else:
            kind, values = batch.unseal(frame)
            name = KIND_NAMES[kind]
        yield Row(depth, name, frame[: batch.HEADER_BYTES], "upload frame", words)
        yield from message_rows(values, depth + 1)
        at += len(frame)


def frame_bytes(data: bytes, at: int) -> int:
    """Length of the frame at `at` by its head. FormatError where none begins."""
    head = data[at : at + batch.HEADER_BYTES]
    if head[:2] != batch.MAGIC or len(head) < batch.HEADER_BYTES:
        raise FormatError("batch: no frame at %d, it begins with FT and a head of 6 bytes" % at)
    return batch.HEADER_BYTES + int.from_bytes(head[4:6], "big") + batch.CRC_BYTES


def message_rows(values: dict, depth: int) -> Iterator[Row]:
    for name, value in values.items():
        if name == "items":
            for sequence, packed in value:
                yield from item_rows(sequence, packed, depth)
        elif name == "code":
            yield Row(depth, name, b"", batch.reject_name(value), "%d" % value)
        elif isinstance(value, (bytes, list)):
            yield from value_rows(name, value, depth)
        else:
            shown = "%08X" % value if name == "batch_crc" else "%s" % value
            yield Row(depth, name, b"", shown, "")


def item_rows(sequence: int, packed: bytes, depth: int) -> Iterator[Row]:
    if not packed:
        yield Row(
            depth, "#%d" % sequence, b"", "lost", "the number was given out, its record is gone"
        )
        return
    yield Row(depth, "#%d" % sequence, b"", "record", "%d bytes" % len(packed))
    yield from explain_record(packed, depth + 1)


def explain_record(data: bytes, depth: int = 0) -> Iterator[Row]:
    """One fare record, field by field in the order of its table; empty fields are left out."""
    values = record.unpack(data)
    table = dict(record.TABLES)[values["version"]]
    for name, _ in table:
        value = values[name]
        if value in ("", b"", 0, bytes(8)) and name not in ("amount_fen", "kind"):
            continue
        raw = value if isinstance(value, bytes) and name != "pan" else b""
        yield Row(depth, name, raw, "", field_words(name, value))


def field_words(name: str, value: object) -> str:
    """A record's field for people; the PAN masked (CL-016)."""
    if name == "pan" and isinstance(value, bytes):
        return record.mask_pan(value)
    if isinstance(value, bytes):
        return ""
    if name == "kind" and isinstance(value, int):
        return record.kind_name(value)
    if name.endswith("_fen") and isinstance(value, int):
        return "not known" if value == record.UNKNOWN_FEN else yuan(value)
    if name == "time_utc_s" and isinstance(value, int):
        return datetime.datetime.fromtimestamp(value, datetime.UTC).isoformat()
    return "%s" % value
