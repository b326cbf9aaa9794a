# SPDX-License-Identifier: Apache-2.0
"""Targets at the serial lines of the neighbours: meters, gates, consoles, announcers, readers.

An input is a script: bytes that come in pieces, time that passes, what the device orders. What has
to hold: no exception at all, a list of events, bytes to send, and a protocol that holds no more
than MOST_HELD bytes, whatever came.
"""

from firmware.devices import bus_words
from firmware.errors import FormatError
from firmware.formats import ticket
from firmware.neighbours import (
    announcer,
    console,
    digicon,
    lane_line,
    lanes,
    meter,
    meter_bf,
    meter_jtt905,
    pump,
    tickets,
    tpw,
    twin,
)
from tests.fuzz.choices import Choices

MOST_HELD = 24000  # a queue of 1,024 rows between lanes is the largest thing that may wait
MOST_SAID = 4096  # bytes in one turn
STEPS = 400
PAN = "6228000100000010"


def held_bytes(thing, depth=3):
    """Bytes and signs that an object holds, in lists and objects of its own too."""
    if isinstance(thing, bytes | bytearray | str):
        return len(thing)
    if depth and isinstance(thing, dict):
        thing = thing.values()
    elif depth and hasattr(thing, "__dict__"):
        thing = vars(thing).values()
    elif not isinstance(thing, list | tuple):
        return 0
    return sum(held_bytes(one, depth - 1) for one in thing)


def talk(make, act, data, uncut=False):
    """One script; uncut: the events are the same when all comes in one piece and at one moment."""
    choices, line, now_ms = Choices(data), make(), 0
    bytewise, came, heard = choices.below(2), b"", []
    for _ in range(STEPS):
        if choices.left() <= 0:
            break
        what = choices.byte()
        if what < 192:
            piece = choices.take(min(1 + what % 48, choices.left()))
            came += piece
            for one in [piece[at : at + 1] for at in range(len(piece))] if bytewise else [piece]:
                heard += _fed(line, one, now_ms)
        elif what < 208 and not uncut:
            now_ms += choices.byte() ** 2
            _fed(line, b"", now_ms)
        elif what < 224:
            said = line.outgoing(now_ms)
            assert isinstance(said, bytes) and len(said) <= MOST_SAID, len(said)
        else:
            act(line, choices)
        assert held_bytes(line) <= MOST_HELD, held_bytes(line)
    if uncut:
        assert _fed(make(), came, 0) == heard, came.hex()


def _fed(line, data, now_ms):
    events = line.feed(data, now_ms)
    assert isinstance(events, list)
    return events


def _nothing(line, choices):
    pass


def _order(gate, choices):
    gate.order(choices.one_of(("open", "close", "free", "release", "controlled")), 1)


def _drive(one, choices):
    """What a taxi says to its meter, in any order."""
    what = choices.below(4)
    if what == 0:
        one.permit(choices.one_of(("sign_in", "sign_out")), bool(choices.below(2)))
    elif what == 1:
        one.stored("shift", bool(choices.below(2)))
    else:
        body = bytes(choices.take(90))
        for read in (meter_jtt905.trip_of, meter_bf.trip_of):
            try:
                trip = read(body if read is meter_jtt905.trip_of else body[: meter_bf.TRIP_BYTES])
            except FormatError:
                continue
            assert trip.amount_fen >= 0 and trip.amount_fen % 10 == 0
            payment = meter.Payment(choices.byte(), b"")
            one.settle(trip, choices.one_of((meter.SETTLED, meter.UNPAID, meter.FAILED)), payment)


def _fill(link, choices):
    what = choices.below(4)
    if what == 0:
        link.release(1 + choices.byte(), 100 * choices.byte())
    elif what == 1:
        link.clear(choices.byte())
    elif what == 2:
        link.stop()
    else:  # the answer to what was asked last
        body = pump.frame(link.number, pump.TOLD, choices.take(34))
        link.feed(body, link.now_ms)


def _tell_lane(link, choices):
    link.tell(choices.byte(), choices.below(128), choices.byte(), choices.byte())


def _put(link, choices):
    if choices.below(2):
        link.put(choices.take(8))
    else:
        link.answer(choices.take(8), choices.one_of(lane_line.VERDICTS))


def _board(link, choices):
    if choices.below(2):
        link.board(PAN, choices.below(100))
    else:
        link.has_boarded(PAN, choices.below(100))


def _say(till, choices):
    (till.ok, till.error, till.note)[choices.below(3)]("x" * choices.byte())


def announce(data):
    """Stop announcer: the same events however its frames are cut."""
    talk(announcer.Announcer, _nothing, data, uncut=True)


def type_in(data):
    """The driver's console: values of a command are numbers and words in their range."""

    class Checked(console.Console):
        def feed(self, piece, now_ms):
            found = console.Console.feed(self, piece, now_ms)
            for name, values in found:
                assert name in NAMES and len(values) <= 2
            return found

    talk(lambda: Checked(bus_words.COMMANDS), _say, data)


NAMES = [row.split("|")[0] for row in bus_words.COMMANDS.strip().split("\n")]


def gates(data):
    """Both gate boards."""
    make = (lambda: tpw.Tpw({}), lambda: tpw.Tpw({"address": "01"}), lambda: digicon.Digicon({}))
    talk(make[(data or b"\0")[0] % 3], _order, data[1:])


def meters(data):
    """JT/T 905 and the framing before it."""
    makes = (
        lambda: meter_jtt905.make(""),
        lambda: meter_jtt905.make("jtt905 times_bytes=1 result=plain"),
        lambda: meter_bf.OlderMeter(False),
        lambda: meter_bf.OlderMeter(True),
    )
    talk(makes[(data or b"\0")[0] % 4], _drive, data[1:])


def pumps(data):
    """A fuel pump: what it says of itself is a Status that can be, and nothing is released that
    was given up.
    """

    class Checked(pump.PumpLink):
        def feed(self, piece, now_ms):
            found = pump.PumpLink.feed(self, piece, now_ms)
            if self.status:
                assert pump.status_of(pump.status_body(self.status)) == self.status
            assert not (self.silent and self.wish)
            return found

        def outgoing(self, now_ms):
            said = pump.PumpLink.outgoing(self, now_ms)
            for _, kind, body in pump.Frames().feed(said):
                wished = self.wish and self.wish[0] == int.from_bytes(body[:4], "big")
                assert kind not in (pump.LIMIT, pump.RELEASE) or wished
            return said

    talk(Checked, _fill, data)


def readers(data):
    """Front and rear reader of a bus; a lane to another lane, of a car park or of a gate."""
    kind, script = (data or b"\0")[0] % 4, data[1:]
    if kind < 2:
        talk(lambda: twin.Twin(not kind), _board, script)
    else:
        talk(*((lanes.LaneLink, _tell_lane) if kind == 2 else (lane_line.LaneLine, _put)), script)


def scan(data):
    """A QR scanner, and the ticket in what it read: one text a ticket, and only one."""
    talk(tickets.Scanner, _nothing, data, uncut=True)
    text = data.decode("latin-1")
    for one in (text, ticket.MARK + ticket.base32(data[:300])):
        try:
            found = ticket.read(one, {1: (1, bytes(256)), 2: (2, bytes(64))})
        except FormatError:
            continue
        assert ticket.text_of(found.signed, found.signature) == one
        assert ticket.pack(found.values) == found.signed
        try:
            ticket.verify(found, {1: (1, b"\xff" * 256), 2: (2, bytes(64))})
        except FormatError:
            continue
        raise AssertionError("nobody has signed this")
