# SPDX-License-Identifier: Apache-2.0
"""Signed upload frames in words (formats/messages.py), their tags held against a key if there is
one.

Keys of a session come from its WELCOME, so a file that begins behind it is read, and its tags are
not checked.
"""

import hashlib
from collections.abc import Callable, Iterator

from firmware.errors import FormatError
from firmware.formats import batch, fields, messages, session_key, status
from firmware.formats.session_key import NO_SESSION, Key
from host_tools.decode_values import Row

HASHES: tuple[Callable, ...] = (hashlib.sha256, lambda: hashlib.new("sm3"))
DOWN = (batch.ACK, batch.REJECT, batch.TIME, messages.WELCOME, messages.STANDING, messages.PIECE)


class Tags:
    """What a tag is worth. `key`: the terminal's, b"" where nobody has it."""

    def __init__(self, key: bytes = b""):
        self._keys = [Key(key, one) for one in HASHES] if key else []
        self._nonces: dict[bytes, bytes] = {}  # session -> the collector's nonce
        self._asked: dict[bytes, bytes] = {}  # tag of a request -> its session

    def word(self, frame: bytes, values: dict) -> str:
        """The tag of a frame in words."""
        if frame[3] == messages.WELCOME:
            self._nonces[values["session"]] = values["nonce"]
            self._asked[values["request"]] = values["session"]
        elif "session" in values:
            self._asked[messages.tag_of(frame)] = values["session"]
        if not self._keys:
            return "tag not checked: no --key"
        found = [one for key in self._keys for one in self._possible(key, frame, values)]
        if not found:
            return "tag not checked: its WELCOME is not here"
        signed, tag = messages.signed_part(frame), messages.tag_of(frame)
        good = any(session_key.same(one.tag(signed), tag) for one in found)
        return "tag right" if good else "tag WRONG"

    def _possible(self, key: Key, frame: bytes, values: dict) -> list[Key]:
        terminal, kind = values["terminal_id"], frame[3]
        if kind == messages.HELLO:
            return [session_key.hello_key(key, terminal)]
        session = values.get("session") or self._asked.get(values.get("request", b""))
        if session is None:
            return []
        if session == NO_SESSION:
            return [session_key.file_keys(key, terminal)[kind in DOWN]]
        if session not in self._nonces:
            return []
        nonce = self._nonces[session]
        return [session_key.session_keys(key, terminal, session, nonce)[kind in DOWN]]


def explain_signed(frame: bytes, tags: Tags) -> tuple[str, str, dict]:
    """(kind, what its tag is worth, fields) of a whole frame of version 2; FormatError."""
    kind, _, _ = messages.addressed(frame)
    values = messages.fields_of(frame)
    return dict(messages.KIND_NAMES)[kind], tags.word(frame, values), values


def value_rows(name: str, value: object, depth: int) -> Iterator[Row]:
    """A field of a signed message that has a form of its own; nothing for all others."""
    if name == "session" and isinstance(value, bytes):
        words = "of a file" if value == NO_SESSION else "opened at %d ms" % _moment(value)
        yield Row(depth, name, value, words, "")
    elif name == "status" and isinstance(value, bytes) and value:
        yield Row(depth, name, b"", "%d bytes" % len(value), "")
        try:
            said = fields.unpack(status.STATUS_V1, value)
        except FormatError as wrong:
            yield Row(depth + 1, "unreadable", value, str(wrong), "")
            return
        for one, inside in said.items():
            yield Row(depth + 1, one, inside if isinstance(inside, bytes) else b"", "", _w(inside))
    elif isinstance(value, bytes):
        yield Row(depth, name, value, "%d bytes" % len(value), "")
    elif isinstance(value, list):
        for row in value:
            yield Row(depth, name, b"", " ".join(_w(cell) for cell in row), "")


def _moment(session: bytes) -> int:
    return int.from_bytes(session[:6], "big")


def _w(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else "%s" % (value,)
