# SPDX-License-Identifier: Apache-2.0
"""Files that terminals may be offered: checked as a terminal checks them, then kept in pieces.

    register(ledger, data, authority, note)     FormatError: no terminal would take it
    listed(ledger)                              what is registered
    piece(ledger, kind, version, at, count)     bytes of one, for FETCH

A number is a file for ever: other bytes need another one, because terminals tell files of a kind
apart by their numbers alone. Nothing here signs; the key stays where files are made (TD-020).
"""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

import sqlalchemy as sa

from firmware.errors import FormatError
from firmware.fares import card_sums, engine, layout
from firmware.formats import allow_list, deny_list, parameters, seal, signed, status
from host_tools import release_files
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.schema_fleet import CHUNK_BYTES, FILES, PIECES
from host_tools.signing import Bytes

MOST_BYTES = 64 * 1024 * 1024
NOTE_MOST = 200


class File(NamedTuple):
    """A registered file. kind: a word of FILE_KINDS; base: of deny-changes the full list, of
    firmware the mark of its board, else 0.
    """

    kind: str
    version: int
    size: int
    sha256: bytes
    base: int
    effective: str
    note: str
    registered_utc_s: int


class Found(NamedTuple):
    """What a file says of itself."""

    kind: int
    version: int
    base: int
    effective: str


def kind_number(word: str) -> int:
    """Number of a word of FILE_KINDS; FormatError that names them all."""
    for number, name in status.FILE_KINDS:
        if name == word:
            return number
    names = ", ".join(name for _, name in status.FILE_KINDS)
    raise FormatError(f"{word} is no kind of file: {names}")


def check(data: bytes, authority: signed.Authority) -> Found:
    """What a file is. FormatError where a terminal with this authority would not take it."""
    if len(data) > MOST_BYTES:
        raise FormatError(f"a file of {len(data):,} bytes, at most {MOST_BYTES:,}")
    if data[: len(signed.MAGIC)] != signed.MAGIC:
        return _parameters(data, authority)
    head, payload = signed.opened(Bytes(data), authority, tuple(PAYLOADS))
    base = PAYLOADS[head.kind](head, payload)
    return Found(head.kind, head.number, base, head.effective)


def register(ledger: Ledger, data: bytes, authority: signed.Authority, note: str = "") -> File:
    """Keep a file; again, nothing changes. FormatError: wrong, or its number is taken."""
    found = check(data, authority)
    row = {
        "kind": found.kind, "version": found.version, "size": len(data),
        "sha256": hashlib.sha256(data).digest(), "base": found.base,
        "effective": found.effective, "note": note[:NOTE_MOST],
        "registered_utc_s": int(ledger.time_utc_s()),
    }  # fmt: skip
    keys = {"kind": found.kind, "version": found.version}
    with ledger.sitting() as sitting:
        kept = sa.select(FILES).where(*_is(found.kind, found.version))
        if sitting.connection.execute(kept).first() is None:
            sitting.connection.execute(sa.insert(FILES).values(row))
            pieces = [
                keys | {"piece": at // CHUNK_BYTES, "data": data[at : at + CHUNK_BYTES]}
                for at in range(0, len(data), CHUNK_BYTES)
            ]
            sitting.connection.execute(sa.insert(PIECES), pieces)
        one = _file(sitting.connection.execute(kept).one())
    if one.sha256 != row["sha256"]:
        raise FormatError(
            f"{one.kind} {one.version} is registered with other bytes: sign it under a new number"
        )
    return one


def listed(ledger: Ledger) -> list[File]:
    """All that is registered, the newest of a kind first."""
    asked = sa.select(FILES).order_by(FILES.c.kind, FILES.c.version.desc())
    with ledger.engine.connect() as connection:
        return [_file(one) for one in connection.execute(asked)]


def piece(ledger: Ledger, kind: int, version: int, at: int, count: int) -> bytes:
    """Up to `count` bytes from place `at`, b"" behind the end; LookupError: no such file."""
    first, last = at // CHUNK_BYTES, (at + max(count, 1) - 1) // CHUNK_BYTES
    here = (PIECES.c.kind == kind, PIECES.c.version == version)
    asked = sa.select(PIECES.c.data).where(*here, PIECES.c.piece.between(first, last))
    with ledger.engine.connect() as connection:
        chunks = connection.execute(asked.order_by(PIECES.c.piece)).scalars().all()
        if not chunks and connection.execute(sa.select(FILES.c.size).where(*_is(kind, version))
                                             ).first() is None:  # fmt: skip
            raise LookupError(f"no file {kind} {version}")
    whole = b"".join(bytes(one) for one in chunks)
    return whole[at - first * CHUNK_BYTES :][:count]


def _is(kind: int, version: int) -> tuple:
    return FILES.c.kind == kind, FILES.c.version == version


def _file(row: sa.Row) -> File:
    kind = status.name_of(status.FILE_KINDS, row.kind)
    return File(
        kind, row.version, row.size, bytes(row.sha256), row.base, row.effective, row.note,
        row.registered_utc_s,
    )  # fmt: skip


def _parameters(data: bytes, authority: signed.Authority) -> Found:
    if not authority.rsa:
        raise FormatError("parameters are sealed by an RSA key: give that authority")
    try:
        text = data.decode()
    except UnicodeError as wrong:
        raise FormatError("neither a signed file nor a text") from wrong
    body = seal.opened(text, authority.rsa)
    parameters.parse(body)
    return Found(status.PARAMETERS, seal.version(body), 0, seal.effective(body).replace(" ", ""))


def _deny(head: signed.Head, payload: signed.Part) -> int:
    one = deny_list.DenyFile(payload)
    for _ in one.checked():
        pass
    if (head.kind == signed.DENY_DELTA) != bool(one.base):
        raise FormatError("a full list with a base, or changes without one")
    return one.base


def _fares(head: signed.Head, payload: signed.Part) -> int:
    if head.format != layout.LAYOUT:
        raise FormatError(f"fare table of layout {head.format}, {layout.LAYOUT} is known")
    _same_number(head, engine.Fares(payload).version)
    return 0


def _allow(head: signed.Head, payload: signed.Part) -> int:
    _same_number(head, allow_list.AllowList(payload).version)
    return 0


def _sums(head: signed.Head, payload: signed.Part) -> int:
    if head.format != card_sums.VERSION:
        raise FormatError(f"card sums of layout {head.format}, {card_sums.VERSION} is known")
    for _ in card_sums.CardSums(payload).checked():
        pass
    return 0


def _firmware(head: signed.Head, payload: signed.Part) -> int:
    return release_files.board_mark(release_files.whole(head, payload)["board"])


def _same_number(head: signed.Head, inside: int) -> None:
    if inside != head.number:
        raise FormatError(f"signed as {head.number}, and {inside} inside")


PAYLOADS: dict[int, Callable[[signed.Head, signed.Part], int]] = {
    signed.FARES: _fares,
    signed.DENY_LIST: _deny,
    signed.DENY_DELTA: _deny,
    signed.ALLOW_LIST: _allow,
    signed.CARD_SUMS: _sums,
    signed.FIRMWARE: _firmware,
}
