# SPDX-License-Identifier: Apache-2.0
"""The deny list in a file: looked up at each card, renewed between customers (TD-014, TD-024).

    PATH          full list in force, as the operator signed it (formats/signed.py, deny_list.py)
    PATH.delta    changes to it, likewise; counts while its base is the number of PATH
    PATH.next     what comes next, one or the other: judged in idle time, then renamed

What is in force is always byte for byte what the operator signed: changes are asked before the
full list and never worked into it. So a change costs a small file and one rename, not a million
entries written anew, and power may be cut at any write: before the rename the old list is in
force, behind it the new one.

A card number that stands in the changes is judged by them alone. A list that cannot be read any
more is out of use and told; sales go on, as the records show by `deny_list_version`.
"""

import hashlib
from collections import namedtuple

from firmware.devices.guard import GoodCards, poison
from firmware.devices.rules import DenyTable
from firmware.errors import FormatError
from firmware.formats import record, signed
from firmware.formats.deny_list import DenyFile, entries_of, hit

NEXT, CHANGES = ".next", ".delta"
KINDS = (signed.DENY_LIST, signed.DENY_DELTA)
LOOK_MS = 5000
IDLE_MS = 10  # of one turn of the loop for slices, each a millisecond or three on a board
AGAIN_MS = 600000  # a refused file is judged once more: its end may have come late
KNOWN = 600  # bytes by which a file is known again: head and signature

InForce = namedtuple("InForce", ("head", "listed", "blob"))


class DenyList(DenyTable):
    """The lines of the parameters and the files, asked together (TD-014)."""

    idle_ms = IDLE_MS

    def __init__(self, unit, parameters, hal, report):
        """unit: Settings whose `deny_list` names PATH."""
        DenyTable.__init__(self, parameters.deny, parameters.deny_list_version)
        self.own_version = self.version
        self.path = unit.more["deny_list"]
        self.authority = signed.Authority(unit.authority, unit.authority_sm2)
        self.parameters = parameters
        self.hal = hal
        self.report = report
        self.good = GoodCards()
        self.journal = self.stamp = None
        self.full = self.changes = None  # InForce
        self.asked = None  # (card number, its entries) of the last question
        self.steps = self.next = None  # what idle time is used for, and the file it judges
        self.seen = self.judged = None  # PATH.next as it was at the last look, as refused
        self.looked_ms = self.judged_ms = hal.ticks_ms()
        self.untold = []  # (reason word, text) of events that wait for idle time
        self.said = ""
        self.refused = (0, 0)  # (kind, number) of the last file that was not taken

    def start(self, journal, stamp, recent):
        """Before the terminal's start; recent(count): (sequence, record dict), newest first."""
        self.journal, self.stamp = journal, stamp
        last = 0
        for _, values in recent(1):
            last = values["deny_list_version"]
        self._open()
        if self.version < last:
            self._tell("older", "version %d, %d was in force" % (self.version, last))

    # --- what sale and rules ask

    def holds(self, pan, psn):
        """True when a list names this card."""
        if DenyTable.holds(self, pan, psn):
            self.asked = (pan, ())  # why and since when, nobody has said
            return True
        return hit(self._entries(pan), psn) is not None

    def names(self, pan):
        """True when any card of this number is listed."""
        return DenyTable.names(self, pan) or bool(self._entries(pan))

    def why(self, pan, psn):
        """(reason, YYMMDD) of a card that a list holds, each "" where nobody has said it."""
        found = hit(self._entries(pan), psn)
        return (found.reason, found.date) if found else ("", "")

    def shown(self):
        """Version, and since when the card that was asked for is listed (TD-024)."""
        date = self.asked[1][0].date if self.asked and self.asked[1] else ""
        return "%d/%s" % (self.version, date) if date else str(self.version)

    def paid(self, pan, psn):
        """A card has paid: one of those by which the next list is judged."""
        self.good.add(pan, psn)

    def _entries(self, pan):
        """Entries of a card number in the files, empty where it is free."""
        if self.asked and self.asked[0] == pan:
            return self.asked[1]
        try:
            found = entries_of(pan, [one.listed for one in (self.changes, self.full) if one])
        except (FormatError, OSError) as wrong:
            self._drop("while a card was looked up: %s" % wrong)
            found = ()
        self.asked = (pan, found)
        return found

    # --- between customers

    def idle(self):
        """Some slices: events, the file that is judged, a look for the next one."""
        if self.untold:
            self._note(*self.untold.pop(0))
        elif self.steps is None:
            self._look()
        else:
            began = self.hal.ticks_ms()
            self._step(self.steps)
            while self.steps and self.hal.ticks_diff(self.hal.ticks_ms(), began) < self.idle_ms:
                self._step(self.steps)

    def _step(self, steps):
        try:
            next(steps)
            return
        except StopIteration as end:
            verdict = end.value
        except (FormatError, OSError) as wrong:
            verdict = str(wrong)
        self.steps = None
        if self.next is None:
            if verdict:
                self._drop(verdict)
            return
        blob, self.next = self.next, None
        blob.close()
        if isinstance(verdict, signed.Head):
            self._take(verdict)
        else:
            self._refuse(verdict)

    def _look(self):
        """Begin to judge PATH.next, once it has stood unchanged from one look to the next."""
        now = self.hal.ticks_ms()
        if self.hal.ticks_diff(now, self.looked_ms) < LOOK_MS:
            return
        self.looked_ms = now
        if self.hal.ticks_diff(now, self.judged_ms) >= AGAIN_MS:
            self.judged = None
        try:
            blob = self.hal.open_blob(self.path + NEXT)
        except OSError:
            self.seen = None
            return
        known = _known(blob)
        settled, self.seen = known == self.seen, known
        if settled and known != self.judged and self._is_due(blob):
            self.next, self.steps = blob, self._judge(blob)
        else:
            blob.close()

    def _is_due(self, blob):
        try:
            return signed.is_due(signed.read_head(blob, KINDS), self.hal.local_now())
        except (FormatError, OSError):
            return True  # and is refused with its reason

    def _judge(self, blob):
        """Generator: Head of a file that may be taken, else text why not."""
        head = signed.read_head(blob, KINDS)
        signed.check_newer(head, self._number())
        payload = yield from _worked(signed.verify(blob, head, self.authority))
        listed = DenyFile(payload)
        yield from listed.checked()
        base = self.full.head.number if self.full else 0
        wanted = base if head.kind == signed.DENY_DELTA else 0
        if listed.base != wanted or (head.kind == signed.DENY_DELTA and not base):
            return "changes of version %d, %d is in force" % (listed.base, base)
        poisoned = yield from self._guard(head, listed)
        return "poison: " + poisoned if poisoned else head

    def _guard(self, head, listed):
        """Generator: text why a list is not to be believed, "" else (terminals.md 8, 9)."""
        full = [self.full.listed] if self.full else []
        old = ([self.changes.listed] if self.changes else []) + full
        new = [listed] + (full if head.kind == signed.DENY_DELTA else [])
        return (yield from poison(self.parameters, old, new, self.good))

    def _take(self, head):
        """The one rename; what was judged has to be what is there."""
        try:
            blob = self.hal.open_blob(self.path + NEXT)
            same = blob.read(0, signed.HEAD) == head.signed
            blob.close()
            if not same:
                raise FormatError("it was changed while it was judged")
            self._close()
            changes = head.kind == signed.DENY_DELTA
            self.hal.rename(self.path + NEXT, self.path + (CHANGES if changes else ""))
        except (FormatError, OSError) as wrong:
            self._open()
            self._refuse(str(wrong))
            return
        self._open()
        if self.version == head.number:
            self._tell("taken", "version %d is in force" % self.version)

    def _refuse(self, text):
        self.judged, self.judged_ms = self.seen, self.hal.ticks_ms()
        self.refused = self._number_of_next()
        if text != self.said:
            self.said = text
            word = "poisoned" if text.startswith("poison") else "refused"
            self._tell(word, text)

    def _number_of_next(self):
        """(kind, number) of the file that was judged, (0, 0) where its head cannot be read."""
        try:
            blob = self.hal.open_blob(self.path + NEXT)
        except OSError:
            return (0, 0)
        try:
            head = signed.read_head(blob, KINDS)
            return (head.kind, head.number)
        except (FormatError, OSError):
            return (0, 0)
        finally:
            blob.close()

    # --- the files

    def _open(self):
        """Open what is in force: signatures now, hashes in idle time."""
        self._close()
        self.full = self._opened(self.path, signed.DENY_LIST)
        if self.full:
            self.changes = self._opened(self.path + CHANGES, signed.DENY_DELTA)
        if self.changes and not self._follows():
            self.changes.blob.close()
            self.changes = None
        self.version = self._number() or self.own_version
        self.steps = self._rehash()

    def _follows(self):
        """True when the changes are those of the full list; others are left from an older one."""
        base = self.full.head.number
        return self.changes.listed.base == base and self.changes.head.number > base

    def _opened(self, path, kind):
        """InForce of a file, None where there is none or it cannot be used."""
        try:
            blob = self.hal.open_blob(path)
        except OSError:
            return None
        try:
            head = signed.read_head(blob, (kind,))
            signed.verify_head(head, self.authority).finish()
            return InForce(head, DenyFile(signed.Part(blob, head.start, head.length)), blob)
        except (FormatError, OSError) as wrong:
            blob.close()
            self._tell("damaged", "%s: %s" % (path, wrong))
            return None

    def _rehash(self):
        """Generator: FormatError when a file in force is not what was signed any more."""
        for one in (self.full, self.changes):
            if one:
                yield from _worked(signed.verify(one.blob, one.head, self.authority))

    def _drop(self, text):
        """Both are out of use: changes alone would say nothing."""
        self._close()
        self.version = self.own_version
        self._tell("damaged", text)

    def _close(self):
        for one in (self.full, self.changes, self.next and InForce(None, None, self.next)):
            if one:
                one.blob.close()
        self.full = self.changes = self.next = self.steps = self.asked = None

    def _number(self):
        """Version in force by the files, 0 without one."""
        newest = self.changes or self.full
        return newest.head.number if newest else 0

    # --- what is told

    def _tell(self, word, text):
        self.report({"event": "deny_list", "what": word, "text": text})
        if len(self.untold) < 4:
            self.untold.append((word, self.version))

    def _note(self, word, version):
        """An event in the journal, where the last place is a sale's."""
        if self.journal.room() > 1:
            values = self.stamp.onto(record.blank(record.EVENT))
            values["reason"], values["reference"] = "deny_list_" + word, version
            self.journal.append(record.pack(values))


def _known(blob):
    """What a file is known by from look to look."""
    try:
        return (blob.size, hashlib.sha256(blob.read(0, KNOWN)).digest())
    except OSError:
        return (0, b"")


def _worked(work):
    """Generator: the result of a Work, slice by slice; raises what it raises."""
    while work.step():
        yield
    return work.finish()
