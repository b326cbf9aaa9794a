# SPDX-License-Identifier: Apache-2.0
"""A journal's storage in words: the entries of the flash image as they lie, torn ones marked.

Reads the layout that firmware/journal/ring.py documents, from the bytes alone: a second opinion on
a file, which says nothing of what the device would make of it. An entry begins on a page.
"""

import binascii
import hmac
from collections.abc import Iterator

from firmware.errors import FormatError
from firmware.formats import fields, pending
from firmware.journal import delta
from host_tools.decode_batch import explain_record, field_words
from host_tools.decode_values import Row

PAGE_BYTES = 256
HEAD_BYTES = 18
MAGIC, VERSION = b"FJ", 2
KIND_NAMES = ("BLOCK", "OPEN", "SETTLE", "RECORD", "CURSOR", "ANSWER", "PACK")
BLOCK, OPEN, SETTLE, RECORD, CURSOR, ANSWER, PACK = range(1, 8)
PACK_HEAD, ROW_HEAD, LINK = 21, 6, 8  # firmware/journal/archive.py
MOST_BYTES = 1 << 14
KINDS = dict(enumerate(KIND_NAMES, 1))


def begins_entry(data: bytes, at: int) -> bool:
    return data[at : at + 2] == MAGIC and data[at + 3 : at + 4] == bytes((VERSION,))


def is_journal(data: bytes) -> bool:
    """True when whole pages, one of which begins an entry."""
    pages = range(0, len(data), PAGE_BYTES)
    return len(data) % PAGE_BYTES == 0 and any(begins_entry(data, at) for at in pages)


def explain_journal(data: bytes, depth: int = 0) -> Iterator[Row]:
    """Every entry, then how many pages are erased. FormatError when nothing here is a journal."""
    if not is_journal(data):
        raise FormatError("journal: no page of %d bytes begins with an entry" % PAGE_BYTES)
    at = erased = 0
    templates: dict[int, bytes] = {}
    while at < len(data):
        page = data[at : at + PAGE_BYTES]
        if page == b"\xff" * PAGE_BYTES:
            erased += 1
            at += PAGE_BYTES
        elif begins_entry(data, at):
            at += yield from entry_rows(data, at, depth, templates)
        else:
            yield Row(depth, "@%d" % at, page[:16], "unreadable page", "torn or foreign")
            at += PAGE_BYTES
    yield Row(depth, "FF", b"", "%d erased pages" % erased, "")


def entry_rows(data: bytes, at: int, depth: int, templates: dict[int, bytes]):
    """Rows of the entry at `at`; returns the bytes it takes, whole pages.

    templates: of the blocks seen so far, by generation.
    """
    head = data[at : at + HEAD_BYTES]
    kind, generation = head[2], int.from_bytes(head[4:8], "big")
    sequence, length = int.from_bytes(head[8:12], "big"), int.from_bytes(head[12:14], "big")
    taken = -(-(HEAD_BYTES + length) // PAGE_BYTES) * PAGE_BYTES
    body = data[at + HEAD_BYTES : at + HEAD_BYTES + length]
    if binascii.crc32(head[:14] + body) != int.from_bytes(head[14:18], "big"):
        yield Row(depth, "@%d" % at, head, "torn entry", "CRC-32 wrong, passed over")
        return taken
    name = KINDS.get(kind, "kind %d" % kind)
    code = name if kind == BLOCK else "%s #%d" % (name, sequence)
    yield Row(depth, code, b"", "at %d" % at, "generation %d" % generation)
    if kind == PACK:
        yield from pack_rows(body, generation, depth + 1, templates)
    else:
        yield from body_rows(kind, sequence, body, depth + 1)
    return taken


def body_rows(kind: int, sequence: int, body: bytes, depth: int) -> Iterator[Row]:
    """What an entry holds; a body that is not of its format is shown as bytes."""
    if kind == BLOCK and len(body) == 9:
        acknowledged = int.from_bytes(body[:4], "big")
        words = "next #%d, acknowledged #%d" % (sequence, acknowledged)
        yield Row(depth, "head", body, words, "block before ends at page %d" % body[4])
    elif kind == CURSOR:
        yield Row(depth, "upto", body, "acknowledged by the collector", "#%d" % sequence)
    elif kind == ANSWER:
        yield Row(depth, "record", body, "last record of the AFL", "as the card answered it")
    else:
        try:
            yield from list(
                pending_rows(body, depth) if kind == OPEN else explain_record(body, depth)
            )
        except FormatError as wrong:
            yield Row(depth, "data", body, "body", "not readable: %s" % wrong)


def pack_rows(body: bytes, generation: int, depth: int, templates: dict[int, bytes]):
    """The records of a pack; the first one of a block is the template of the others."""
    where = "%d, page %d" % (int.from_bytes(body[:4], "big"), body[4])
    yield Row(depth, "upto", body[:5], "packed up to generation " + where, "")
    yield Row(depth, "link", body[PACK_HEAD - LINK : PACK_HEAD], "chain", "")
    for sequence, record in opened(body, generation, templates):
        if record is None:
            yield Row(depth, "#%d" % sequence, b"", "not readable", "its template is lost")
        else:
            yield Row(depth, "#%d" % sequence, b"", "%d bytes" % len(record), "")
            yield from body_rows(RECORD, sequence, record, depth + 1)


def opened(body: bytes, generation: int, templates: dict[int, bytes]):
    """Yield (sequence, record or None) of a pack's body; notes the template of the block."""
    at = PACK_HEAD
    while at + ROW_HEAD <= len(body):
        sequence = int.from_bytes(body[at : at + 4], "big")
        form, length = divmod(int.from_bytes(body[at + 4 : at + 6], "big"), MOST_BYTES)
        coded = body[at + ROW_HEAD : at + ROW_HEAD + length]
        at += ROW_HEAD + length
        template = templates.get(generation, b"") if form == 2 else b""
        try:
            record = delta.decode(coded, template, MOST_BYTES) if form else coded
        except FormatError:
            record = None
        if record is not None:
            templates.setdefault(generation, record)
        yield sequence, record


def chain_faults(data: bytes, key: bytes, algorithm: str = "sha256") -> tuple[int, list[str]]:
    """(records whose link holds, sentences about what does not): the keyed chain of the archive.

    The oldest link that is still there begins the chain. FormatError when this is no journal.
    """
    if not is_journal(data):
        raise FormatError("journal: no page of %d bytes begins with an entry" % PAGE_BYTES)
    packs, templates, before, good, faults = [], {}, None, 0, []
    for at in range(0, len(data), PAGE_BYTES):
        head = data[at : at + HEAD_BYTES]
        if not begins_entry(data, at) or head[2] != PACK:
            continue
        body = data[at + HEAD_BYTES : at + HEAD_BYTES + int.from_bytes(head[12:14], "big")]
        if binascii.crc32(head[:14] + body) == int.from_bytes(head[14:18], "big"):
            packs.append((int.from_bytes(head[4:8], "big"), at, body))
    for generation, _, body in sorted(packs):
        previous, link = body[5 : 5 + LINK], body[5 + LINK : PACK_HEAD]
        rows = list(opened(body, generation, templates))
        numbers = "%d to %d" % (rows[0][0], rows[-1][0]) if rows else "none"
        if before is not None and before != previous:
            faults.append("before the records %s something is missing, or was put in" % numbers)
        made = hmac.new(key, previous, algorithm)
        for sequence, record in rows:
            told = record or b""
            made.update(sequence.to_bytes(4, "big") + len(told).to_bytes(2, "big") + told)
        if not hmac.compare_digest(made.digest()[:LINK], link):
            faults.append("the records %s are not those that were written" % numbers)
        else:
            good += len(rows)
        before = link
    return good, faults


def pending_rows(body: bytes, depth: int) -> Iterator[Row]:
    """A pending entry: 4 bytes of the journal's own, then formats/pending.py."""
    values = pending.unpack(body[4:])
    table = pending.table_of(values["version"])
    empty = fields.blank(table)
    for name, _ in table:
        value = values[name]
        if name == "records":
            for sfi, number, data in value:
                yield Row(depth, "record", data, "SFI %d record %d" % (sfi, number), "")
        elif value != empty[name]:
            raw = value if isinstance(value, bytes) and name != "pan" else b""
            yield Row(depth, name, raw, "", field_words(name, value))
