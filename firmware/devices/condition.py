# SPDX-License-Identifier: Apache-2.0
"""Condition: what this terminal says of itself when it calls its host (formats/status.py).

Gathered when it is asked for, once a session; between two of them it costs a byte a tap. A part
that cannot say something says nothing: the word of a broken terminal matters most.
"""

from firmware.devices.tap_times import TapTimes
from firmware.errors import FormatError
from firmware.formats import fields, record, status
from firmware.journal.wear import wear

TOP_2, TOP_4 = 0xFFFF, 0xFFFFFFFF
CODES_MOST = 8


class Condition:
    """terminal: of terminal.py; held: HeldFiles; downloads: Downloads, or None; reset: why it
    started, a number of RESETS.
    """

    def __init__(self, terminal, held, downloads, reset):
        self.terminal = terminal
        self.held = held
        self.downloads = downloads
        self.reset = reset
        self.board = ""  # word of it, where the program is renewed
        self.times = TapTimes()
        self.host = None  # SignedUpload, whose `told_ms` says when the host was told
        self.told = None  # what was news then

    def idle(self):
        """Between customers: a slice of a hash; the host is told at once that a file came, went
        into force or was refused.
        """
        if self.downloads:
            self.downloads.turn()
        if self.host and self.told != self._news():
            self.host.told_ms = None

    def _news(self):
        ended = self.downloads.ended if self.downloads else 0
        deny = self.terminal.sale.deny
        news = (ended, deny.version, getattr(deny, "refused", 0), len(self.terminal.refused))
        return news + self.held.news()

    def tapped(self, sold, total_us):
        """A tap has ended."""
        self.times.add(total_us, sold.message in ("card_lost", "last_record_lost"))

    def packed(self):
        """STATUS_V1 as bytes; b"" where it cannot be said."""
        self.told = self._news()
        try:
            return fields.pack(status.STATUS_V1, self.values())
        except (FormatError, OSError):
            return b""

    def values(self):
        """The dict of STATUS_V1."""
        terminal, journal = self.terminal, self.terminal.parts.journal
        _, wear_most, wear_mean = wear(journal)
        counts = self.downloads.counts if self.downloads else {}
        return {
            "firmware": status.FIRMWARE + ("+" + self.board if self.board else ""),
            "files": [self._file(kind) for kind in self.held.kinds()],
            "ca_keys": min(len(terminal.sale.keys.capks), 255),
            "wear_most": min(wear_most, TOP_4),
            "wear_mean": min(wear_mean, TOP_4),
            "fill_percent": min(int(100 * journal.fill()), 100),
            "backlog": max(0, journal.next - 1 - journal.acknowledged),
            "oldest_s": self._oldest_s(),
            "taps": self.times.taps,
            "torn": self.times.torn,
            "p95_ms": self.times.p95_ms(),
            "clock": self._clock(),
            "reset": self.reset,
            "self_test": bytes(terminal.codes[:CODES_MOST]),
            "disk_full": counts.get(1, 0),
            "wrong_hash": counts.get(2, 0),
        }

    def _oldest_s(self):
        """Age of the first record that waits, by its own clock."""
        journal = self.terminal.parts.journal
        if not journal.waiting():
            return 0
        items = journal.unsent(1, 1)
        try:
            began_s = record.unpack(items[0][1])["time_utc_s"]
        except (FormatError, IndexError):
            return status.UNKNOWN_AGE
        age_s = self.terminal.parts.clock.time_utc_s() - began_s
        return age_s if 0 <= age_s < status.UNKNOWN_AGE else status.UNKNOWN_AGE

    def _clock(self):
        stamp = self.terminal.sale.stamp
        if not stamp.trusted():
            return 2
        return 0 if stamp.exact() else 1

    def _file(self, kind):
        in_force = self.held.in_force(kind)
        laid = self.downloads.laid(kind) if self.downloads else 0
        laid = max(laid, self.held.trying(kind))
        refused, why = self.held.refused(kind)
        if self.downloads and kind in self.downloads.faults:
            refused, why = self.downloads.faults[kind]
        if refused <= in_force:
            refused = why = 0
        return (kind, in_force, laid if laid > in_force else 0, refused, why)
