# SPDX-License-Identifier: Apache-2.0
"""A camera over all gates: who was where when, what each tap should have cost, which trips are.

It knows the rules of the operator and the prices as a formula (plan.py), sees where a rider taps,
which clock that terminal shows, whether the gate opens and what is gone from his card afterwards.
It shares no code with the terminals and reads no record of theirs; at the end its trips are held
against those of the ledger, stamp by stamp.
"""

from collections import Counter, namedtuple

from sim.metro.plan import (
    AHEAD_S,
    ENTRY,
    EXIT,
    INSIDE,
    LEAVE_S,
    LONGEST_S,
    TURN_S,
    UNKNOWN_FEN,
    fare_fen,
    refuses,
)

NEAR_S = 3  # of a limit: either side is right, a tap takes its time

# Where a card was stamped in: station, second that the terminal's clock showed; key: (terminal,
# record); adjusted: whether a kiosk did it
Stamp = namedtuple("Stamp", ("station", "at_s", "key", "adjusted"))


class Trips:
    """What the camera has seen of one card."""

    def __init__(self):
        self.stamp = None  # Stamp while it is inside
        self.left = None  # ((terminal, record), second) of its last exit


class Camera:
    """`rows`: {(terminal, record): [state, from, to, fen, by]} of honest cards, by: the record
    that ended it; `broken`: sentences.
    """

    def __init__(self):
        self.seen = {}
        self.rows = {}
        self.unsure = set()  # keys of stamps behind which no gate opened
        self.nameless = 0
        self.broken = []
        self.counts = Counter()

    def tapped(self, rider, unit, at_s, made, sequence, opened, again=False):
        """One tap of an honest card: made: fen of debits that became final in it, in their order;
        opened: whether the gate opened behind it; again: it did so by a stamp of a tap before,
        which need not be settled.
        """
        trips = self.seen.setdefault(rider, Trips())
        if len(made) > 1:
            self.broken.append(f"rider {rider} was debited {len(made)} times in one tap")
        for fen in made[:1]:
            due = wanted(unit, trips.stamp, at_s)
            if fen not in due:
                said = " or ".join(str(one) for one in sorted(due)) or "nothing"
                self.broken.append(
                    f"rider {rider} at {unit.what} {unit.station}: {fen} fen, the camera says"
                    f" {said} ({trips.stamp})"
                )
            self.nameless -= sequence == 0  # its terminal lost power: the record has a number
            named = (unit.number, sequence or self.nameless)
            self._stamp(trips, unit, at_s, fen, named)
            self.unsure.add(named)
        key = self._last_key(trips, unit, at_s)
        if opened and not key:
            self.broken.append(f"rider {rider} was let through at {unit.station} without a stamp")
        if opened and not again and key and key[1] > 0:
            self.unsure.discard(key)

    def put_right(self, unit, sequence):
        """A kiosk has said so."""
        self.unsure.discard((unit.number, sequence))

    def _last_key(self, trips, unit, at_s):
        """(terminal, record) by which this gate may open for the card, None without one."""
        if unit.what == ENTRY:
            stamp = trips.stamp
            return stamp.key if stamp and stamp.key[0] == unit.number else None
        if unit.what != EXIT or not trips.left:
            return None
        return trips.left[0] if trips.left[0][0] == unit.number else None

    def _stamp(self, trips, unit, at_s, fen, key):
        before = trips.stamp
        enters = unit.what in (ENTRY, INSIDE)
        if before and unit.what != ENTRY:
            state = "adjusted" if unit.what == INSIDE else "closed"
            fen_of_both = self.rows[before.key][3] + fen
            self.rows[before.key] = [state, before.station, unit.station, fen_of_both, key]
        elif not before and unit.what == EXIT:
            self.rows[key] = ["exit_only", 0, unit.station, fen, key]
        if enters:
            # what a kiosk takes of a card without an entry is this trip's, else that of the last
            self.rows[key] = ["open", unit.station, 0, 0 if before else fen, key]
            trips.stamp = Stamp(unit.station, at_s, key, unit.what == INSIDE)
            self.counts["rides" if unit.what == ENTRY else "put right inside"] += 1
        else:
            trips.stamp, trips.left = None, (key, at_s)
            self.counts["left" if unit.what == EXIT else "put right outside"] += 1

    def against(self, trips):
        """Sentences on what the ledger's trips say otherwise: Trip of host_tools.ledger.stamps."""
        faults, found = [], {(one.terminal, one.sequence): one for one in trips}
        for key, (state, origin, to, fen, by) in self.rows.items():
            if key in self.unsure or by in self.unsure:
                self.counts["not compared: a tap that nobody has settled"] += 1
                continue
            one = found.get(key)
            said = one and (one.state, one.from_place, one.to_place, one.amount_fen)
            if said != (state, origin, to, fen):
                saw = f"{state} {origin}-{to} {fen}"
                faults.append(f"stamp {key}: the camera saw {saw}, not {said}")
            self.counts["trips compared"] += 1
        return faults


def wanted(unit, stamp, at_s):
    """{fen} of which one may be debited here from a card that was stamped in so; {}: none."""
    if unit.what == ENTRY:
        return set() if stamp else {0}
    if stamp is None:
        takes = unit.what == INSIDE or unit.what == EXIT and not refuses(unit.station)
        return {UNKNOWN_FEN} if takes else set()
    passed_s = at_s - stamp.at_s
    found = set()
    for one_s in (passed_s - NEAR_S, passed_s, passed_s + NEAR_S):
        found |= {EXIT: _exit, INSIDE: _inside}.get(unit.what, _outside)(unit, stamp, one_s)
    return found


def _exit(unit, stamp, passed_s):
    here = stamp.station == unit.station
    if passed_s < -AHEAD_S:
        return set()
    if here and (passed_s <= TURN_S or stamp.adjusted and passed_s <= LEAVE_S):
        return {0}
    if passed_s > LONGEST_S:
        return set() if refuses(unit.station) else {UNKNOWN_FEN}
    return {fare_fen(stamp.station, unit.station)}


def _inside(unit, stamp, passed_s):
    if passed_s < -AHEAD_S or passed_s > LONGEST_S:
        return {UNKNOWN_FEN}
    return set()


def _outside(unit, stamp, passed_s):
    if passed_s < -AHEAD_S:
        return {UNKNOWN_FEN}
    turned = stamp.station == unit.station and passed_s <= TURN_S
    return {0} if turned or stamp.adjusted else {UNKNOWN_FEN}
