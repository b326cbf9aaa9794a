# SPDX-License-Identifier: Apache-2.0
"""Books: a ledger in memory for the model of the upload (upload_model.py); it dies when told to.

It stands in the place of host_tools.ledger.Ledger as far as the collector uses it. What a sitting
does becomes true when the `with` block ends well, all at once, as a transaction does.
"""

import copy
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError

from firmware.formats.session_key import Key
from host_tools.ledger.credentials import Credentials, Signer
from host_tools.ledger.entry import Calendar, make_entry
from host_tools.ledger.sitting import SERVED, Standing
from host_tools.ledger.vault import LABORATORY, Vault

NOW_UTC_S = 1795305600
VAULT = Vault(LABORATORY)


class Died(Exception):
    """The collector's process is gone."""


class Rows:
    """What is committed."""

    def __init__(self):
        self.records = {}  # (terminal, sequence) -> record bytes
        self.standings = {}
        self.refusals = {}
        self.aside = []


class BooksSitting:
    """The calls of host_tools.ledger.sitting.Sitting that a collector makes."""

    def __init__(self, rows, raw):
        self.rows = rows
        self.raw = raw
        self.now_utc_s = NOW_UTC_S

    def standings(self, terminals):
        return {one: self.rows.standings[one] for one in terminals if one in self.rows.standings}

    def enrol(self, terminals):
        for one in terminals:
            self.rows.standings.setdefault(one, Standing(SERVED, 0, b"", b"", b"", True))

    def change(self, terminal, **values):
        self.rows.standings[terminal] = self.rows.standings[terminal]._replace(**values)

    def key_used(self, terminal, key_id):
        pass

    def digests(self, terminal, first, last):
        taken = [n for n in range(first, last + 1) if (terminal, n) in self.rows.records]
        return {n: VAULT.seal(terminal, n, self.rows.records[terminal, n])[:16] for n in taken}

    def found_again(self, terminal, sequence):
        assert self.rows.records.pop((terminal, sequence)) == b"", "only what was lost comes back"

    def store(self, entries):
        for one in entries:
            place = (one.terminal, one.sequence)
            assert place not in self.rows.records, "stored twice"
            self.rows.records[place] = self.raw[one.sealed]
            last = max(self.rows.standings[one.terminal].last_sequence, one.sequence)
            self.change(one.terminal, last_sequence=last)

    def lost(self, terminal, most):
        return [n for (_, n), raw in sorted(self.rows.records.items()) if not raw][:most]

    def refuse(self, terminal, reason, times=1):
        self.rows.refusals[terminal, reason] = (
            self.rows.refusals.get((terminal, reason), 0) + times
        )

    def keep_aside(self, terminal, reason, frame):
        self.rows.aside.append((terminal, reason, frame))


class Books:
    """keys: {terminal: secret}. `dies`: "before" or "after" the next commit, or "fails" at it."""

    def __init__(self, keys):
        self.vault = VAULT
        self.keys = {terminal: Key(secret) for terminal, secret in keys.items()}
        self.rows = Rows()
        self.dies = ""
        self.commits = 0
        self._raw = {}
        BooksSitting(self.rows, self._raw).enrol(keys)

    @contextmanager
    def sitting(self, entries=None):
        rows = copy.copy(self.rows)
        rows.records = dict(rows.records)
        rows.standings, rows.refusals = dict(rows.standings), dict(rows.refusals)
        rows.aside = list(rows.aside)
        yield BooksSitting(rows, self._raw)
        dies, self.dies = self.dies, ""
        if dies == "fails":
            raise OperationalError("COMMIT", None, OSError("disk full"))
        if dies == "before":
            raise Died
        self.rows = rows
        self.commits += 1
        if dies == "after":
            raise Died

    def entry(self, terminal, sequence, raw):
        made = make_entry(self.vault, Calendar(3, 28800), NOW_UTC_S, terminal, sequence, raw)
        self._raw[made.sealed] = raw
        return made

    def credentials(self, terminals):
        known = self.rows.standings
        return {
            one: Credentials(True, known[one].session, [Signer("one", True, self.keys[one])])
            for one in terminals
            if one in known
        }
