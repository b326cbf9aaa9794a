# SPDX-License-Identifier: Apache-2.0
"""Uploader: an upload in idle time, a step a turn; it never waits and never raises (CL-013)."""

from firmware.errors import LinkLost
from firmware.formats import batch
from firmware.upload import IDLE, TALKING, WAITING, Uploader
from tests.hand_clock import HandClock
from tests.test_upload import TERMINAL, Collector, journal_of


class IdleLink:
    """Link's two halves over a collector: the answer comes after some polls, or never."""

    out = b""

    def __init__(self, collector, delay=2):
        self.collector = collector
        self.delay = delay
        self.answers = []
        self.closed = False

    def send(self, frame):
        answer = self.collector.answer(frame)
        self.answers = [None] * self.delay + [answer]

    def poll(self):
        return self.answers.pop(0) if self.answers else None

    def close(self):
        self.closed = True


class SlowLink(IdleLink):
    """The frame leaves for `polls` polls; then the answer comes, or never."""

    def __init__(self, collector, polls):
        IdleLink.__init__(self, collector)
        self.polls = polls

    def send(self, frame):
        IdleLink.send(self, frame)
        self.out = frame

    def poll(self):
        self.polls -= 1
        if self.polls > 0:
            return None
        self.out = b""
        return IdleLink.poll(self)


class SilentLink(IdleLink):
    def poll(self):
        return None


def uploader(journal, links, clock):
    """An Uploader whose opener hands out `links` in turn; an exception among them is raised."""

    def opener():
        link = links.pop(0) if len(links) > 1 else links[0]
        if isinstance(link, Exception):
            raise link
        return link

    return Uploader(journal, TERMINAL, opener, clock, lambda count: b"\x80" * count)


def test_the_uploader_drains_the_journal_step_by_step():
    """QT-265: all that was collected goes up, without being asked for."""
    journal, collector, clock = journal_of(20), Collector(), HandClock()
    idle = uploader(journal, [IdleLink(collector)], clock)
    steps = 0
    while journal.waiting():
        idle.step()
        clock.ms += 10
        steps += 1
        assert steps < 100
    assert idle.state == IDLE and idle.acknowledged == 20 and idle.sent == 3
    assert sorted(collector.stored) == list(range(1, 21))
    assert idle.step() == IDLE and idle.sent == 3
    journal.append(b"record 21")
    assert idle.step() == TALKING  # the open link is used again


def test_the_uploader_backs_off_longer_each_time_and_begins_again():
    """QT-265: when the link is there again, it goes on by itself."""
    journal, collector, clock = journal_of(3), Collector(), HandClock()
    links = [LinkLost("no network"), OSError(113), LinkLost("no"), IdleLink(collector)]
    idle = uploader(journal, links, clock)
    waits = []
    while journal.waiting():
        before = clock.ms
        while idle.step() == WAITING:
            clock.ms += 10
        if clock.ms > before:
            waits.append(clock.ms - before)
        clock.ms += 10
        assert clock.ms < 100000
    # base 2 s, doubled, and a quarter more: half of the half that the dice may add
    assert len(waits) == 1 and waits[0] >= 2500 + 5000 + 10000
    assert idle.failures == 0 and idle.error == "no"


def test_the_pause_is_limited():
    journal, clock = journal_of(3), HandClock()
    idle = uploader(journal, [LinkLost("never")], clock)
    for _ in range(40):
        idle.step()
        clock.ms += 1000000
    assert idle.failures == 40 and idle.pause_ms == 600000 + 300000 * 0x8080 // 65536


def test_a_silent_collector_costs_the_link_and_nothing_else():
    journal, clock, collector = journal_of(3), HandClock(), Collector()
    silent = SilentLink(collector)
    idle = uploader(journal, [silent, IdleLink(collector, 0)], clock)
    while idle.step() != WAITING:
        clock.ms += 100
    assert 10000 <= clock.ms <= 10200
    assert silent.closed and journal.acknowledged == 0 and idle.failures == 1
    clock.ms += 3000
    idle.step()
    idle.step()
    assert journal.acknowledged == 3 and idle.failures == 0


def test_the_answer_is_awaited_from_the_last_byte_out():
    journal, clock = journal_of(3), HandClock()
    slow = SlowLink(Collector(), 300)
    slow.delay = 90
    idle = uploader(journal, [slow], clock)
    while idle.step() == TALKING:
        clock.ms += 100
    assert clock.ms > 38000 and journal.acknowledged == 3 and idle.failures == 0


def test_a_frame_that_does_not_leave_costs_the_link():
    journal, clock = journal_of(3), HandClock()
    slow = SlowLink(Collector(), 1 << 20)
    idle = uploader(journal, [slow], clock)
    while idle.step() != WAITING:
        clock.ms += 100
    assert clock.ms == 60000 and slow.closed and journal.acknowledged == 0


def test_the_uploader_waits_on_past_frames_that_are_not_its_own():
    journal, clock, collector = journal_of(3), HandClock(), Collector()
    link = IdleLink(collector, 0)
    idle = uploader(journal, [link], clock)
    assert idle.step() == TALKING
    link.answers.insert(0, batch.pack_ack(TERMINAL, 5, 3))
    link.answers.insert(0, b"noise")
    assert idle.step() == TALKING and idle.step() == TALKING
    assert journal.acknowledged == 0
    assert idle.step() == IDLE
    assert journal.acknowledged == 3 and idle.sent == 1


def test_the_uploader_never_raises():
    class Refusing(IdleLink):
        def send(self, frame):
            self.answers = [batch.pack_reject(TERMINAL, batch.CONFLICT, 9, "call somebody")]

        def close(self):
            raise OSError(5)

    journal, clock = journal_of(3), HandClock()
    idle = uploader(journal, [Refusing(None)], clock)
    idle.step()
    assert idle.step() == WAITING and "conflict" in idle.error and "call somebody" in idle.error
    assert journal.acknowledged == 0
