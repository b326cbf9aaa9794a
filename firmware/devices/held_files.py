# SPDX-License-Identifier: Apache-2.0
"""Which files a unit takes from its host, where they lie, and which of them are in force.

Only files that an authority of the settings has signed: a unit without one takes none.
"""

from firmware.errors import FormatError
from firmware.formats import signed, status

NEXT = ".next"
NEW = ".new"  # of fare tables: .next may be in force already (tariff.py)
SIGNED = (  # setting, kind, where it is laid
    ("fares", status.FARES, NEW),
    ("allow", status.ALLOW_LIST, NEXT),
    ("sums", status.CARD_SUMS, NEXT),
)
NOT_TAKEN, RETURNED = 4, 5  # of FAULTS in formats/status.py
DENY = (status.DENY_LIST, status.DENY_CHANGES)


def places(unit):
    """[(kind, PATH, where a whole file is laid)] for Downloads; unit: Settings."""
    found = []
    if unit.authority:
        found.append((status.PARAMETERS, unit.parameters, unit.parameters + NEXT))
    if unit.authority or unit.authority_sm2:
        for kind in DENY if "deny_list" in unit.more else ():
            path = unit.more["deny_list"]
            found.append((kind, path, path + NEXT))
        for key, kind, ending in SIGNED:
            if unit.more.get(key):
                path = unit.more[key].split()[0]
                found.append((kind, path, path + ending))
    return found


class HeldFiles:
    """What a terminal holds: numbers of the files in force, and of those it did not take."""

    def __init__(self, unit, terminal, store):
        """store: the hal, for open_blob."""
        self.unit = unit
        self.terminal = terminal
        self.store = store
        self.places = places(unit)
        self.update = None  # boot/update.py, where the program is renewed

    def renews(self, update, path):
        """The program is one of the files; path: PATH of its download."""
        self.update = update
        self.places.append((status.PROGRAM, path, path + NEXT))

    def kinds(self):
        """The kinds of files that are taken here."""
        return [one[0] for one in self.places]

    def in_force(self, kind):
        """Number of the file in force, 0 for none."""
        if kind == status.PARAMETERS:
            return self.terminal.parameters.version
        if kind == status.PROGRAM:
            return self.update.in_force()
        if kind in DENY:
            deny = self.terminal.sale.deny
            one = deny.full if kind == status.DENY_LIST else deny.changes
            return one.head.number if one else 0
        return max([self._number(path, kind) for path in self._paths(kind)])

    def newest(self, kind):
        """Number of the newest file that would be in the way of an older one."""
        if kind in DENY:
            return max([self.in_force(one) for one in DENY])
        return self.update.newest() if kind == status.PROGRAM else self.in_force(kind)

    def news(self):
        """What the host is told of at once when it changes, but for what others know."""
        one = self.update
        return (one.in_force(), one.refused, one.left()) if one else ()

    def trying(self, kind):
        """Number of a file that was taken for a while, to be judged by what comes of it."""
        return self.update.trying() if kind == status.PROGRAM else 0

    def refused(self, kind):
        """(number, why as in FAULTS) of the last file of a kind that was laid and not taken, zeros
        for none.
        """
        if kind == status.PROGRAM:
            left, refused = self.update.left(), self.update.refused
            return (left, RETURNED) if left > refused else (refused, NOT_TAKEN)
        number = self.terminal.refused.get(kind, 0)
        if kind in DENY:
            judged, number = getattr(self.terminal.sale.deny, "refused", (0, 0))
            number = number if judged == kind else 0
        return number, NOT_TAKEN

    def _paths(self, kind):
        for key, one, _ in SIGNED:
            if one == kind:
                named = self.unit.more[key].split()[:2]
                return named + [named[0] + NEXT] if kind == status.FARES else named[:1]
        return []

    def _number(self, path, kind):
        """Of a file on the disk; it was verified when it was taken."""
        try:
            blob = self.store.open_blob(path)
        except OSError:
            return 0
        try:
            return signed.read_head(blob, (kind,)).number
        except (FormatError, OSError):
            return 0
        finally:
            blob.close()
