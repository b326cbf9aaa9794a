# SPDX-License-Identifier: Apache-2.0
"""Files that are read when a unit is put together: what lies beside them is taken at the start.

    PATH.next     a newer allow list: takes the place of PATH once its moment has come
    PATH.new      a newer fare table: takes the place of the next one, which takes that of PATH if
                  it is in force (tariff.py); trips that were begun keep their table (TD-007)

Signed by the authority of the settings, of a higher number, whole: else what is there stays, and
is in force byte for byte as it was signed (TD-020). While the terminal runs NextFiles looks for
such a file between customers, verifies it in slices and asks for a new start. Power may be cut at
either rename: the next start goes on.
"""

from firmware.errors import FormatError
from firmware.formats import signed, status

NEXT, NEW = ".next", ".new"
LOOK_MS = 5000
KNOWN = 600  # bytes by which a file that was refused is known again: head and signature


def authority_of(unit):
    """Authority of Settings, None where there is none."""
    found = signed.Authority(unit.authority, unit.authority_sm2)
    return found if found.rsa or found.sm2 else None


def take_list(unit, hal, path):
    """At the start: let PATH.next take the place of PATH, if it may; nothing is raised."""
    authority = authority_of(unit)
    kinds = (signed.ALLOW_LIST,)
    if not authority or not _is_good(hal, path + NEXT, kinds, authority):
        return
    coming = _head(hal, path + NEXT, kinds)
    if coming.number > _number(hal, path, kinds) and signed.is_due(coming, hal.local_now()):
        _rename(hal, path + NEXT, path)


def fare_paths(unit, hal):
    """[PATH of the table in force, PATH of the next one], after PATH.new was taken, if it may."""
    named = unit.more.get("fares", "").split()[:2]
    authority = authority_of(unit)
    if not authority or not named:
        return named
    first = named[0]
    second = named[1] if len(named) > 1 else first + NEXT
    kinds = (signed.FARES,)
    if _is_good(hal, first + NEW, kinds, authority):
        last = _head(hal, second, kinds)
        newest = max(_number(hal, first, kinds), last.number if last else 0)
        if _head(hal, first + NEW, kinds).number > newest:
            in_force = last and signed.is_due(last, hal.local_now())
            if in_force and _is_good(hal, second, kinds, authority):
                _rename(hal, second, first)
            _rename(hal, first + NEW, second)
    return named if len(named) > 1 or not _head(hal, second, kinds) else [first, second]


class NextFiles:
    """Says when a start would take one of `places`: rows (kind, PATH, where it is laid)."""

    def __init__(self, unit, terminal, hal, places):
        self.places = [one for one in places if one[0] in (status.FARES, status.ALLOW_LIST)]
        self.authority = authority_of(unit)
        self.terminal = terminal
        self.hal = hal
        self.judged = {}  # path: (what a file there is known by, whether it is good)
        self.at = 0
        self.steps = self.blob = None
        self.due_now = False
        self.looked_ms = hal.ticks_ms()

    def due(self):
        """A look or a slice; True when the terminal should start anew."""
        if self.steps:
            return self._step()
        now = self.hal.ticks_ms()
        if not self.places or self.hal.ticks_diff(now, self.looked_ms) < LOOK_MS:
            return False
        self.looked_ms = now
        self.at = (self.at + 1) % len(self.places)
        return self._look(self.places[self.at])

    def _look(self, place):
        """True for a file that was found good before and whose moment has come since."""
        kind, _, path = place
        try:
            blob = self.hal.open_blob(path)
        except OSError:
            return False
        known, good = self.judged.get(path, (None, False))
        if known != _known(blob):
            self.blob, self.steps = blob, self._judge(blob)
            return False
        blob.close()
        head = _head(self.hal, path, (kind,)) if good else None
        return bool(head) and signed.is_due(head, self.hal.local_now())

    def _judge(self, blob):
        """Generator: FormatError unless a start would take the file; `due_now`: at once."""
        kind, path, _ = self.places[self.at]
        head = signed.read_head(blob, (kind,))
        paths = (path,) if kind == status.ALLOW_LIST else (path, path + NEXT)
        newest = max([_number(self.hal, one, (kind,)) for one in paths])
        signed.check_newer(head, newest)
        work = signed.verify(blob, head, self.authority)
        while work.step():
            yield
        work.finish()
        self.due_now = kind == status.FARES or signed.is_due(head, self.hal.local_now())

    def _step(self):
        kind, _, path = self.places[self.at]
        wrong, due = "", False
        try:
            for _ in self.steps:
                return False
            due = self.due_now
        except (FormatError, OSError) as why:
            wrong = str(why)
        self.judged[path] = (_known(self.blob), not wrong)
        if wrong:
            self.terminal.refused[kind] = _number(self.hal, path, (kind,))
            said = {"event": "file_refused", "path": path, "text": wrong}
            self.terminal.parts.report(said)
        self.blob.close()
        self.steps = self.blob = None
        return due


class Watches:
    """Several that may ask for a new start, between customers."""

    def __init__(self, each):
        self.each = each

    def due(self):
        """True when one of them does."""
        return any([one.due() for one in self.each])


def _is_good(hal, path, kinds, authority):
    """True for a file that the authority signed and that can be used."""
    try:
        blob = hal.open_blob(path)
    except OSError:
        return False
    try:
        head, payload = signed.opened(blob, authority, kinds)
        if head.kind == signed.FARES:
            from firmware.fares import engine, layout  # for units that have fares

            return head.format == layout.LAYOUT and engine.Fares(payload).version == head.number
        from firmware.formats.allow_list import AllowList  # for units that have a list

        return AllowList(payload).version == head.number
    except (FormatError, OSError):
        return False
    finally:
        blob.close()


def _head(hal, path, kinds):
    """Head of a file, None where there is none."""
    try:
        blob = hal.open_blob(path)
    except OSError:
        return None
    try:
        return signed.read_head(blob, kinds)
    except (FormatError, OSError):
        return None
    finally:
        blob.close()


def _number(hal, path, kinds):
    found = _head(hal, path, kinds)
    return found.number if found else 0


def _known(blob):
    try:
        return (blob.size, blob.read(0, KNOWN))
    except OSError:
        return (0, b"")


def _rename(hal, old, new):
    try:
        hal.rename(old, new)
    except OSError:
        pass  # what is there stays; the next start tries again
