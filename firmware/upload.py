# SPDX-License-Identifier: Apache-2.0
"""Sends what the journal holds to the collector: upload() and its idle-time driver Uploader.

upload() is a generator over the journal: it yields one BATCH frame and is sent the answer;
drive(upload(...), link.exchange) does it blocking, Uploader a step each idle turn (CL-013,
QT-265). The journal moves only when an ACK names this terminal, this very batch and a number that
was in it; everything else - late, doubled, foreign, broken - changes nothing (CL-007, CL-018). A
lost link leaves the journal as it is: the same records go again, the collector knows them by their
numbers.
"""

from firmware.errors import FormatError, JournalFull, LinkLost
from firmware.formats import batch

ITEMS = 8  # records a batch: a few milliseconds of reading flash
BYTES = 1280  # of records a batch, one at least: held twice while it is made, in a small heap
ATTEMPTS = 3  # answers in a row that were none, before the link counts as lost

IDLE = "idle"  # nothing to send, or nothing has been tried yet
TALKING = "talking"  # a batch is out
WAITING = "waiting"  # backing off


def upload(journal, terminal_id, limit_bytes=BYTES, limit_count=ITEMS):
    """Send all that is unsent, in order; returns how many records were acknowledged.

    Raises LinkLost when it is thrown in, when the collector refuses (the text says why), or
    after ATTEMPTS answers without progress.
    """
    total = 0
    attempts = 0
    while True:
        items = journal.unsent(limit_bytes, limit_count)
        if not items:
            return total
        request = batch.pack_batch(terminal_id, items)
        upto = accepted(request, (yield request), terminal_id, items)
        if upto > journal.acknowledged:
            total += upto - journal.acknowledged
            journal.acknowledge(upto)
            attempts = 0
            continue
        attempts += 1
        if attempts >= ATTEMPTS:
            raise LinkLost("no answer to this batch in %d frames" % attempts)


def accepted(request, answer, terminal_id, items):
    """The last number the answer acknowledges, 0 if it says nothing about this batch.

    LinkLost with the collector's reason if it refuses; DAMAGED is a reason to send again, not to
    give up.
    """
    try:
        kind, values = batch.unseal(answer)
    except FormatError:
        return 0
    if kind == batch.REJECT and values["terminal_id"] in (0, terminal_id):
        if values["code"] == batch.DAMAGED:
            return 0
        reason = batch.reject_name(values["code"])
        raise LinkLost("refused: %s, %s" % (reason, values["text"]))
    if kind != batch.ACK or values["terminal_id"] != terminal_id:
        return 0
    if values["batch_crc"] != batch.crc_of(request):
        return 0
    return values["upto"] if items[0][0] <= values["upto"] <= items[-1][0] else 0


class Uploader:
    """Uploads in idle time (QT-265): call step() each idle turn; it never raises, never waits.

    opener() -> a Link, or LinkLost / OSError at once; it must not wait itself. Times are
    milliseconds of `clock`. After a failure it backs off base_ms, doubled each time up to top_ms,
    and up to half of it more by two bytes of random_bytes(2), so that a depot full of terminals
    does not knock at once. A step reads at most ITEMS records or a piece of the line; an
    acknowledgement writes one page, and erases only if nobody calls journal.tidy(). answer_ms
    counts from the last byte out, which may take a minute. ask_first() -> steps of a dialogue of
    its own that is due before the records, or None (Timekeeper.ask). signed: a SignedUpload, which
    then does all the talking.

    `state`, `sent` (batches), `acknowledged` (records), `failures` (in a row), `error` (the last,
    a text).
    """

    def __init__(
        self, journal, terminal_id, opener, clock, random_bytes, *,
        answer_ms=10000, base_ms=2000, top_ms=600000, ask_first=None, signed=None,
    ):  # fmt: skip
        self.journal = journal
        self.terminal_id = terminal_id
        self.opener = opener
        self.clock = clock
        self.random_bytes = random_bytes
        self.answer_ms = answer_ms
        self.base_ms = base_ms
        self.top_ms = top_ms
        self.ask_first = ask_first
        self.signed = signed
        self.state = IDLE
        self.sent = 0
        self.acknowledged = 0
        self.failures = 0
        self.error = ""
        self.link = None
        self.steps = None
        self.work = None  # to be done before the steps go on
        self.request = b""
        self.since = 0  # when the state began, or the last byte of the request was out
        self.out = False  # the request is still leaving
        self.pause_ms = 0

    def step(self):
        """One small piece of work; the state afterwards."""
        try:
            if self.work:
                self._compute()
            elif self.state == TALKING:
                self._listen()
            elif self.state == IDLE or self._elapsed() >= self.pause_ms:
                self._begin()
        except (LinkLost, OSError, FormatError, JournalFull) as problem:
            self._fail(problem)
        return self.state

    def _begin(self):
        steps = self._due()
        if not steps:
            self._turn(IDLE)
            return
        if self.link is None:
            self.link = self.opener()
        self.steps = steps
        self._go_on(None)

    def _due(self):
        """Steps of what there is to say, or None."""
        if self.signed:
            return self.signed.steps() if self.signed.due() else None
        first = self.ask_first() if self.ask_first else None
        if first or not self.journal.waiting():
            return first
        return upload(self.journal, self.terminal_id)

    def _compute(self):
        if not self.work.step():
            self.work = None
            self._go_on(None)

    def _listen(self):
        answer = self.link.poll()
        if answer is None:
            if self.out and not self.link.out:
                self.out = False
                self._turn(TALKING)
            # 4096 bytes take 4.3 s at 9600 baud, and a turn has other work
            limit = 60000 if self.out else self.answer_ms
            if self._elapsed() >= limit:
                self.steps.close()
                raise LinkLost("no answer in %d ms" % limit)
            return
        if self.signed or concerns(self.request, answer):
            self._go_on(answer)  # else late or foreign: the answer may still come

    def _go_on(self, answer):
        """Send the steps what they wait for, and do what they want."""
        before = self.journal.acknowledged
        try:
            wanted = self.steps.send(answer)
        except StopIteration:
            wanted = None
        self.acknowledged += self.journal.acknowledged - before
        if self.journal.acknowledged > before:
            self.failures = 0
        if wanted is None:
            self._turn(IDLE)
        elif not isinstance(wanted, bytes):
            self.work = wanted
        elif wanted:  # else they listen on
            self._send(wanted)

    def _send(self, request):
        self.request = request
        self.link.send(request)
        self.out = True
        self.sent += 1
        self._turn(TALKING)

    def _fail(self, problem):
        self.error = str(problem)
        self.failures += 1
        if self.link is not None:
            try:
                self.link.close()
            except (LinkLost, OSError):
                pass
        self.link = None
        self.steps = self.work = None
        pause = min(self.top_ms, self.base_ms << min(self.failures - 1, 16))
        dice = int.from_bytes(self.random_bytes(2), "big")
        self.pause_ms = pause + pause * dice // (2 * 65536)
        self._turn(WAITING)

    def _turn(self, state):
        self.state = state
        self.since = self.clock.ticks_ms()

    def _elapsed(self):
        return self.clock.ticks_diff(self.clock.ticks_ms(), self.since)


def concerns(request, answer):
    """True unless the frame is an ACK of another batch or no message at all."""
    try:
        kind, values = batch.unseal(answer)
    except FormatError:
        return False
    return kind == batch.REJECT or values.get("batch_crc") == batch.crc_of(request)
