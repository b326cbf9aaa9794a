# SPDX-License-Identifier: Apache-2.0
"""A model of the upload: the terminal's end and the collector's, over a line that drops, doubles,
reorders, cuts, delays, lies and dies, with power cuts at both ends.

    python -m tests.upload_model --faults 2 --exchanges 6   every way to place two faults
    python -m tests.upload_model --seed 7                   one long random run, told in full
    python -m tests.upload_model --runs 1000                random runs; a seed that fails is named

The terminal is the real Uploader, SignedUpload and Journal on a flash in memory; the collector the
real one, twice, as two workers by turns that share nothing but the books (upload_books.py). Time
is a number. After each exchange it must hold:
* nothing is acknowledged that is not committed: the journal is never ahead of the ledger;
* each record is stored once, with its bytes (Books asserts that no number is stored twice);
* what was forged, sent twice or played again from a session that is over has changed nothing;
and with a good line all that the journal holds goes up in the end.
"""

import argparse
import binascii
import contextlib
import itertools
import random
import sys

from firmware.errors import LinkLost
from firmware.formats import batch, messages
from firmware.formats.session_key import Key
from firmware.journal import Journal
from firmware.signed_upload import SignedUpload
from firmware.upload import Uploader
from host_tools.collector import Collector, damaged
from sim.flash import Flash, PowerCut
from tests.hand_clock import HandClock
from tests.upload_books import NOW_UTC_S, Books, Died

TERMINAL = 7
SECRET = bytes(range(32))
STEPS_MOST = 4000

# What becomes of one exchange. The line:
DROP, DOUBLE, CUT, LATE = "request dropped", "request doubled", "request cut", "request late"
NO_ANSWER, TWICE, CUT_ANSWER, LATE_ANSWER = (
    "answer dropped", "answer doubled", "answer cut", "answer late",
)  # fmt: skip
DEAD = "line dead"
# Somebody on the line:
BENT, BENT_ANSWER, OLD_ANSWER = "request forged", "answer forged", "old answer first"
FORGED_ACK, FORGED_NO, REPLAY = "unsigned ACK", "unsigned REJECT", "all requests replayed"
# The collector:
DIES_BEFORE, DIES_AFTER, DISK_FULL = "dies before commit", "dies after commit", "cannot commit"
# The terminal's power goes:
POWER, POWER_IN_ACK = "power cut", "power cut in the acknowledgement"
FATES = (
    DROP, DOUBLE, CUT, LATE, NO_ANSWER, TWICE, CUT_ANSWER, LATE_ANSWER, DEAD, BENT, BENT_ANSWER,
    OLD_ANSWER, FORGED_ACK, FORGED_NO, REPLAY, DIES_BEFORE, DIES_AFTER, DISK_FULL, POWER,
    POWER_IN_ACK,
)  # fmt: skip


class ModelLink:
    """What firmware.link.Link is to the Uploader: send, poll, close, and `out` is empty."""

    out = b""

    def __init__(self, world):
        self.world = world
        self.frames = []
        self.dead = False

    def send(self, frame):
        if self.dead:
            raise LinkLost("dead")
        self.frames = []
        self.world.exchange(self, bytes(frame))

    def poll(self):
        if self.dead:
            raise LinkLost("dead")
        return self.frames.pop(0) if self.frames else None

    def close(self):
        self.dead = True


class World:
    """fates: iterator of what becomes of each exchange, "" or nothing more: all goes well."""

    def __init__(self, fates, records=3, batch_records=2, seed=0, tell=None):
        self.fates = iter(fates)
        self.dice = random.Random(seed)
        self.tell = tell or (lambda text: None)
        self.batch_records = batch_records
        self.clock = HandClock()
        self.clock.utc_s = NOW_UTC_S
        self.books = Books({TERMINAL: SECRET})
        self.workers = itertools.cycle([self._collector(), self._collector()])
        self.flash = Flash(12, 1024)
        self.written = {}  # number -> bytes that the journal holds
        self.seen = []  # requests that somebody has recorded
        self.said = []  # and answers
        self.newest = b""  # session that a signed answer was given in
        self.late, self.late_answers = [], []
        self.exchanges = self.starts = 0
        self.start()
        for _ in range(records):
            self.sell()

    def _collector(self):
        return Collector(self.books, time_utc_s=lambda: NOW_UTC_S, enrolment=False)

    # --- the terminal

    def start(self):
        """Power is there."""
        self.flash.restart()
        self.starts += 1
        self.journal = Journal(self.flash, 480, 480)
        for number, record in self.journal.records():  # a cut write may have been a whole one
            self.written.setdefault(number, record)
        unit = SignedUpload(
            self.journal, TERMINAL, Key(SECRET), self.clock, self.random_bytes,
            limit_count=self.batch_records,
        )  # fmt: skip
        self.uploader = Uploader(
            self.journal, TERMINAL, lambda: ModelLink(self), self.clock, self.random_bytes,
            signed=unit, base_ms=500, top_ms=4000,
        )  # fmt: skip

    def random_bytes(self, count):
        return self.dice.randbytes(count)

    def sell(self):
        number = self.journal.next
        record = b"record %d of start %d" % (number, self.starts)
        self.journal.append(record)
        self.written[number] = record

    def step(self):
        """One idle turn; what is given to the terminal's power is found again."""
        try:
            self.uploader.step()
        except PowerCut:
            self.start()
        self.clock.ms += 1000

    def run(self):
        """Until all is up, then look at everything; number of exchanges."""
        steps = 0
        while self.journal.acknowledged < max(self.written):
            self.step()
            self.check()
            steps += 1
            assert steps < STEPS_MOST, "it never comes to an end"
        stored = {n: raw for (_, n), raw in self.books.rows.records.items()}
        assert stored == self.written
        assert not self.books.rows.aside, "nothing of this belongs into quarantine"
        return self.exchanges

    def check(self):
        records = self.books.rows.records
        for (_, number), raw in records.items():
            assert raw == self.written.get(number), number
        for number in range(1, self.journal.acknowledged + 1):
            assert records.get((TERMINAL, number)) == self.written[number], number
        assert self.journal.acknowledged <= self.books.rows.standings[TERMINAL].last_sequence

    # --- the line

    def exchange(self, link, frame):
        fate = next(self.fates, "")
        self.exchanges += 1
        self.tell("%3d %-9s %s" % (self.exchanges, messages_name(frame), fate or "well"))
        if fate == POWER:
            self.seen.append(frame)
            raise PowerCut
        if fate == REPLAY:
            self._replay()
        late, self.late = self.late, []
        if fate == LATE:
            self.late = [frame]
        answer = b"" if fate in (DROP, LATE, FORGED_ACK) else self._answered(fate, frame)
        for one in late:  # what comes behind a later one
            self.collect(one)
        self.seen.append(frame)
        if fate == POWER_IN_ACK:
            self.flash.cut(0, self.dice.randrange(1000))
        if fate == DEAD:
            link.dead = True
        self._bring(link, fate, answer)

    def _answered(self, fate, frame):
        if fate == CUT:
            return damaged("half a frame")
        if fate == BENT:
            self._unchanged(lambda: self.collect(self.bent(frame)))
            return b""
        self.books.dies = {DIES_BEFORE: "before", DIES_AFTER: "after", DISK_FULL: "fails"}.get(
            fate, ""
        )
        answer = self.collect(frame)
        self.books.dies = ""
        if answer and answer[3] in (batch.ACK, messages.STANDING):
            self.newest = max(self.newest, messages.addressed(frame)[2])
        if fate == DOUBLE:
            self._unchanged(lambda: self.collect(frame))
        return answer

    def _bring(self, link, fate, answer):
        """Put into the line's end at the terminal what comes out of it."""
        late, self.late_answers = self.late_answers, []
        if fate in (OLD_ANSWER, FORGED_ACK):
            crc = batch.crc_of(self.seen[-1])
            upto = self.journal.acknowledged + self.batch_records
            old = self.dice.choice(self.said) if self.said else b""
            link.frames.append(old if fate == OLD_ANSWER else batch.pack_ack(TERMINAL, crc, upto))
        if fate == FORGED_NO:
            code = self.dice.choice([code for code, _ in batch.REJECT_NAMES])
            link.frames.append(batch.pack_reject(0, code, 1, "forged"))
        if fate == LATE_ANSWER:
            self.late_answers = [answer]
        elif answer and fate not in (NO_ANSWER, CUT_ANSWER):
            link.frames.append(self.bent(answer) if fate == BENT_ANSWER else answer)
            if fate == TWICE:
                link.frames.append(answer)
        link.frames += [one for one in late if one]
        if answer:
            self.said.append(answer)

    def collect(self, frame):
        """What the collector answers, b"" where it died; another worker each time."""
        try:
            return next(self.workers).answer(frame)
        except Died:
            return b""

    def bent(self, frame):
        """A frame with one bit turned over and its CRC right again."""
        at = self.dice.randrange(batch.HEADER_BYTES, len(frame) - batch.CRC_BYTES)
        wrong = bytearray(frame[: -batch.CRC_BYTES])
        wrong[at] ^= 1 << self.dice.randrange(8)
        return bytes(wrong) + (binascii.crc32(wrong) & 0xFFFFFFFF).to_bytes(4, "big")

    def _replay(self):
        """Somebody sends all requests again: those of a session that is over change nothing, and
        one that was lost on the way comes late.
        """
        for frame in self.seen:
            session = messages.addressed(frame)[2]
            if session and session < self.newest:
                self._unchanged(lambda one=frame: self.collect(one))
            else:
                self.collect(frame)

    def _unchanged(self, act):
        """Do what must change no record and no session."""
        before = self.books.rows
        act()
        assert self.books.rows.records == before.records, "a forged or repeated frame was stored"
        last = self.books.rows.standings[TERMINAL].last_sequence
        assert last == before.standings[TERMINAL].last_sequence


def messages_name(frame):
    """The word for a frame's kind."""
    return dict(messages.KIND_NAMES).get(frame[3], "?")


def placed(faults, exchanges):
    """Every way to place up to so many faults in so many exchanges."""
    for count in range(faults + 1):
        for places in itertools.combinations(range(exchanges), count):
            for fates in itertools.product(FATES, repeat=count):
                plan = [""] * exchanges
                for place, fate in zip(places, fates, strict=True):
                    plan[place] = fate
                yield plan


def exhaust(faults, exchanges):
    """(runs, exchanges in all). AssertionError names the plan that failed."""
    runs = total = 0
    for plan in placed(faults, exchanges):
        try:
            total += World(plan).run()
        except Exception as wrong:
            raise AssertionError("plan %r: %r" % (plan, wrong)) from wrong
        runs += 1
    return runs, total


def wander(seed, tell=None):
    """A long random run: sales between the exchanges, faults in every third; exchanges."""
    dice = random.Random(seed)

    def fates():
        for _ in range(400):
            yield dice.choice(FATES) if dice.random() < 0.35 else ""

    world = World(fates(), records=dice.randrange(1, 6), batch_records=dice.randrange(1, 5),
                  seed=seed, tell=tell)  # fmt: skip
    for _ in range(300):
        world.step()
        world.check()
        if dice.random() < 0.1 and world.journal.room() > 2:
            with contextlib.suppress(PowerCut):
                world.sell()
        if world.flash.dead:
            world.start()
    return world.run()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("--faults", type=int, default=2)
    parser.add_argument("--exchanges", type=int, default=6)
    parser.add_argument("--seed", type=int, help="one random run, told")
    parser.add_argument("--runs", type=int, help="random runs")
    parser.add_argument("--first", type=int, default=1, help="their first seed")
    given = parser.parse_args()
    if given.seed is not None:
        print("%d exchanges" % wander(given.seed, print))
    elif given.runs:
        total = 0
        for seed in range(given.first, given.first + given.runs):
            try:
                total += wander(seed)
            except Exception as wrong:
                print("python -m tests.upload_model --seed %d: %r" % (seed, wrong))
                return 1
        print("%d runs, %d exchanges" % (given.runs, total))
    else:
        print("%d runs, %d exchanges" % exhaust(given.faults, given.exchanges))
    return 0


if __name__ == "__main__":
    sys.exit(main())
