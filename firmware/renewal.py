# SPDX-License-Identifier: Apache-2.0
"""Which set of parameters is in force, and when the next one is: for units with an `authority`.

Beside the file PATH of the settings a newer set may be laid as PATH.next; who carries it there is
the operator's affair. A set counts when its seal holds (formats/seal.py), when its `effective`
moment has come, and when no set of a higher version was in force here before. What is refused
changes nothing and is told once. The terminal changes between customers, by starting anew; the
set it starts with is PATH from then on.
"""

import hashlib

from firmware.errors import FormatError
from firmware.formats import record, seal

NEXT = ".next"
LOOK_MS = 5000
PARAMETERS = 16  # kind of file in formats/status.py
KEYS_PER_RECORD = 14  # 35 bytes each in the 512 of `chip_data`


def choose(unit, hal, parse):
    """(Parameters, path, digest) of the set in force: the highest version that holds, whose time
    has come and that can be read (QT-011). FormatError when there is none.

    unit: settings with an authority; parse(body, path) -> Parameters; digest: of a PATH.next that
    holds and cannot be used, b"" otherwise.
    """
    found, faults, refused = [], [], b""
    for path in (unit.parameters, unit.parameters + NEXT):
        try:
            text = hal.read_text(path)
            body = seal.opened(text, unit.authority)
            if seal.effective(body) > moment(hal.local_now()):
                continue
            found.append((seal.version(body), path, body))
        except OSError as wrong:
            if path == unit.parameters:
                faults.append(str(wrong))
        except FormatError as wrong:
            faults.append("%s: %s" % (path, wrong))
    for _, path, body in sorted(found, reverse=True):
        try:
            return parse(body, path), path, refused
        except FormatError as wrong:
            faults.append(str(wrong))
            refused = digest_of(hal.read_text(path))
    raise FormatError("; ".join(faults) or "no parameters are in force yet")


def digest_of(text):
    return hashlib.sha256(text.encode()).digest()


def moment(now):
    """YYYYMMDD HHMMSS of (year, month, day, hour, minute, second)."""
    return "%04d%02d%02d %02d%02d%02d" % tuple(now[:6])


def last_version(journal):
    """Version of the set under which the newest record was made, 0 if nobody can tell."""
    for _, data in journal.recent(1):
        try:
            return record.unpack(data)["parameters_version"]
        except FormatError:
            return 0
    return 0


class Renewal:
    """Looks for the next set while a terminal is idle, and says what became of it."""

    def __init__(self, unit, terminal, hal, judged=b""):
        """judged: digest of a text that needs no second look."""
        self.unit = unit
        self.terminal = terminal
        self.hal = hal
        self.judged = judged
        self.looked_ms = hal.ticks_ms()

    def begin(self, path):
        """At the start: refuse a replayed set, keep a new one, confirm it.

        path: where the set came from. FormatError when a later one was in force (QT-012). Index
        and checksum of each CA key go up for the authority to compare (QT-021).
        """
        journal, version = self.terminal.parts.journal, self.terminal.parameters.version
        last = last_version(journal)
        if last > version:
            raise FormatError("parameters of version %d, %d was in force" % (version, last))
        if path != self.unit.parameters:
            self.hal.rename(path, self.unit.parameters)
        if last == version:
            return
        keys = self.terminal.parameters.capks
        for at in range(0, max(1, len(keys)), KEYS_PER_RECORD):
            listed = b"".join([_listed(one) for one in keys[at : at + KEYS_PER_RECORD]])
            self._note("parameters_taken", listed)
        self._tell("version %d is in force, %d CA keys" % (version, len(keys)))

    def due(self):
        """True when a newer set is there and its time has come; looks every LOOK_MS."""
        now = self.hal.ticks_ms()
        if self.hal.ticks_diff(now, self.looked_ms) < LOOK_MS:
            return False
        self.looked_ms = now
        try:
            text = self.hal.read_text(self.unit.parameters + NEXT)
        except OSError:
            return False
        except FormatError as wrong:
            text = str(wrong)  # no UTF-8: without a seal, refused below
        digest = digest_of(text)
        if digest == self.judged:
            return False
        try:
            body = seal.opened(text, self.unit.authority)
            version, active = seal.version(body), self.terminal.parameters.version
            if version <= active:
                raise FormatError("version %d, %d is in force" % (version, active))
            return seal.effective(body) <= moment(self.hal.local_now())
        except FormatError as wrong:
            self.judged = digest
            self.terminal.refused[PARAMETERS] = _version(text)
            self._note("parameters_refused", b"")
            self._tell("refused: %s" % wrong)
        return False

    def _tell(self, text):
        self.terminal.parts.report({"event": "parameters", "text": text})

    def _note(self, reason, listed):
        """An event in the journal, where the last place is a sale's."""
        journal = self.terminal.parts.journal
        if journal.room() > 1:
            values = self.terminal.sale.stamp.onto(record.blank(record.EVENT))
            values["reason"] = reason
            values["chip_data"] = listed
            journal.append(record.pack(values))


def _version(text):
    """Number that a text says it has, 0 where it says none."""
    try:
        return min(seal.version(text), 0xFFFFFFFF)
    except FormatError:
        return 0


def _listed(one):
    """9F06, 9F22 and DF03 of a CA key (qpboc.md 2.10)."""
    index = b"\x9f\x22\x01" + bytes((one.index,))
    return b"\x9f\x06\x05" + one.rid + index + b"\xdf\x03\x14" + one.checksum
