# SPDX-License-Identifier: Apache-2.0
"""Targets of signed uploads: messages behind good tags, and a terminal's end that is lied to."""

import binascii

from firmware.errors import LinkLost
from firmware.formats import batch, messages, session_key
from firmware.formats.session_key import Key
from firmware.signed_upload import SignedUpload
from tests.fuzz.choices import Choices
from tests.fuzz.dialogues import Shelf
from tests.fuzz.parsers import REFUSED, parsed
from tests.hand_clock import HandClock

KEY = Key(bytes(32))
KINDS = [kind for kind, _ in messages.TABLES]
NONCE = bytes(range(16))
SESSION = bytes(6) + NONCE
UP, DOWN = session_key.session_keys(KEY, 7, SESSION, NONCE)


def read_signed(data):
    """What opens seals to the same bytes; fields behind a good tag, which no fuzzer guesses."""
    choices = Choices(data)
    kind, fields = choices.one_of((*KINDS, choices.byte())), choices.rest()[:4000]
    parsed(messages.addressed, fields)
    parsed(messages.unseal, fields, KEY)
    head = batch.header(
        messages.VERSION, kind, len(fields) + session_key.TAG_BYTES, batch.FRAME_LIMIT
    )
    frame = messages.closed(head + fields, KEY.tag(head + fields))
    found = parsed(messages.unseal, frame, KEY)
    if found is not REFUSED:
        assert messages.seal(*found, KEY) == frame
        assert messages.addressed(frame)[:2] == (kind, found[1]["terminal_id"])
    wrong = messages.closed(head + fields, bytes(session_key.TAG_BYTES))
    assert parsed(messages.unseal, wrong, KEY) is REFUSED


class SignedShelf(Shelf):
    """A shelf that knows what it gives out next."""

    @property
    def next(self):
        return len(self.records) + 1


def answer_lies(data):
    """SignedUpload moves its journal by what is signed, and answers this very request, alone."""
    choices = Choices(data)
    shelf = SignedShelf(choices.below(20))
    unit = SignedUpload(
        shelf, 7, KEY, HandClock(), lambda count: NONCE[:count], unsigned=bool(choices.below(2))
    )
    steps = unit.steps()
    request, said = None, [(b"", b"", 0)]
    try:
        wanted = next(steps)
        for _ in range(300):
            request = wanted or request
            before = shelf.acknowledged
            answer, upto = _answer(choices, request, said)
            try:
                wanted = steps.send(answer)
            finally:
                assert shelf.acknowledged == max(before, upto)
        raise AssertionError("no end")
    except (StopIteration, LinkLost):
        pass


def _answer(choices, request, said):
    """(a frame, the number that it rightly acknowledges or 0)."""
    if request[2] != messages.VERSION:  # it thinks that nobody knows better
        return choices.take(choices.byte()), 0
    how = choices.below(10)
    right, upto = _right(request, choices)
    if how == 0:
        return choices.take(choices.byte()), 0
    if how == 1:
        return batch.pack_ack(7, batch.crc_of(request), choices.byte()), 0
    if how == 2:
        code = choices.one_of([code for code, _ in batch.REJECT_NAMES])
        return batch.pack_reject(choices.one_of((0, 7, 8)), code, 0, "no"), 0
    if how == 3:
        asked, again, upto = choices.one_of(said)  # late, and right where it is to this request
        return again, upto if asked == messages.tag_of(request) else 0
    said.append((messages.tag_of(request), right, upto))
    if how == 4:
        at, bits = choices.byte() % (len(right) - batch.CRC_BYTES), choices.byte() or 1
        wrong = right[:at] + bytes([right[at] ^ bits]) + right[at + 1 : -batch.CRC_BYTES]
        return wrong + (binascii.crc32(wrong) & 0xFFFFFFFF).to_bytes(4, "big"), 0
    return right, upto


def _right(request, choices):
    """The signed answer, a refusal now and then."""
    kind = request[3]
    values = {"terminal_id": 7, "request": messages.tag_of(request)}
    if kind == messages.HELLO:
        values |= {"session": SESSION, "nonce": NONCE, "time_utc_s": 1}
        return messages.seal(messages.WELCOME, values, DOWN), 0
    if choices.below(16) == 1:
        code = choices.one_of([code for code, _ in batch.REJECT_NAMES])
        values |= {"code": code, "expected": choices.byte(), "text": "no"}
        return messages.seal(batch.REJECT, values, DOWN), 0
    if kind == messages.STATUS:
        values |= {"time_utc_s": 1, "upto": 0, "gaps": [], "files": []}
        return messages.seal(messages.STANDING, values, DOWN), 0
    assert kind == batch.BATCH
    items = messages.unseal(request, UP)[1]["items"]
    first, last = items[0][0], items[-1][0]
    upto = choices.one_of((last, first, choices.byte()))
    values |= {"first": first, "last": last, "upto": upto}
    return messages.seal(batch.ACK, values, DOWN), upto if first <= upto <= last else 0
