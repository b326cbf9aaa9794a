# SPDX-License-Identifier: Apache-2.0
"""Streams that no neighbour sends, and every protocol that may hear them."""

from firmware.neighbours import (
    announcer,
    console,
    digicon,
    lane_line,
    lanes,
    meter_bf,
    meter_jtt905,
    pump,
    tickets,
    tpw,
    twin,
)  # fmt: skip

COMMANDS = "on|DRIVER:1..9|sign on\noff||sign off\n=|STOP:1..9|likewise"
PROTOCOLS = (
    ("announcer", announcer.Announcer),
    ("console", lambda: console.Console(COMMANDS)),
    ("digicon", lambda: digicon.Digicon({})),
    ("tpw", lambda: tpw.Tpw({})),
    ("jtt905", lambda: meter_jtt905.make("")),
    ("bf", lambda: meter_bf.make("")),
    ("lanes", lanes.LaneLink),
    ("lane store", lane_line.LaneLine),
    ("pump", pump.PumpLink),
    ("scanner", tickets.Scanner),
    ("front reader", lambda: twin.Twin(True)),
    ("rear reader", lambda: twin.Twin(False)),
)
# beginnings of frames whose rest never comes, ends without a beginning, lines without an end
PIECES = (
    b"\x55\xaa\x04\x04\x02", b"\x55\xaa\x00\x46\x02\x00\x00\xe8", b"\xbf\x02\x36", b"\xbf\x03",
    b"\x02\xff", b"\x02\x41\x03123\x04", b"on 1\r", b"help\r", b"U 00000001 01 001 0001 00\n",
    b"\x02\x02\x00\x48\x48", b"\x06", b"\x15", b"FT1:", b"\x02", b"\xa5\x5a\x10", b"A" * 60,
)  # fmt: skip


def stream(name, count):
    """About `count` bytes, the same each time."""
    if name == "zeros":
        return bytes(count)
    if name == "letters":
        return b"a" * count
    if name == "one beginning":
        return b"\x55\xaa\x04\x00" * (count // 4)
    data, state = bytearray(), 1
    while len(data) < count:
        state = (state * 1664525 + 1013904223) & 0x3FFFFFFF
        data += PIECES[state >> 8 & 15] if state & 0x400000 else bytes((state >> 12 & 255,)) * 3
    return bytes(data)


STREAMS = ("mixed", "zeros", "letters", "one beginning")


def held(thing, depth=3):
    """Bytes and signs that a protocol holds."""
    if isinstance(thing, (bytes, bytearray, str)):
        return len(thing)
    if depth and isinstance(thing, dict):
        thing = list(thing.values())
    elif depth and isinstance(thing, (list, tuple)):
        thing = list(thing)
    elif depth and hasattr(thing, "__dict__"):
        thing = list(thing.__dict__.values())
    else:
        return 0
    return sum([held(one, depth - 1) for one in thing])


def swallow(make, data, size):
    """(most bytes held, most events of one piece, most bytes said at once)."""
    line, most, now_ms = make(), [0, 0, 0], 0
    for at in range(0, len(data), size):
        now_ms += 7
        events = line.feed(data[at : at + size], now_ms)
        said = line.outgoing(now_ms) if at // size % 8 == 0 else b""
        most = [max(pair) for pair in zip(most, (held(line), len(events), len(said)))]
    return most
