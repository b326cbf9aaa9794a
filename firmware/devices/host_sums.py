# SPDX-License-Identifier: Apache-2.0
"""What cards have paid elsewhere, by a file of the host, renewed between customers.

    PATH          sums in force, as the operator signed them (formats/signed.py, card_sums.py)
    PATH.next     what comes next: verified in idle time, then renamed

In force is always a whole file of the operator: before the rename the old one, behind it the new
one. A file that cannot be read is out of use and told; caps then know what was sold here alone.
"""

from firmware.errors import FormatError
from firmware.fares.card_sums import VERSION, CardSums
from firmware.formats import signed

NEXT = ".next"
LOOK_MS = 5000
KNOWN = 64  # bytes by which a file that was refused is known again


class HostSums:
    """`day`, `cut_off` and `of(pan)` of the file in force; without one the host says nothing."""

    def __init__(self, settings, hal, report):
        """settings: `sums` names PATH. A signed file is wanted where there is an authority."""
        self.path = settings.more["sums"]
        self.terminal = settings.terminal
        self.authority = signed.Authority(settings.authority, settings.authority_sm2)
        self.hal, self.report = hal, report
        self.blob = self.sums = None
        self.day = self.version = self.told = 0
        self.written = _nothing
        self.next = self.steps = self.refused = None
        self.looked_ms = hal.ticks_ms()
        self._open()

    @property
    def cut_off(self):
        """Number up to which records of this terminal are in the sums, 0: none are. A number that
        was never written here belongs to another journal: then all that was sold here is added.
        """
        return self.told if self.told <= self.written() else 0

    def of(self, pan):
        """[(PAN sequence number, (day_fen, week_fen, month_fen))] of the cards of a number."""
        try:
            return self.sums.of(pan) if self.sums else []
        except (FormatError, OSError) as wrong:
            self._close()
            self._tell("damaged", str(wrong))
            return []

    def turn(self):
        """A slice of what is done between customers: a look for the next file, its check."""
        if self.steps:
            self._step(self.steps)
        elif self.hal.ticks_diff(self.hal.ticks_ms(), self.looked_ms) >= LOOK_MS:
            self.looked_ms = self.hal.ticks_ms()
            self._look()

    def _look(self):
        try:
            self.next = self.hal.open_blob(self.path + NEXT)
        except OSError:
            return
        if _known(self.next) == self.refused:
            self.next.close()
        else:
            self.steps = self._judged(self.next)

    def _judged(self, blob):
        """Generator: FormatError unless the file may be taken."""
        head = signed.read_head(blob, (signed.CARD_SUMS,))
        signed.check_newer(head, self.version)
        signs = self.authority.rsa or self.authority.sm2
        checks = signed.verify if signs else _hashed
        work = checks(blob, head, self.authority)
        while work.step():
            yield
        yield from _sums(work.finish(), head).checked()

    def _step(self, steps):
        try:
            next(steps)
            return
        except StopIteration:
            wrong = ""
        except (FormatError, OSError) as why:
            wrong = str(why)
        known, self.steps = _known(self.next), None
        self.next.close()
        if not wrong:
            try:
                self._close()
                self.hal.rename(self.path + NEXT, self.path)
            except OSError as why:
                wrong = str(why)
            self._open()
        if wrong:
            self.refused = known
            self._tell("refused", wrong)
        else:
            self._tell("taken", "version %d is in force" % self.version)

    def _open(self):
        """Take what is there: its signature is checked, its pages as they are read."""
        try:
            self.blob = self.hal.open_blob(self.path)
        except OSError:
            return
        try:
            head = signed.read_head(self.blob, (signed.CARD_SUMS,))
            if self.authority.rsa or self.authority.sm2:
                signed.verify_head(head, self.authority).finish()
            sums = _sums(signed.Part(self.blob, head.start, head.length), head)
            self.told, self.day = sums.cut_off(self.terminal), sums.day
            self.sums, self.version = sums, head.number
        except (FormatError, OSError) as wrong:
            self._close()
            self._tell("damaged", str(wrong))

    def _close(self):
        if self.blob:
            self.blob.close()
        self.blob = self.sums = None
        self.told = 0

    def _tell(self, word, text):
        self.report({"event": "card_sums", "what": word, "text": text})


def _sums(payload, head):
    if head.format != VERSION:
        raise FormatError("card sums of layout %d, %d is known" % (head.format, VERSION))
    return CardSums(payload)


def _hashed(blob, head, authority):
    return signed.hashed(blob, head)


def _known(blob):
    """What a file is known by from look to look."""
    try:
        return (blob.size, blob.read(0, KNOWN))
    except OSError:
        return (0, b"")


def _nothing():
    return 0
