# SPDX-License-Identifier: Apache-2.0
"""The terminal's end of signed uploads: SignedUpload.steps() in the place of upload.upload().

A session is opened by HELLO and outlives the line: after a lost link the terminal goes on in it,
until the collector says that it is over. In it go up what the terminal says of itself, its
records, and requests for files. Only what the collector has signed, and what names this very
request, is an answer; the journal moves by nothing else (CL-007, CL-018). A ledger that was set
back to an older copy asks for what it had acknowledged: that goes up again, as far as it is still
in the flash, and what is not is stated lost. What is unsigned can
make the terminal send again or back off, as a bad line can, and no more.

Steps yield a frame and are sent the answer; b"" where that was none and the right one may still
come; a Work (SM3 has no code in C on boards) that is done before they go on. Several rounds of
steps() follow each other, one at a time.
"""

from firmware.errors import FormatError, LinkLost
from firmware.formats import batch, messages, session_key
from firmware.kernel.work import Work
from firmware.upload import ATTEMPTS, BYTES, ITEMS, upload

STATUS_MS = 600000  # what the terminal says of itself is no older than that
LISTENS = 8  # frames that are no answer, before the link counts as lost


class Refused(LinkLost):
    """The collector has refused a request, signed: `code` and `expected` as in REJECT."""

    def __init__(self, values):
        reason = batch.reject_name(values["code"])
        super().__init__("refused: %s, %s" % (reason, values["text"]))
        self.code = values["code"]
        self.expected = values["expected"]


class SignedUpload:
    """key: session_key.Key, the terminal's; clock: ticks and time; random_bytes(count).

    unsigned: whether records go up as version 1 to a collector that knows nothing else. keeper: a
    Timekeeper that is told the collector's time, or None. status() -> bytes of STATUS_V1
    (formats/status.py), or None. downloads: a Downloads (download.py), or None.
    """

    def __init__(
        self, journal, terminal_id, key, clock, random_bytes, *,
        limit_bytes=BYTES, limit_count=ITEMS, unsigned=False,
        keeper=None, status=None, downloads=None,
    ):  # fmt: skip
        self.journal = journal
        self.terminal_id = terminal_id
        self.key = key
        self.clock = clock
        self.random_bytes = random_bytes
        self.limit_bytes, self.limit_count = limit_bytes, limit_count
        self.frame_most = max(batch.FRAME_LIMIT, min(batch.FRAME_MOST, 2 * limit_bytes))
        self.unsigned = unsigned
        self.keeper = keeper
        self.status = status
        self.downloads = downloads
        self.boot = random_bytes(8)
        self.session = b""
        self.up = self.down = None
        self.turn = 0
        self.told_ms = None  # when STATUS was answered
        self.again = 0  # an acknowledged number that the ledger has not, 0: it has them all
        self.round_ms = 0  # what the last request took

    def due(self):
        """True when there is something to say."""
        if self.journal.waiting() or self.again or self._status_due():
            return True
        if self.keeper and not self.keeper.pause_ms:
            return True
        return bool(self.downloads and self.downloads.ask())

    def steps(self):
        """One round: all that is due; returns how many records were acknowledged.

        Raises LinkLost when it is thrown in, when the collector refuses, or where no answer comes.
        """
        try:
            return (yield from self._round())
        except Refused as refused:
            if refused.code != batch.SESSION_OVER:
                raise
            self.session = b""
        return (yield from self._round())  # in another one

    def ask(self, kind, values):
        """Generator: the fields of the answer to a request of this session. Refused, LinkLost."""
        self.turn += 1
        values["terminal_id"] = self.terminal_id
        values["session"] = self.session
        values["turn"] = self.turn
        return (yield from self._exchange(kind, values, self.up))

    def _round(self):
        if not self.session and not (yield from self._open()):
            self.told_ms = self.clock.ticks_ms()  # nobody listens to more than records
            return (
                yield from upload(
                    self.journal, self.terminal_id, self.limit_bytes, self.limit_count
                )
            )
        if self._status_due():
            yield from self._tell()
        if self.keeper and self.keeper.due():
            self._set_clock((yield from self.ask(batch.ASK_TIME, {})))
        total = yield from self._send_records()
        if self.downloads:
            total += yield from self._fetch()
        return total

    def _open(self):
        """A session; False where the collector knows version 1 only and that may be."""
        nonce = self.random_bytes(session_key.NONCE_BYTES)
        terminal = self.terminal_id.to_bytes(4, "big")
        hello = yield from self._worked(self.key.derived_steps(b"hello", terminal))
        values = {"terminal_id": self.terminal_id, "nonce": nonce}
        welcome = yield from self._exchange(messages.HELLO, values, hello)
        if welcome is None:
            return False
        context = terminal + welcome["session"] + welcome["nonce"]
        self.up = yield from self._worked(self.key.derived_steps(b"up", context))
        self.session = welcome["session"]
        self.turn = 0
        self._set_clock(welcome)
        return True

    def _tell(self):
        standing = yield from self.ask(
            messages.STATUS,
            {
                "boot": self.boot,
                "last_number": self.journal.next - 1,
                "time_utc_s": max(0, self.clock.time_utc_s()) & 0xFFFFFFFF,
                "status": self.status() if self.status else b"",
            },
        )
        self.told_ms = self.clock.ticks_ms()
        if standing["upto"]:  # a ledger without any is another one, not an older copy
            self._look_back(standing["upto"] + 1)
        if self.downloads:
            self.downloads.standing(standing["files"])

    def _send_records(self):
        """All that is unsent, in order; a part of a batch may be acknowledged."""
        total = 0
        journal = self.journal
        while True:
            items = journal.unsent(self.limit_bytes, self.limit_count, self.again)
            if not items:
                return total
            first, last = items[0][0], items[-1][0]
            try:
                upto = (yield from self.ask(batch.BATCH, {"items": items}))["upto"]
            except Refused as refused:
                if refused.code != batch.GAP or not self._look_back(refused.expected, first):
                    raise
                continue
            if not first <= upto <= last:
                raise LinkLost("%d is acknowledged, %d to %d were sent" % (upto, first, last))
            self.again = 0
            self._look_back(upto + 1)
            total += max(0, upto - journal.acknowledged)
            journal.acknowledge(upto)

    def _look_back(self, wanted, tried=0):
        """Send from number `wanted` on, if that was acknowledged; False where it was not, or is
        not before the one that was tried.
        """
        if not 0 < wanted <= self.journal.acknowledged or 0 < tried <= wanted:
            return False
        self.again = wanted
        return True

    def _fetch(self):
        """Piece by piece what was offered; a sale made meanwhile goes up before the next one."""
        total = 0
        while True:
            wanted = self.downloads.ask()
            if not wanted:
                return total
            kind, version, offset, count = wanted
            asked = {"kind": kind, "version": version, "offset": offset, "count": count}
            try:
                piece = yield from self.ask(messages.FETCH, asked)
            except Refused as refused:
                if refused.code == batch.SESSION_OVER:
                    raise
                self.downloads.failed()
                continue
            self.downloads.piece(kind, piece["version"], piece["offset"], piece["data"])
            total += yield from self._send_records()

    def _exchange(self, kind, values, key):
        """Generator: send a request until it is answered; the fields of the answer.

        None where HELLO finds a collector of version 1, if that may be.
        """
        signed = messages.body(kind, values, self.frame_most)
        frame = messages.closed(signed, (yield from self._worked(key.tag_steps(signed))))
        signed = None  # heaps are small
        wanted = frame
        attempts = listens = 0
        while attempts < ATTEMPTS and listens < LISTENS:
            began = self.clock.ticks_ms()
            answer = yield wanted
            self.round_ms = self.clock.ticks_diff(self.clock.ticks_ms(), began)
            reason = self._unsigned_reason(answer)
            if reason is None:
                found = yield from self._opened(frame, answer)
                if found is not None:
                    return found
                listens += 1
                wanted = b""
            elif reason == batch.DAMAGED:
                attempts += 1
                wanted = frame
            elif reason == batch.WRONG_VERSION and kind == messages.HELLO and self.unsigned:
                return None
            else:
                if reason == batch.NOT_AUTHENTIC:
                    self.session = b""  # it may be the reason: a ledger that was set up anew
                raise LinkLost("refused, unsigned: %s" % batch.reject_name(reason))
        raise LinkLost("no answer to this request in %d frames" % (attempts + listens))

    def _unsigned_reason(self, answer):
        """The code of a REJECT of version 1, None for all else."""
        try:
            kind, values = batch.unseal(answer)
        except FormatError:
            return None
        mine = kind == batch.REJECT and values["terminal_id"] in (0, self.terminal_id)
        return values["code"] if mine else None

    def _opened(self, frame, answer):
        """Generator: the fields of the signed answer to `frame`, None for anything else."""
        try:
            kind, _, _ = messages.addressed(answer)
            values = messages.fields_of(answer)
        except FormatError:
            return None
        if values["terminal_id"] != self.terminal_id:
            return None
        if not messages.answers(frame, kind, values):
            return None
        down = self.down
        if kind == messages.WELCOME:
            if values["session"][6:] != frame[10:26]:  # the nonce of HELLO
                return None
            context = self.terminal_id.to_bytes(4, "big") + values["session"] + values["nonce"]
            down = yield from self._worked(self.key.derived_steps(b"down", context))
        elif frame[3] == messages.HELLO:
            return None  # there is no session yet in which a refusal could be signed
        tag = yield from self._worked(down.tag_steps(messages.signed_part(answer)))
        if not session_key.same(tag, messages.tag_of(answer)):
            return None
        self.down = down
        if kind == batch.REJECT:
            raise Refused(values)
        return values

    def _worked(self, slices):
        """Generator: what `slices` return; in slices where the hash is in Python."""
        work = Work(slices, FormatError)
        if hasattr(self.key.make_hash, "steps"):
            yield work
        return work.finish()

    def _set_clock(self, values):
        if self.keeper:
            self.keeper.heard(values["time_utc_s"], self.round_ms)

    def _status_due(self):
        if self.told_ms is None or not self.session:
            return True
        return self.clock.ticks_diff(self.clock.ticks_ms(), self.told_ms) >= STATUS_MS
