# SPDX-License-Identifier: Apache-2.0
"""Who is inside: the entries of a car park, kept at the lane where they are asked for.

A store answers, whether it lies here (LaneStore) or at the exit lane (far_store.py):

    enter(entry)      write it; what became of it comes with turn()
    turn()            [(Entry, verdict)]: "stored" durable, "inside" already, "full", "lost"
    find(key)         Entry or None
    leave(key)        the entry is gone, durable
    payment(key)      Payment of an entry, None where nobody has paid or asked for it
    fault             word that keeps anybody from entering, "" for none
    linked            False while entries of the other lane may be missing here
    close()

Goals: an entry is durable before its barrier opens, survives restarts and power cuts at any write,
and is held until its card leaves, however many others come meanwhile (TD-010, TD-012).

Strategy: rows in a ring of flash blocks (journal/ring.py), the last one of a card counts. Before a
block is used anew, the rows in it that still count are written again at the head; `most` is so
small against the blocks that this always ends. RAM: ROW bytes for each entry.
"""

import hashlib
from collections import namedtuple

from firmware.errors import JournalFull
from firmware.journal.ring import RECORD, Ring

KEY = 8
BODY = 17  # op, key, lane, moment, vehicle class
WIDE = BODY + 11  # and, where a pay station has asked: moment of paying, fen, who asks
ROW = WIDE + 4  # and the block it lies in
ENTER, LEAVE, TOLD = 1, 2, 3
RELEASE = 4  # no row: a pay station that lets go of what it has asked for
HEADER = (0, 0, 0)
REPEAT_S = 300  # the same card at the same lane so soon: whoever was not let in tries again

# key: key_of(pan); lane: 1..255; moment: (year, month, day, hour, minute, second), local, as
# tariffs are; vehicle_class: 0..255
Entry = namedtuple("Entry", ("key", "lane", "moment", "vehicle_class"))


# What a pay station has done about an entry. moment: local, when it was paid, None: it was not;
# paid_fen: all together; asked_by: number of the pay station that has told its driver a price and
# has not said yet what became of it, 0: nobody
Payment = namedtuple("Payment", ("moment", "paid_fen", "asked_by"))


def key_of(pan):
    """KEY bytes of a card number: a store of entries is no list of card numbers (TD-023)."""
    return hashlib.sha256(b"lane" + pan.encode()).digest()[:KEY]


def pack_entry(op, entry):
    """The BODY bytes of a row."""
    year, month, day, hour, minute, second = entry.moment
    when = bytes((max(0, min(255, year - 2000)), month, day, hour, minute, second))
    return bytes((op,)) + entry.key + bytes((entry.lane,)) + when + bytes((entry.vehicle_class,))


def unpack_entry(body):
    """Entry of the BODY bytes of a row."""
    at = 1 + KEY
    moment = (2000 + body[at + 1],) + tuple(body[at + 2 : at + 7])  # noqa: RUF005
    return Entry(bytes(body[1:at]), body[at], moment, body[at + 7])


def pack_told(entry, payment):
    """The WIDE bytes of an entry that a pay station knows of."""
    when = bytes(6)
    if payment.moment:
        when = bytes((payment.moment[0] - 2000,) + tuple(payment.moment[1:6]))  # noqa: RUF005
    fen = payment.paid_fen.to_bytes(4, "big")
    return pack_entry(TOLD, entry) + when + fen + bytes((payment.asked_by,))


def unpack_payment(body):
    """Payment of the WIDE bytes of a row, None of one that no pay station knows of."""
    if body[0] != TOLD:
        return None
    when, fen = body[BODY : BODY + 6], int.from_bytes(body[BODY + 6 : BODY + 10], "big")
    moment = (2000 + when[0],) + tuple(when[1:]) if when[1] else None  # noqa: RUF005
    return Payment(moment, fen, body[BODY + 10])


class LaneStore:
    """Entries on a block device that is its own; `most` of them."""

    def __init__(self, storage, replace=False, twin=None, pays=()):
        """replace: a card that is inside may enter anew (TD-068); twin: LaneTwin to the lane whose
        entries are kept here, None where there is none; pays: LaneTwins to pay stations.
        ValueError: too few blocks.
        """
        count = storage.ioctl(4, 0)
        self.ring = Ring(storage, 0, count)
        self.most = (count - 3) * (self.ring.pages - 1)
        if self.most < 1:
            raise ValueError("a lane store needs 4 blocks, not %d" % count)
        self.replace, self.twin, self.pays = replace, twin, pays
        self.is_held = None  # is_held(key): a debit of this card at this lane is still open
        self.rows = bytearray()
        self.verdicts = []
        self.broken = False
        self._recover()

    @property
    def fault(self):
        if self.broken:
            return "store_fault"
        return "park_full" if len(self.rows) // ROW >= self.most else ""

    @property
    def linked(self):
        return self.twin is None or not self.twin.silent

    def find(self, key):
        at = self._at(key)
        return None if at is None else unpack_entry(self.rows[at : at + BODY])

    def payment(self, key):
        at = self._at(key)
        return None if at is None else unpack_payment(self.rows[at : at + WIDE])

    def asked(self, body):
        """What a pay station is told that asks for key and number in `body`: the key and a row,
        durably marked as asked for, or the key alone.
        """
        key, by = body[:KEY], body[KEY]
        entry, payment = self.find(key), self.payment(key) or Payment(None, 0, 0)
        if not entry or payment.asked_by not in (0, by) or (self.is_held and self.is_held(key)):
            return key
        told = pack_told(entry, Payment(payment.moment, payment.paid_fen, by))
        return key + told if self._write(told) else key

    def told(self, body):
        """Verdict of a payment: "stored" counts from here on, "gone": no such entry any more."""
        entry, said = unpack_entry(body), unpack_payment(body)
        if self.find(entry.key) != entry:
            return "gone"
        known = self.payment(entry.key) or Payment(None, 0, 0)
        by = known.asked_by if known.asked_by != said.asked_by else 0
        moment, paid_fen = said.moment, said.paid_fen
        if known.moment and known.paid_fen >= paid_fen:  # was said before
            moment, paid_fen = known.moment, known.paid_fen
        said = Payment(moment, paid_fen, by)
        return "stored" if self._write(pack_told(entry, said)) else "lost"

    def released(self, body):
        """Verdict of a pay station that lets go of what it has asked for."""
        key, by = body[1 : 1 + KEY], body[1 + KEY]
        payment = self.payment(key)
        if payment and payment.asked_by == by:
            free = Payment(payment.moment, payment.paid_fen, 0)
            return "stored" if self._write(pack_told(self.find(key), free)) else "lost"
        return "gone"

    def enter(self, entry):
        self.verdicts.append((entry, self.judge(entry)))

    def judge(self, entry):
        """Verdict of an entry that is written, or why it is not."""
        known = self.find(entry.key)
        if known and not self.replace and not is_repeat(known, entry):
            return "inside"
        if not known and self.fault:
            return "full" if not self.broken else "lost"
        return "stored" if self._write(pack_entry(ENTER, entry)) else "lost"

    def keys(self):
        """Keys of all who are inside."""
        starts = range(1, len(self.rows), ROW)
        return [bytes(self.rows[at : at + KEY]) for at in starts]

    def leave(self, key):
        entry = self.find(key)
        if entry:
            self._write(pack_entry(LEAVE, entry))

    def turn(self):
        verdicts, self.verdicts = self.verdicts, []
        for said in self.twin.turn() if self.twin else ():
            if said[0] == "put":
                self.twin.answer(said[1], self.judge(said[2]))
        for pay in self.pays:
            for word, body in pay.turn():
                if word == "ask":
                    pay.row(self.asked(body))
                elif word in ("told", "released"):
                    pay.answer(body, getattr(self, word)(body))
        return verdicts

    def close(self):
        for line in ((self.twin,) if self.twin else ()) + tuple(self.pays):
            line.close()

    def _at(self, key):
        """Place of a card's row, None without one."""
        for at in range(0, len(self.rows), ROW):
            if self.rows[at + 1 : at + 1 + KEY] == key:
                return at
        return None

    def _recover(self):
        for generation in range(max(1, self.ring.oldest), self.ring.generation + 1):
            for _, entry in self.ring.entries(generation):
                if entry.kind == RECORD and len(entry.body) in (BODY, WIDE):
                    self._keep(entry.body, generation)
        if self.ring.damaged and self.ring.generation:
            try:
                self.ring.seal(HEADER)
            except JournalFull:
                self.broken = True

    def _keep(self, body, generation):
        """The row of a card as it stands from here on."""
        at = self._at(bytes(body[1 : 1 + KEY]))
        if at is not None:
            self.rows = self.rows[:at] + self.rows[at + ROW :]
        if body[0] in (ENTER, TOLD):
            self.rows += body + bytes(WIDE - len(body)) + generation.to_bytes(4, "big")

    def _write(self, body):
        """True when the row is durable: there once, or not at all (TD-012)."""
        try:
            self._make_room()
            self._append(body)
        except (JournalFull, OSError):
            self.broken = True
            return False
        return True

    def _append(self, body):
        generation, _ = self.ring.append(RECORD, 0, body, HEADER)
        self._keep(body, generation)

    def _make_room(self):
        """Two blocks free: one for what is written, one for what a torn end costs."""
        for _ in range(self.ring.count):
            if self.ring.free() >= 2:
                return
            oldest = self.ring.keep
            held = [
                bytes(self.rows[at : at + (WIDE if self.rows[at] == TOLD else BODY)])
                for at in range(0, len(self.rows), ROW)
                if int.from_bytes(self.rows[at + WIDE : at + ROW], "big") == oldest
            ]
            for body in held:
                self._append(body)
            self.ring.keep = oldest + 1


def is_repeat(known, entry):
    """True for a second tap of a driver who was not let in, or did not go."""
    if known.lane != entry.lane or known.moment[:3] != entry.moment[:3]:
        return known.lane == entry.lane and known.moment == entry.moment
    seconds = [one[3] * 3600 + one[4] * 60 + one[5] for one in (known.moment, entry.moment)]
    return abs(seconds[1] - seconds[0]) < REPEAT_S
