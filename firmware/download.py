# SPDX-License-Identifier: Apache-2.0
"""Downloads: files that the collector offers, fetched piece by piece between customers (TD-020).

    PATH.part     what has come so far
    PATH.want     which offer it belongs to: one line, kind, number, size, SHA-256
    PATH.next     a whole file whose SHA-256 is the one offered

Whether a file counts is not asked here: who reads PATH.next judges signature, number and moment
(renewal.py, devices/deny.py and others), and what is in force stays so until then. A file that
was refused there lies on, and while its line stands in PATH.want it is not fetched again.

Power may go at any write. Before the line is written the old one stands beside an empty part;
behind it the part is as long as what has come, and a torn piece is found by the hash at the end.
Then all begins anew. A changed offer begins anew too.

Memory: a piece, twice while it is written, and the line. `store`: the hal's open_blob, write_at,
rename and read_text; `clock`: ticks_ms and ticks_diff.
"""

import hashlib

from firmware.errors import FormatError

PART, WANT = ".part", ".want"
COUNT = 2048  # bytes of a piece: half a frame of the smallest board
SLICE = 2048  # bytes hashed at a time: some 4 ms on a Pico
SIZE_MOST = 64 * 1024 * 1024
AGAIN_MS = 3600000  # what failed is tried again
WAITS_MOST = 8  # offers that are remembered as failed
TRIES = 3  # answers without progress, and wrong hashes, before a file has to wait
NO_SPACE = 28  # errno
DISK_FULL, WRONG_HASH, NOT_WRITTEN, NOT_TAKEN = 1, 2, 3, 4  # FAULTS of formats/status.py


class Downloads:
    """`places`: [(kind, PATH, where the whole file is laid)]; kinds that share PATH share one file
    at a time. newest(kind): number from which on nothing older is wanted. report: of the roots.

    `counts`: {fault: how often}, `faults`: {kind: (number, fault)} of what was not laid.
    """

    def __init__(self, places, newest, store, clock, report, count=COUNT):
        self.places = places
        self.newest = newest
        self.store = store
        self.clock = clock
        self.report = report
        self.count = count
        self.offers = []  # (kind, number, size, SHA-256) still to be fetched
        self.at = None  # bytes that have come of the first of them; None: not looked at yet
        self.hashing = None
        self.tries = 0  # answers to the last question that were none
        self.wrongs = 0  # wrong hashes of the first offer
        self.waits = []  # (line of an offer, ticks) of what failed
        self.ended = 0  # files that were laid or given up
        self.faults = {}
        self.counts = {DISK_FULL: 0, WRONG_HASH: 0, NOT_WRITTEN: 0}

    # --- what is to be had

    def standing(self, files):
        """The collector offers `files`, and nothing else: rows (kind, number, size, SHA-256)."""
        wanted = [one for one in files if self._wants(one)]  # newer than in force (TD-039)
        if wanted[:1] != self.offers[:1]:
            self._leave()
            self.wrongs = 0
        self.offers = wanted

    def laid(self, kind):
        """Number of the file of a kind that was laid and is still there, 0 for none."""
        _, path, laid_at = self._place(kind)
        if self._size(path + PART) is not None or self._size(laid_at) is None:
            return 0
        words = self._line(path).split()
        return int(words[1]) if len(words) == 4 and words[0] == "%d" % kind else 0

    def ask(self):
        """(kind, number, offset, count) of the next piece to ask for; None: nothing is wanted."""
        while self.offers and self.at is None:
            self._begin(self.offers[0])
        if not self.offers or self.hashing:
            return None
        kind, number, size, _ = self.offers[0]
        return (kind, number, self.at, min(self.count, size - self.at))

    def piece(self, kind, number, offset, data):
        """What was answered. Anything but the bytes that were asked for changes nothing."""
        asked = self.ask()
        if not asked:
            return
        if (kind, number, offset) != asked[:3] or not 0 < len(data) <= asked[3]:
            self.failed()
            return
        path = self._path()
        try:
            self.store.write_at(path + PART, offset, data)
        except OSError as wrong:
            self._give_up(_fault_of(wrong), str(wrong))
            return
        self.tries = 0
        self.at = offset + len(data)
        self._hash_when_whole()

    def failed(self):
        """No piece came, or a wrong one: a few times, then not until it is offered anew."""
        self.tries += 1
        if self.tries >= TRIES:
            self._give_up(0, "not to be had")

    def turn(self):
        """A slice of the hash between customers; True while there is more to do."""
        if not self.hashing:
            return False
        good, text = False, ""
        try:
            next(self.hashing)
            return True
        except StopIteration as end:
            good = end.value
        except OSError as wrong:
            text = str(wrong)
        self.hashing = None
        if good:
            self._lay()
        elif text:
            self._give_up(NOT_WRITTEN, text)
        else:
            self._wrong()
        return bool(self.offers)

    # --- one file

    def _wants(self, offer):
        kind, number, size, _ = offer
        if not self._place(kind) or not 0 < size <= SIZE_MOST:
            return False
        if number <= max(self.newest(kind), self.laid(kind)):
            return False
        line = _line_of(offer)
        now = self.clock.ticks_ms()
        self.waits = [one for one in self.waits if self.clock.ticks_diff(now, one[1]) < AGAIN_MS]
        return line not in [one[0] for one in self.waits]

    def _begin(self, offer):
        """Find out how much has come, or make room for it."""
        path, line = self._path(), _line_of(offer)
        size = self._size(path + PART)
        if self._line(path) == line and size is not None:
            self.at = size if size <= offer[2] else 0
        else:
            try:
                self.store.write_at(path + PART, 0, b"")
                self.store.write_at(path + WANT, 0, line.encode())
            except OSError as wrong:
                self._give_up(_fault_of(wrong), str(wrong))
                return
            self.at = 0
            self._tell("begun", offer, "%d bytes" % offer[2])
        self._hash_when_whole()

    def _hash_when_whole(self):
        if self.at == self.offers[0][2]:
            self.hashing = self._hashed()

    def _hashed(self):
        """Generator: True when the file is what was offered."""
        blob = self.store.open_blob(self._path() + PART)
        try:
            size, digest = self.offers[0][2:]
            hashed = hashlib.sha256()
            for at in range(0, size, SLICE):
                hashed.update(blob.read(at, min(SLICE, size - at)))
                yield
            return blob.size == size and hashed.digest() == digest
        finally:
            blob.close()

    def _lay(self):
        offer = self.offers[0]
        place = self._place(offer[0])
        try:
            self.store.rename(place[1] + PART, place[2])
        except OSError as wrong:
            self._give_up(NOT_WRITTEN, str(wrong))
            return
        self.faults.pop(offer[0], None)
        self._tell("laid", offer, place[2])
        self._next()

    def _wrong(self):
        """What came is not what was offered: once more from its first byte, a few times."""
        self.wrongs += 1
        if self.wrongs >= TRIES:
            self._give_up(WRONG_HASH, "wrong hash")
            return
        self._count(WRONG_HASH)
        self._forget()
        self._leave()

    def _give_up(self, fault, text):
        """The next offer is looked at; a fault waits for AGAIN_MS, else what has come is kept."""
        offer = self.offers[0]
        if fault:
            self._count(fault)
            self.faults[offer[0]] = (offer[1], fault)
            self._forget()
            line = _line_of(offer)
            self.waits = self.waits[1 - WAITS_MOST :] + [(line, self.clock.ticks_ms())]
        self._tell("failed", offer, ("disk full: " if fault == DISK_FULL else "") + text)
        self._next()

    def _next(self):
        self.ended += 1
        self._leave()
        self.offers.pop(0)
        self.wrongs = 0

    def _forget(self):
        """Give the room back; the file begins anew when it is wanted again."""
        path = self._path()
        try:
            self.store.write_at(path + PART, 0, b"")
            self.store.write_at(path + WANT, 0, b"")
        except OSError:
            pass  # the hash finds what is left

    def _leave(self):
        if self.hashing:
            self.hashing.close()
        self.hashing = self.at = None
        self.tries = 0

    def _count(self, fault):
        self.counts[fault] = min(self.counts[fault] + 1, 0xFFFF)

    def _tell(self, what, offer, text):
        said = {"event": "download", "what": what, "kind": offer[0], "version": offer[1]}
        said["text"] = text
        self.report(said)

    # --- the files

    def _place(self, kind):
        for one in self.places:
            if one[0] == kind:
                return one
        return None

    def _path(self):
        return self._place(self.offers[0][0])[1]

    def _size(self, path):
        """Bytes of a file, None where there is none."""
        try:
            blob = self.store.open_blob(path)
        except OSError:
            return None
        blob.close()
        return blob.size

    def _line(self, path):
        try:
            return self.store.read_text(path + WANT)
        except (OSError, FormatError):
            return ""


def _line_of(offer):
    """The line of PATH.want."""
    return "%d %d %d %s" % (offer[0], offer[1], offer[2], offer[3].hex())


def _fault_of(wrong):
    return DISK_FULL if wrong.args and wrong.args[0] == NO_SPACE else NOT_WRITTEN
