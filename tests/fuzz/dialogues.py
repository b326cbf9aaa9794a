# SPDX-License-Identifier: Apache-2.0
"""Targets with another end that is not a card: the PN532 on its line, the collector on its link.

A target takes any bytes and returns None; an AssertionError, or any other exception, is a finding.
"""

from firmware.errors import LinkLost
from firmware.formats import batch
from firmware.reader import frame, targets
from firmware.reader.bus import Hsu
from firmware.reader.pn532 import Pn532
from firmware.upload import IDLE, TALKING, WAITING, Uploader, upload
from tests.fuzz.choices import Choices
from tests.fuzz.parsers import REFUSED, parsed
from tests.reader.scripted import Line

MOST_WAIT_MS = 60_000  # of one call: ANSWER_MS, its repetition, and what a long frame takes
MOST_READS = 20_000


# --- PN532 --------------------------------------------------------------------------------------


def read_frames(data):
    """FrameReader: the same events however the bytes are cut, what it keeps is bounded."""
    choices = Choices(data)
    sizes, stream = choices.take(4), choices.rest()
    whole, pieces = frame.FrameReader(), frame.FrameReader()
    expected = whole.feed(stream)
    events, at, turn = [], 0, 0
    while at < len(stream):
        count = 1 + sizes[turn % 4] % 64
        events += pieces.feed(stream[at : at + count])
        assert pieces.missing() >= 1
        at, turn = at + count, turn + 1
    assert events == expected
    for kind, payload in events:
        assert kind in ("ack", "nack", "error", "damaged", "frame")
        assert len(payload) <= frame.LONGEST and bool(payload) == (kind == "frame")
        if kind == "frame":
            assert frame.FrameReader().feed(frame.encode(payload)) == [(kind, payload)]
    while pieces.started():
        pieces.abandon()
    assert pieces.feed(frame.ACK)[-1:] == [("ack", b"")]


def read_targets(data):
    """Answers of InListPassiveTarget, and the ATS inside."""
    choices = Choices(data)
    kind, answer = "AB"[choices.below(2)], choices.rest()
    found = parsed(targets.read_targets, answer, kind)
    if found is REFUSED:
        parsed(targets.read_ats, answer)
        return
    assert len(found) == answer[0]
    for one in found:
        assert one.kind == kind and len(one.uid) in (4, 7, 10)
        parsed(targets.read_ats, one.ats)


class Babble:
    """The chip's end of a Line: answers that are good, bent or noise, as the bytes say."""

    def __init__(self, choices):
        self.choices = choices
        self.code = 0

    def __call__(self, data, baud):
        if data[:3] != b"\x00\x00\xff" or len(data) < 8:
            self.code = self.code if data == frame.NACK else 0
        else:
            self.code = data[6] if data[5] == 0xD4 else data[9]
        if not self.choices.left():
            return []
        how = self.choices.below(8)
        payload = bytes([0xD5, self.code + 1 & 0xFF]) + self.choices.take(self.choices.byte())
        answer = frame.encode(payload)
        if how == 1:
            answer = answer[:-2] + bytes([answer[-2] ^ 0x55, 0])
        elif how == 2:
            answer = answer[: self.choices.byte()]
        elif how == 3:
            return [(1, payload)]
        elif how == 4:
            return [(1, frame.ACK)]
        elif how == 5:
            return [(0, answer), (1, frame.ACK), (2, answer)]
        elif how == 6:
            return [(1, frame.ACK), (1, frame.ERROR)]
        elif how == 7:
            return [(1, frame.ACK), (self.choices.byte() * 100, answer)]
        return [(1, frame.ACK), (2, answer)]


def talk_to_chip(data):
    """Commands, polls, APDUs with a chip that may say anything: LinkLost or a result, in time."""
    choices = Choices(data)
    calls = choices.take(4)
    line = Line(Babble(choices))
    chip = Pn532(Hsu(line, line.clock), line.clock)
    for call in calls:
        began_us, writes = line.clock.now_us, len(line.writes)
        try:
            _call(chip, call)
        except LinkLost as lost:
            assert str(lost)
        assert line.clock.now_us - began_us <= MOST_WAIT_MS * 1000
        assert len(line.writes) - writes <= 400


def _call(chip, call):
    if call % 5 == 0:
        chip.command(0x02, b"", 50)
    elif call % 5 == 1:
        for card in chip.find(100):
            answer = card.exchange(b"\x00\xb2\x01\x0c\x00", lambda: False)
            assert 2 <= len(answer) <= 4096 + 262
    elif call % 5 == 2:
        chip.open()
        assert len(chip.version) == 4
    elif call % 5 == 3:
        assert chip.recover() in (True, False)
    else:
        chip.reset_field()


# --- upload -------------------------------------------------------------------------------------


def read_messages(data):
    """Frames of upload in a stream of bytes; what is unsealed seals to the same bytes."""
    choices = Choices(data)
    sizes, stream = choices.take(4), choices.rest()
    reader, frames, at, turn = batch.FrameReader(), [], 0, 0
    while at < len(stream):
        count = 1 + sizes[turn % 4]
        frames += reader.feed(stream[at : at + count])
        assert reader.held() <= batch.FRAME_LIMIT and reader.wanted() >= 1
        at, turn = at + count, turn + 1
    frames += reader.stale()
    assert frames == _frames_in(stream)
    for one in frames:
        found = parsed(batch.unseal, one)
        if found is not REFUSED:
            assert batch.seal(*found) == one
    # the payload behind a right CRC, which no fuzzer guesses
    sealed = (
        batch.MAGIC + bytes([1, sizes[0] % 5]) + len(stream[:4084]).to_bytes(2) + stream[:4084]
    )
    sealed += batch._crc(sealed).to_bytes(4)
    found = parsed(batch.unseal, sealed)
    if found is not REFUSED:
        assert batch.seal(*found) == sealed


def _frames_in(stream):
    """Whole frames from left to right, the plain way."""
    found, at = [], 0
    while at < len(stream):
        size = int.from_bytes(stream[at + 4 : at + 6]) + 10
        if size <= batch.FRAME_LIMIT and batch.whole(stream[at : at + size]):
            found.append(stream[at : at + size])
            at += size
        else:
            at += 1
    return found


class Shelf:
    """What an upload wants of a journal, in memory: `records` are (sequence, bytes)."""

    def __init__(self, count):
        self.records = [(number, bytes([number]) * 40) for number in range(1, count + 1)]
        self.acknowledged = 0

    def unsent(self, limit_bytes, limit_count, first=0):
        first = first or self.acknowledged + 1
        return [one for one in self.records if one[0] >= first][:limit_count]

    def waiting(self):
        return len(self.records) - self.acknowledged

    def acknowledge(self, upto):
        assert 0 < upto <= len(self.records)
        self.acknowledged = max(self.acknowledged, upto)  # it never goes back


def _answer(choices, request):
    """What a collector, or somebody else, says to a batch; and the number it has on disk."""
    kind, values = batch.unseal(request)
    assert kind == batch.BATCH
    first, last = values["items"][0][0], values["items"][-1][0]
    how = choices.below(8)
    if how == 0:
        return choices.take(choices.byte()), 0
    terminal = 7 if how != 1 else choices.byte()
    crc = batch.crc_of(request) if how != 2 else choices.byte()
    if how == 3:
        code, text = choices.below(9), "x" * choices.byte()
        return batch.pack_reject(choices.one_of((0, 7, 8)), code, 0, text), 0
    upto = last if how < 6 else choices.byte()
    good = terminal == 7 and crc == batch.crc_of(request) and first <= upto <= last
    answer = batch.pack_ack(terminal, crc, upto)
    if how == 7:
        answer = bytes([*answer[:-1], answer[-1] ^ choices.byte()])
        good = good and batch.whole(answer)
    return answer, upto if good else 0


def send_batches(data):
    """upload() moves the journal by what this terminal's batch was acknowledged for alone."""
    choices = Choices(data)
    shelf = Shelf(choices.below(30))
    steps = upload(shelf, 7)
    try:
        request = next(steps)
        for _ in range(200):
            before = shelf.acknowledged
            answer, upto = _answer(choices, request)
            try:
                request = steps.send(answer)
            finally:
                assert shelf.acknowledged == max(before, upto)
        raise AssertionError("no end")
    except (StopIteration, LinkLost):
        pass
    _upload_when_idle(choices)


def _upload_when_idle(choices):
    shelf, line = Shelf(5), _LinkOf(choices)
    uploader = Uploader(shelf, 7, line.opened, line, lambda count: choices.take(count))
    for _ in range(60):
        line.now += 500 * choices.below(20)
        assert uploader.step() in (IDLE, TALKING, WAITING)
    assert shelf.acknowledged <= line.allowed


class _LinkOf:
    """A link whose other end is the fuzzer; also the clock."""

    def __init__(self, choices):
        self.choices = choices
        self.now = 0
        self.request, self.out = None, b""
        self.allowed = 0

    def opened(self):
        if self.choices.below(4) == 3:
            raise LinkLost("no way")
        return self

    def send(self, request):
        self.request = request

    def poll(self):
        how = self.choices.below(4)
        if how == 0 or self.request is None:
            return None
        if how == 1:
            raise LinkLost("gone")
        answer, upto = _answer(self.choices, self.request)
        self.allowed = max(self.allowed, upto)
        return answer

    def close(self):
        self.request = None

    def ticks_ms(self):
        return self.now

    def ticks_diff(self, later, earlier):
        return later - earlier
