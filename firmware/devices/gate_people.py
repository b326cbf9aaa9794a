# SPDX-License-Identifier: Apache-2.0
"""Whom a gate has let in, who may come again free of charge, and who is inside already.

Three short lists with bounds. What lies in the journal makes them anew after a start:

    Grant    let in and still to go through; oldest first
    Grace    paid and did not go through, or nobody knows: the same card or ticket comes free
             within the grace time (TD-063), which counts from the first time
    Passback went through: not in the same direction again before the other one (TD-067)

A guest is a card, `pan` and `psn`, or a ticket, `pan` = "T" + its number in hex and `psn` 0.
"""

from firmware.devices import window
from firmware.formats import record

MOST_GRACES = 64
MOST_INSIDE = 256
# A guest for whom this follows in the journal has not gone through, as far as anybody knows
FACTS = ("opened", "passed", "not_passed", "unknown")
# Reasons of events that let somebody in without a debit
LET_IN = ("ticket_ok", "pass_valid", "free_ride", "staff")
RESTORED = 256  # records read at the start


class Grant:
    """Some people who were let in by one sale or event: `sequence` of the journal."""

    def __init__(self, sequence, pan, psn, persons, since=None):
        self.sequence = sequence
        self.pan, self.psn = pan, psn
        self.persons = persons  # still to come
        self.through = 0  # of them, not yet written down
        self.opened = False  # written down
        self.since = since  # window of the grace time, None before it began


class Graces:
    """Guests who may come again free of charge."""

    def __init__(self, grace_s, clock):
        self.grace_s = grace_s
        self.clock = clock
        self.grants = []  # oldest first

    def add(self, grant, since=None):
        """These people did not go through; since: their window, from now on by default."""
        grant.since = grant.since or since or window.opened(self.clock, self.grace_s)
        if self.left_ms(grant) > 0 and grant.persons > 0:
            self.grants.append(grant)
        if len(self.grants) > MOST_GRACES:
            self.grants.pop(0)

    def find(self, pan, psn):
        """The grant of a guest; psn None: not known yet."""
        for grant in self.grants:
            if grant.pan == pan and psn in (None, grant.psn) and self.left_ms(grant) > 0:
                return grant
        return None

    def take(self, grant):
        """They are let in again."""
        self.grants.remove(grant)

    def forget(self):
        """Drop whose time is over."""
        for grant in tuple(self.grants):
            if self.left_ms(grant) <= 0:
                self.grants.remove(grant)

    def left_ms(self, grant):
        """What is left of a grant's grace time."""
        return window.left_ms(self.clock, grant.since)


class Passback:
    """Who went through in which direction, for `length_s`; 0: nobody is kept."""

    def __init__(self, length_s, clock):
        self.length_s = length_s
        self.clock = clock
        self.rows = []  # (pan, direction, window), oldest first

    def note(self, pan, direction, since=None):
        """This guest went through; what was known of it counts no more."""
        if not self.length_s or not pan:
            return
        self.rows = [row for row in self.rows if row[0] != pan]
        self.rows.append((pan, direction, since or window.opened(self.clock, self.length_s)))
        if len(self.rows) > MOST_INSIDE:
            self.rows.pop(0)

    def holds(self, pan, direction):
        """True when this guest went the same way last."""
        for row in self.rows:
            if row[0] == pan and row[1] == direction:
                return window.left_ms(self.clock, row[2]) > 0
        return False

    def forget_all(self):
        """After a fire nobody is known to be inside (TD-067)."""
        self.rows = []


def guest_of(values):
    """(pan, psn) of a record dict; of a ticket its number, which no card can have."""
    if values["pan"]:
        return record.pan_digits(values["pan"]), values["psn"]
    ticket = ticket_of(values)
    return ("T%08x" % ticket if ticket else ""), 0


def ticket_of(values):
    """Number of the ticket in the `trade_data` of a gate's record, 0 for none."""
    data = values["trade_data"]
    return int.from_bytes(data[2:6], "big") if len(data) >= 6 else 0


def restored(recent, clock, stamp, graces, passback):
    """Fill both lists from the journal; the grants whose people nobody knows of.

    recent(count): (sequence, record dict), newest first, so that what happened to a sale is read
    before the sale. Only the first grace time of each counts.
    """
    facts, unknown, found, fire = {}, [], [], False
    trusted, dated = stamp.trusted(), stamp.ages()
    for sequence, values in recent(RESTORED):
        reason, at_s = values["reason"], values["time_utc_s"]
        is_event = values["kind"] == record.EVENT
        if is_event and reason == "fire":
            fire = True
        elif is_event and reason in FACTS:
            through, ended_s = facts.get(values["reference"], (0, None))
            if reason == "passed":
                through += values["riders"]
                if not fire:
                    _inside(values, clock, trusted, passback)
            elif reason != "opened":
                ended_s = at_s
            facts[values["reference"]] = (through, ended_s)
        elif values["kind"] == record.APPROVED or (is_event and reason in LET_IN):
            through, ended_s = facts.pop(sequence, (0, None))
            pan, psn = guest_of(values)
            grant = Grant(sequence, pan, psn, max(1, values["riders"]) - through)
            grant.since = window.opened_before(
                clock, graces.grace_s, at_s if ended_s is None else ended_s, dated
            )
            if grant.pan and grant.persons > 0:
                found.append((grant, ended_s is None))
    passback.rows.reverse()
    for grant, untold in reversed(found):
        if untold:
            unknown.append(grant)
        graces.add(grant)
    return unknown


def _inside(values, clock, trusted, passback):
    """Newest first: what is known already is later than this."""
    pan, _ = guest_of(values)
    if pan and passback.length_s and not [row for row in passback.rows if row[0] == pan]:
        since = window.opened_before(clock, passback.length_s, values["time_utc_s"], trusted)
        if window.left_ms(clock, since) > 0 and len(passback.rows) < MOST_INSIDE:
            passback.rows.append((pan, values["direction"], since))
