# SPDX-License-Identifier: Apache-2.0
"""The store of an exit lane that shares its entries with others at a hub (`faretap lanes`).

Entries come from the hub and are kept here, so that a tap asks nobody; who has left here is told
to the hub until it says that it knows. What goes over the line (neighbours/lane_line.py) are rows
of lane_store.py with four words in front:

    ENTER, LEAVE     of an entry
    BEGIN .. END     from the hub: all that are inside stand between; whom it has not named by END
                     is not inside any more. BEGIN from the lane asks for that

Until END has come the lane is not `linked`: nobody pays for an entry that may be on its way.
Behind a restart all LEAVE rows are told again; they stay in the ring until their block is used
anew, so of an outage in which more left here than that the hub may not learn of all.
"""

from firmware.devices.lane_store import (
    BODY,
    ENTER,
    LEAVE,
    Entry,
    LaneStore,
    pack_entry,
    unpack_entry,
)

BEGIN, END = 5, 6  # no rows: over the line alone
BLANK_MOMENT = (2000, 1, 1, 0, 0, 0)


def mark(op, number):
    """The BODY bytes of a BEGIN or END, with a number so that no two are alike."""
    return pack_entry(op, Entry(number.to_bytes(8, "big"), 0, BLANK_MOMENT, 0))


class HubStore(LaneStore):
    """neighbour: neighbours.line.Neighbour(opener, LaneLine(), clock)."""

    def __init__(self, storage, neighbour):
        self.neighbour, self.line = neighbour, neighbour.protocol
        self.untold = []  # BODY of LEAVE rows that the hub has not acknowledged, oldest first
        self.in_sync, self.begun, self.number = False, False, 0
        self.loose = None  # keys that are not confirmed yet, between BEGIN and END
        LaneStore.__init__(self, storage, True)

    @property
    def linked(self):
        return self.in_sync and not self.line.silent

    def turn(self):
        for said in self.neighbour.turn():
            if said[0] == "verdict":
                self._answered(said[1], said[2])
            elif said[0] == "put" and len(said[1]) == BODY:
                self.line.answer(said[1], self._told(said[1]))
        if self.line.silent:
            self.in_sync, self.begun, self.loose = False, False, None
        elif not self.line.open:
            self._say()
        self.neighbour.flush()
        return LaneStore.turn(self)

    def close(self):
        self.neighbour.close()

    def _say(self):
        if self.untold:
            self.line.put(self.untold[0])
        elif not self.in_sync and self.loose is None and not self.begun:
            self.number += 1
            self.begun = self.line.put(mark(BEGIN, self.number))

    def _answered(self, body, verdict):
        if body[0] == LEAVE and verdict == "stored":
            self._forget(body)
        elif body[0] == BEGIN and verdict != "stored":
            self.begun = False

    def _told(self, body):
        """Verdict of what the hub says."""
        op, entry = body[0], unpack_entry(body)
        if op == BEGIN:
            self.in_sync, self.loose = False, self.keys()
        elif op == END:
            return self._end()
        elif op == LEAVE:
            if self.find(entry.key) == entry and not self._left(entry):
                return "lost"
        elif op == ENTER:
            return self._entered(entry)
        return "stored"

    def _entered(self, entry):
        gone = pack_entry(LEAVE, entry)
        if gone in self.untold:  # it has left here, the hub does not know yet
            return "stored"
        if self.loose and entry.key in self.loose:
            self.loose.remove(entry.key)
        return "stored" if self.find(entry.key) == entry else self.judge(entry)

    def _end(self):
        if self.loose is None:  # its BEGIN was before a restart of this lane
            return "stored"
        for key in self.loose:
            entry = self.find(key)
            if entry and not self._left(entry):
                return "lost"
        self.loose, self.in_sync, self.begun = None, True, False
        return "stored"

    def _left(self, entry):
        """True when it is durable that an entry has left elsewhere."""
        done = self._write(pack_entry(LEAVE, entry))
        self._forget(pack_entry(LEAVE, entry))
        return done

    def _forget(self, body):
        self.untold = [one for one in self.untold if one != body]

    def _keep(self, body, generation):
        LaneStore._keep(self, body, generation)
        if body[0] == LEAVE:
            self._forget(bytes(body))
            self.untold = self.untold[1 - self.most :] + [bytes(body)]
