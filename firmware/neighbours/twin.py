# SPDX-License-Identifier: Apache-2.0
"""Front and rear reader of one bus: one trip, and no card pays at both (TD-037).

The front reader has console and announcer; the rear one is told the trip. Each tells the other
whose card has boarded, until it is acknowledged. Frames as in framing.py, big-endian, a CRC-32
over the body at its end, as what is said here is who need not pay:

    01 TRIP     front, each second: is_open u8, driver u32, shift u16, line u16, direction u8,
                stop u16
    02 BOARDED  number u16, card 8 bytes, age_s u16      sent again until GOT has its number
    03 GOT      number u16
    04 TOTALS   rear, each second: taps u16, sum_fen u32 of its open shift
    05 HELLO    each second by who hears nobody, and GREETINGS times after: tell me all who boarded

A card is the first 8 bytes of SHA-256 over its number and sequence number: no number is on the
line (TD-023). It is known for the trip: until line, direction or shift change, for RIDE_MS at the
most. Whoever hears nothing for LOST_MS says so; what could not be told waits and goes with its
age. Nothing is authenticated: the line is a cable within the vehicle.
"""

import binascii
import hashlib
from collections import namedtuple

from firmware.neighbours import framing

BAUD = 115200
TRIP, BOARDED, GOT, TOTALS, HELLO = 1, 2, 3, 4, 5
BODY_BYTES = (0, 13, 13, 3, 7, 1)  # of each kind, without CRC
EACH_MS, AGAIN_MS, LOST_MS = 1000, 500, 5000
RIDE_MS = 2 * 3600 * 1000
MOST_CARDS = 128  # of each reader: a bus that is full, and some who have left
GREETINGS = 3  # as one of them may be lost
AT_ONCE = 4  # cards told in one go
KEY_BYTES, TIME_BYTES = 8, 8

Trip = namedtuple("Trip", ("is_open", "driver", "shift", "line", "direction", "stop"))
NO_TRIP = Trip(False, 0, 0, 0, 0, 0)


def key_of(pan, psn):
    """A card on this line; psn None counts as 0."""
    return hashlib.sha256(("%s %d" % (pan, psn or 0)).encode()).digest()[:KEY_BYTES]


class Twin:
    """One end. `trip`: at the front what is told, at the rear what was heard."""

    def __init__(self, is_front):
        self.is_front = is_front
        self.frames = framing.Frames()
        self.trip = NO_TRIP
        self.totals = (0, 0)  # taps, fen: of the rear reader
        self.is_lost = True  # nobody has been heard yet
        self.greetings = GREETINGS
        self.heard_ms = self.now_ms = 0
        self.told_ms = -EACH_MS
        self.again_ms = -AGAIN_MS
        self.number = 0  # of the last BOARDED of this end
        self.own = []  # (number, key, ms of the tap) of this reader, oldest first
        self.untold = []  # their numbers that are not acknowledged
        self.cards = []  # key and ms of the tap, of the other reader, oldest first
        self.answers = bytearray()

    def feed(self, data, now_ms):
        """Events: "lost", "found", "trip" once each time it changes."""
        self.now_ms = now_ms
        events = []
        for body in self.frames.feed(data):
            if len(body) < 5 or body[-4:] != _crc(body[:-4]):
                continue
            kind = body[0]
            if not TRIP <= kind <= HELLO or len(body) - 4 != BODY_BYTES[kind]:
                continue
            self.heard_ms = now_ms
            if self.is_lost:
                self.is_lost = False
                events.append("found")
            if self._take(kind, body[1:-4]):
                events.append("trip")
        if not self.is_lost and now_ms - self.heard_ms >= LOST_MS:
            self.is_lost, self.greetings = True, GREETINGS
            events.append("lost")
        return events

    def _take(self, kind, data):
        """True when the trip has changed."""
        if kind == BOARDED:
            self.answers = (self.answers + _frame(GOT, data[:2]))[-256:]
            self._know(data[2 : 2 + KEY_BYTES], int.from_bytes(data[10:12], "big"))
        elif kind == GOT:
            number = int.from_bytes(data, "big")
            self.untold = [one for one in self.untold if one != number]
        elif kind == HELLO:
            self.untold = [one[0] for one in self.own]
        elif kind == TOTALS and self.is_front:
            self.totals = (int.from_bytes(data[:2], "big"), int.from_bytes(data[2:], "big"))
        elif kind == TRIP and not self.is_front:
            return self.tell(_trip(data))
        return False

    def tell(self, trip):
        """The trip as it is: True when it differs. Who boarded on another one is forgotten."""
        if trip == self.trip:
            return False
        if trip[1:5] != self.trip[1:5]:  # the stop changes all the time
            self.cards, self.own, self.untold = [], [], []
        self.trip = trip
        return True

    def board(self, pan, psn):
        """A card has paid here."""
        self.number = self.number % 0xFFFF + 1
        self.own = self.own[1 - MOST_CARDS :] + [(self.number, key_of(pan, psn), self.now_ms)]
        self.untold = self.untold[1 - MOST_CARDS :] + [self.number]

    def has_boarded(self, pan, psn):
        """True when the other reader has told of this card; psn None: any answer would be a
        guess, False.
        """
        if psn is None:
            return False
        wanted = key_of(pan, psn)
        for row in self.cards:
            if row.startswith(wanted):
                return self.now_ms - int.from_bytes(row[KEY_BYTES:], "big") < RIDE_MS
        return False

    def _know(self, key, age_s):
        began_ms = max(0, self.now_ms - age_s * 1000)
        self.cards = [row for row in self.cards if not row.startswith(key)]
        self.cards = self.cards[1 - MOST_CARDS :]
        self.cards.append(key + began_ms.to_bytes(TIME_BYTES, "big"))

    def outgoing(self, now_ms):
        """Frames that are due; a second without is never."""
        data = bytes(self.answers)
        self.answers = bytearray()
        if now_ms - self.told_ms >= EACH_MS:
            self.told_ms = now_ms
            data += _trip_frame(self.trip) if self.is_front else _totals_frame(self.totals)
            data += _frame(HELLO, b"") if self.greetings else b""
            self.greetings -= bool(self.greetings and not self.is_lost)
        if self.untold and now_ms - self.again_ms >= AGAIN_MS:
            self.again_ms = now_ms
            for one in [one for one in self.own if one[0] in self.untold][:AT_ONCE]:
                data += _boarded_frame(one, now_ms)
        return data


def _boarded_frame(one, now_ms):
    number, key, began_ms = one
    age_s = min(0xFFFF, max(0, now_ms - began_ms) // 1000)
    return _frame(BOARDED, number.to_bytes(2, "big") + key + age_s.to_bytes(2, "big"))


def _crc(data):
    return binascii.crc32(data).to_bytes(4, "big")


def _frame(kind, data):
    body = bytes((kind,)) + bytes(data)
    return framing.pack(body + _crc(body))


def _trip_frame(trip):
    data = bytes((1 if trip.is_open else 0,)) + trip.driver.to_bytes(4, "big")
    data += trip.shift.to_bytes(2, "big") + trip.line.to_bytes(2, "big")
    return _frame(TRIP, data + bytes((trip.direction,)) + trip.stop.to_bytes(2, "big"))


def _trip(data):
    number = [int.from_bytes(data[a:b], "big") for a, b in ((1, 5), (5, 7), (7, 9), (10, 12))]
    return Trip(data[0] == 1, number[0], number[1], number[2], min(2, data[9]), number[3])


def _totals_frame(totals):
    taps, sum_fen = min(0xFFFF, totals[0]), min(0xFFFFFFFF, totals[1])
    return _frame(TOTALS, taps.to_bytes(2, "big") + sum_fen.to_bytes(4, "big"))
