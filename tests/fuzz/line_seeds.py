# SPDX-License-Identifier: Apache-2.0
"""Where the targets of lines.py and files.py begin: frames as simulated neighbours send them."""

from firmware.formats import fields, ticket
from firmware.neighbours import announcer, digicon, jtt905, lane_line, lanes, pump, tpw, twin
from sim.meter import Meter
from sim.pump import Pump


def _script(data, step=47):
    """Bytes in pieces as lines.talk reads them."""
    pieces = [data[at : at + step] for at in range(0, len(data), step)]
    return b"".join([bytes((len(one) - 1,)) + one for one in pieces])


def _both(*streams):
    """Whole and byte by byte."""
    return [bytes((way,)) + _script(one) for one in streams for way in (0, 1)]


def _announcer():
    stops = [announcer.pack(kind, 12, 1, stop) for stop in (1, 2) for kind in (1, 2, 3)]
    return _both(b"".join(stops), b"x" + stops[0][:-1] + stops[1])


def _console():
    return _both(b"help\ron 17\r", b"12 out\r3\r2.50\rreport\roff\r", b"\x1b[A\xe4\xbd\xa0\r")


def _gates():
    boards = tpw.frame(0x44) + tpw.frame(0x21, b"00001") + tpw.frame(0x81, b"5")
    made = [b"\0" + one for one in _both(boards)]
    made += [b"\1" + one for one in _both(tpw.frame(0x44, b"", 1))]
    return made + [b"\2" + one for one in _both(b"\x06\x15" + digicon.frame(b"\x1a") * 2)]


def _meters():
    """A day of each simulated meter: sign-in, trip, sign-out, as its line says it."""
    found = []
    for number, kind in ((0, "jtt905"), (2, "bf"), (3, "bf")):
        meter, heard = Meter(kind), b""
        meter.signed_in, meter.hired_since = True, meter.clock
        for say in ("sign_in", "hired", "sign_out", "shift"):
            heard += getattr(meter.line, say)(meter) or b""
        heard += meter.line.trip(meter.line.trip_body(meter, 80))
        found += [bytes((number,)) + one for one in _both(heard[:550])]
    beat = jtt905.encode(0x00E9, bytes(36), jtt905.METER)
    return found + [b"\1" + one for one in _both(beat + beat[:-3])]


def _pumps():
    """A sale of the simulated pump, as its line says it to questions 1, 2 ..; each is asked."""
    one, said = Pump(), b""
    steps = ("", "lift", "", "", "fill 900", "", "hang", "")
    orders = {3: (pump.LIMIT, b"\0\0\0\x09\0\0\x0b\xb8"), 4: (pump.RELEASE, b"\0\0\0\x09")}
    for number, text in enumerate(steps, 1):
        kind, body = orders.get(number, (pump.ASK, b""))
        one.feed(pump.frame(number, kind, body), 2000 * number)
        said += b"\xc0\x17\xd0" + _script(one.outgoing(2000 * number))
        if text and (text != "fill 900" or one.state == pump.RELEASED):
            one.do(text)
    return [bytes((way,)) + said for way in (0, 1)]


def _readers():
    front, rear = twin.Twin(True), twin.Twin(False)
    rear.board("6228000100000010", 1)
    said = front.outgoing(0) + rear.outgoing(0)
    found = [bytes((kind,)) + one for kind in (0, 1) for one in _both(said)]
    found += [b"\2" + one for one in _both(b"?\n.\n" + lanes.line_of(7, 1, 5, 900))]
    put = lane_line.frame(lane_line.PUT, bytes(17))
    answer = lane_line.frame(lane_line.ANSWER, b"\0" + lane_line.checksum(bytes(17)))
    return found + [b"\3" + one for one in _both(put + answer + lane_line.frame(3, b""))]


def _scanner():
    values = fields.blank(ticket.TICKET)
    values.update({"version": 1, "key": 1, "groups": 1, "persons": 1, "closes": 1439})
    text = ticket.text_of(fields.pack(ticket.TICKET, values), bytes(256)).encode()
    return [*_both(text[:400] + b"\r\n"), text, fields.pack(ticket.TICKET, values) + bytes(64)]


def _bends():
    return [b"", b"\1\0\x10\1\0\5", b"\4" + bytes(range(1, 40)), bytes(range(60))]


MAKERS = {
    "announcer": _announcer,
    "console": _console,
    "gates": _gates,
    "meters": _meters,
    "pumps": _pumps,
    "readers": _readers,
    "scanner": _scanner,
    "fares": _bends,
    "deny": _bends,
    "sums": _bends,
    "allow": _bends,
    "releases": _bends,
    "boot": _bends,
    "signed": _bends,
}
