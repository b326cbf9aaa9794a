# SPDX-License-Identifier: Apache-2.0
"""Link over streams that are slow, silent, noisy and gone; no clock but the stream's own."""

from firmware.errors import LinkLost
from firmware.formats import batch
from firmware.link import Link

BATCH = batch.pack_batch(7, [(1, b"one"), (2, b"two" * 100)])
ACK = batch.pack_ack(7, batch.crc_of(BATCH), 2)
OTHER = batch.pack_ack(7, 1, 1)


class Clock:
    def __init__(self):
        self.now_ms = (1 << 30) - 50  # MicroPython's ticks wrap; only differences count

    def ticks_ms(self):
        return self.now_ms & ((1 << 30) - 1)

    def ticks_diff(self, later, earlier):
        return ((later - earlier + (1 << 29)) & ((1 << 30) - 1)) - (1 << 29)


class Stream:
    """The script is what comes after a write: bytes, or milliseconds of silence."""

    def __init__(self, clock, script, before=b""):
        self.clock = clock
        self.script = list(script)
        self.ready = before
        self.written = b""
        self.reads = 0
        self.closed = False

    def write(self, data):
        self.written += data

    def read(self, count, timeout_ms):
        self.reads += 1
        while self.written and self.script and len(self.ready) < count:
            if isinstance(self.script[0], bytes):
                self.ready += self.script.pop(0)
            elif timeout_ms == 0:
                break
            else:
                step = min(timeout_ms, self.script[0])
                self.clock.now_ms += step
                timeout_ms -= step
                self.script[0] -= step
                if self.script[0]:
                    break
                self.script.pop(0)
        if len(self.ready) < count:
            self.clock.now_ms += timeout_ms
        data = self.ready[:count]
        self.ready = self.ready[count:]
        return data

    def close(self):
        self.closed = True


class GoneStream(Stream):
    def write(self, data):
        raise LinkLost("the line is gone")


def link_over(script, before=b"", **how):
    clock = Clock()
    stream = Stream(clock, script, before)
    return Link(stream, clock, **how), stream


def lost(call):
    try:
        call()
    except LinkLost:
        return True
    return False


def test_exchange_returns_the_answer_in_any_pieces():
    for script in ([ACK], [ACK[:3], 40, ACK[3:]], [ACK[i : i + 1] for i in range(len(ACK))]):
        link, stream = link_over(script)
        assert link.exchange(BATCH) == ACK
        assert stream.written == BATCH


def test_exchange_finds_the_answer_behind_noise():
    link, _ = link_over([b"\x00\xffFT\x01", ACK[:5], 30, ACK * 20])
    assert link.exchange(BATCH) == ACK
    link, stream = link_over([BATCH[:-2], ACK])  # hidden in a frame that never ends
    began = stream.clock.now_ms
    assert link.exchange(BATCH) == ACK
    assert stream.clock.now_ms - began < 1100


def test_exchange_drops_what_came_before_it_spoke():
    link, _ = link_over([ACK], before=OTHER + OTHER[:7])
    assert link.exchange(BATCH) == ACK


def test_exchange_gives_up_in_time():
    for script in ([], [100000], [ACK[:-1]], [b"noise", 500, b"noise"]):
        link, stream = link_over(script, timeout_ms=1000)
        began = stream.clock.now_ms
        assert lost(lambda: link.exchange(BATCH))  # noqa: B023
        assert 1000 <= stream.clock.now_ms - began <= 1100


def test_exchange_gives_up_though_the_clock_stands_still():
    link, stream = link_over([], timeout_ms=1000)
    stream.clock.ticks_ms = lambda: 5
    assert lost(lambda: link.exchange(BATCH))
    assert stream.reads < 100


def test_exchange_does_spare_work_while_it_waits():
    link, stream = link_over([ACK])
    stream.script = [60, ACK]
    done = []

    def spare():
        done.append(1)
        return len(done) < 3

    assert link.exchange(BATCH, spare) == ACK
    assert len(done) >= 3


def test_a_line_that_is_gone_is_a_lost_link():
    clock = Clock()
    link = Link(GoneStream(clock, []), clock)
    assert lost(lambda: link.exchange(BATCH))
    assert lost(lambda: link.send(BATCH))


def test_send_and_poll_never_wait():
    link, stream = link_over([30, ACK], chunk=50)
    began = stream.clock.now_ms
    link.send(BATCH)
    sizes = [len(stream.written)]
    for _ in range(20):
        assert link.poll() is None
        sizes.append(len(stream.written))
    assert stream.clock.now_ms == began  # every read was one without waiting
    assert max([b - a for a, b in zip(sizes, sizes[1:])]) <= 50 and sizes[-1] == len(BATCH)
    stream.script.pop(0)
    assert link.poll() == ACK
    assert link.poll() is None


def test_poll_finds_the_answer_hidden_in_half_a_frame():
    link, stream = link_over([BATCH[:9] + ACK])
    link.send(BATCH)
    assert link.poll() is None
    stream.clock.now_ms += 1000
    assert link.poll() == ACK


def test_poll_keeps_frames_that_come_together():
    link, _ = link_over([OTHER + ACK])
    link.send(BATCH)
    assert [link.poll(), link.poll(), link.poll()] == [OTHER, ACK, None]


def test_send_begins_afresh():
    link, stream = link_over([ACK], before=OTHER[:9], chunk=50)
    link.send(BATCH)
    link.send(OTHER)  # half of a batch lies on the line; the reader there finds its way
    assert stream.written == BATCH[:50] + OTHER[:50]
    link.close()
    assert stream.closed
