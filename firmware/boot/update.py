# SPDX-License-Identifier: Apache-2.0
"""Update: a release that has come whole is judged, and tried at the next start (TD-020).

It comes as other files do (download.py), or is laid there by hand. Between customers it is looked
for and verified in slices: signature and hash, number, board, size, loader. Once its moment has
come it is set on trial and due() says that the terminal should start anew, which its root does
when no card is there and no torn tap is open. What is refused is told once and changes nothing.

A file in a free slot that the record does not know is judged as well: where both copies of the
record were lost, the release that lies there comes back by its signature.
"""

from firmware.boot import slots
from firmware.boot.record import FACTORY, NEVER_GOOD
from firmware.errors import FormatError
from firmware.formats import release, signed

LOOK_MS = 5000
STEP_MS = 20  # of a turn between customers: a look for a card takes longer
KNOWN = 400  # bytes by which a file that was judged is known again: head and signature
KINDS = (signed.FIRMWARE,)
NOTHING = 0xFFFFFFFF  # no number is newer


class Update:
    """record: BootRecord; slots: RawSlots or FileSlots; board: word of this one; authority:
    signed.Authority; clock: ticks and local_now; factory: number of what is frozen or installed;
    waiting(): whether records are still to be sent.

    `refused`: number of the last release that was not taken, 0 for none; `why` in words.
    """

    def __init__(self, record, places, board, authority, clock, report, factory, waiting):
        self.record = record
        self.places = places
        self.board = board
        self.authority = authority
        self.clock = clock
        self.report = report
        self.factory = factory
        self.waiting = waiting
        self.refused, self.why = 0, ""
        self.judged = []  # (what it is known by, Head or None), the newest last
        self.steps = None
        self.looked_ms = None

    # --- what there is, for the host

    def in_force(self):
        """Number of the release that is good here, as far as it is known."""
        values = self.record.values
        if values["trial"] != FACTORY:
            values = dict(values)
            values["trial"] = FACTORY
        return slots.running(values) or self.factory

    def trying(self):
        """Number of the one on trial, 0 for none."""
        return slots.running(self.record.values) if self.record.values["trial"] else 0

    def newest(self):
        """Nothing up to this number is fetched; during a trial nothing at all."""
        values = self.record.values
        if values["trial"] != FACTORY:
            return NOTHING
        return max(values["floor"], self.in_force())

    def left(self):
        """Number of the release that was tried or used and left, 0 for none."""
        return self.record.values["returned"]

    # --- between customers

    def due(self):
        """A look or a slice; True when a release was set on trial: the terminal starts anew."""
        if self.steps:
            self._step()
            return False
        now = self.clock.ticks_ms()
        looked_ms = self.looked_ms
        if looked_ms is not None and self.clock.ticks_diff(now, looked_ms) < LOOK_MS:
            return False
        self.looked_ms = now
        if self.record.values["trial"] != FACTORY:
            return False
        return self._look()

    def _look(self):
        due = False
        for slot, blob in self.places.coming():
            known = self._known(slot, blob)
            if due or self.steps:
                blob.close()
                continue
            verdict = [head for one, head in self.judged if one == known]
            if not verdict:
                self.steps = self._judge(known, blob, slot)
                continue
            blob.close()
            if not verdict[0] or self.waiting():  # TD-015: what was sold is sent first
                continue
            if signed.is_due(verdict[0], self.clock.local_now()):
                due = self._stage(slot, known, verdict[0])
        return due

    def _judge(self, known, blob, slot):
        """Generator: notes whether the file in `blob` may be tried, which it closes."""
        number = 0
        try:
            head = signed.read_head(blob, KINDS)
            number = head.number
            slots.check_newer(self.record.values, number)
            if number <= self.factory:
                raise FormatError("release %d, %d is installed" % (number, self.factory))
            found = release.read(head, signed.Part(blob, head.start, head.length))
            capacity = self.places.capacity(slot)
            release.check(found, self.board, self.places.bodies, capacity, blob.size)
            work = signed.verify(blob, head, self.authority)
            while work.step():
                yield
            work.finish()
        except (FormatError, OSError) as wrong:
            head = None
            self._refuse(number, str(wrong))
        finally:
            blob.close()
        self.judged = self.judged[-3:] + [(known, head)]

    def _step(self):
        """Slices for STEP_MS."""
        began_ms = self.clock.ticks_ms()
        for _ in self.steps:
            if self.clock.ticks_diff(self.clock.ticks_ms(), began_ms) >= STEP_MS:
                return
        self.steps = None

    def _stage(self, slot, known, head):
        """True where the release will be tried at the next start."""
        size = head.start + head.length
        try:
            self.places.settle(slot, head.number)
            values = slots.stage(self.record.values, slot, head.number, size, head.digest)
            if not self.record.save(values):
                raise OSError("the boot record cannot be written")
        except (FormatError, OSError) as wrong:
            self.judged = [one for one in self.judged if one[0] != known] + [(known, None)]
            self._refuse(head.number, str(wrong))
            return False
        self.report({"event": "update", "what": "on trial", "version": head.number})
        return True

    def _refuse(self, number, text):
        values = self.record.values
        tried = number == values["returned"] and values["why"] == NEVER_GOOD
        if not tried:  # that one is known to the host
            self.refused, self.why = number, text
        said = {"event": "update", "what": "refused", "version": number, "text": text}
        self.report(said)

    def _known(self, slot, blob):
        try:
            return (slot, blob.size, blob.read(0, KNOWN))
        except OSError:
            return (slot, 0, b"")
