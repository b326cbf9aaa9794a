# SPDX-License-Identifier: Apache-2.0
"""The rides that a card remembers, as a bus reads and writes them (JR/T 0025.14 §7; QX-063).

A ride is a dict of the ring's layout (firmware/capp/layouts.py). A ring that cannot be read as
rides gives no discount and keeps nobody from riding: what is no ride is left out.
"""

from firmware.capp import layouts
from firmware.capp import trip as rules_of_trips
from firmware.errors import FormatError
from firmware.kernel.capp import CYCLIC_FILE, Change

METRO_LINE = -1  # of a metro's ride, which no bus line is
METRO, BUS = 1, 2


def page_at(pages, sfi):
    """The Page of a file, None where it was not read."""
    for page in pages:
        if page.sfi == sfi:
            return page
    return None


def all_of(pages, layout):
    """Rides of the ring, newest first."""
    found = []
    for page in pages:
        if page.sfi == CYCLIC_FILE:
            try:
                found.append(layouts.read(layout, page.data))
            except FormatError:
                continue
    return found


def counted(rides, here, codes, metro):
    """Those that a transfer may go on from: of this city, of the trades `codes`, the ride that a
    metro's record tells of among them.

    metro: fields of a trip, None without one. What a later ride of the ring made of it, that ride
    says itself.
    """
    found = []
    for ride in rides:
        if ride["city"] == here.city and ride["trade"] in codes and _is_paid(ride):
            line = METRO_LINE if ride["trade"] == METRO else ride["line"]
            found.append(dict(ride, line=line))
    ended = metro and metro["state"] == layouts.CLOSED and metro["exit_time"]
    if METRO in codes and ended and metro.get("city", here.city) == here.city:
        known = [one for one in found if one["gate"] == metro["exit_gate"]
                 and one["time"] == metro["exit_time"]]  # fmt: skip
        if not known:
            left = {"line": METRO_LINE, "time": ended, "transfers": 0, "gate": metro["exit_gate"]}
            older = [one for one in found if (one["time"] or ()) < ended]
            found.insert(len(found) - len(older), left)
    return found


def _is_paid(ride):
    """False for who left where he came in: no ride to go on from."""
    return ride.get("full_fen", 1) > 0


def transfer_from(rides, line, when, transfer):
    """(ride, how many transfers behind its fare this one is); (None, 0) where the full fare is
    due. rides: of counted().
    """
    if not transfer.most:
        return None, 0
    if [one for one in rides if "transfers" not in one]:
        rides = _reckoned(rides, transfer)
    found = rules_of_trips.transfer(rides, line, when, transfer.within_s, transfer.most)
    if found is None:
        return None, 0
    passed = rides[: rides.index(found) + 1]
    return found, 1 + max([one["transfers"] for one in passed])


def _reckoned(rides, transfer):
    """Rides of a ring that does not say which of them were transfers: so far as they were read,
    the oldest for a full fare.
    """
    found = []
    for ride in reversed(rides):
        number = transfer_from(found, ride["line"], ride["time"], transfer)[1]
        found.insert(0, dict(ride, transfers=number))
    return found


def just_rode(rides, here, now, within_s):
    """True when the newest ride was sold by this very terminal, at this stop, a moment ago
    (QX-042).
    """
    own = rides and (rides[0]["gate"], rides[0]["place"]) == (here.gate, here.place)
    if not within_s or not own:
        return False
    passed_s = rules_of_trips.seconds_since(rides[0]["time"], now)
    return passed_s is not None and 0 <= passed_s <= within_s


def change_of(pages, layout, length, fields):
    """Change of the ring: a new ride, as long as the one before, `length` bytes where the ring is
    empty. FormatError where those are shorter than a ride.
    """
    newest = page_at(pages, CYCLIC_FILE)
    before = newest.data if newest else b""
    blank = bytes(len(before) or length)
    after = layouts.write(layout, blank, layouts.known(layout, fields))
    return Change(CYCLIC_FILE, 0, before, after, None)
