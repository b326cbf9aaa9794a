# SPDX-License-Identifier: Apache-2.0
"""Lines that carry rubbish for hours: every protocol stays small, whatever the pieces are.

A device reads at most 512 bytes a turn (neighbours/line.py); a piece of 4 KB is more than any line
brings. What a protocol holds is the same for a hundred times as much: tests/host/test_rubbish.py.
"""

from tests.neighbours.rubbish import PROTOCOLS, STREAMS, stream, swallow

MOST_HELD = 4096
MOST_SAID = 4200


def test_rubbish_should_leave_protocols_small():
    """TD-052: one byte a turn, as much as a turn takes, and more than any line brings."""
    for size, count in ((1, 700), (512, 4096), (4096, 4096)):
        for name in STREAMS:
            data = stream(name, count)
            for who, make in PROTOCOLS:
                held, events, said = swallow(make, data, size)
                assert held <= MOST_HELD, (who, name, size, held)
                assert events <= 5 + size // 3 and said <= MOST_SAID, (who, name, events, said)


def test_protocols_should_hear_again_behind_rubbish():
    """What comes whole behind it is heard, once the rubbish has ended and time went by."""
    from firmware.neighbours import announcer, tickets

    for name in STREAMS:
        data = stream(name, 900)
        one = announcer.Announcer()
        one.feed(data, 0)
        one.feed(bytes(300), 5000)
        said = [e for e in one.feed(announcer.pack(1, 12, 1, 3), 6000) if e]
        assert said and said[-1][:3] == (12, 1, 3), name
        scanner = tickets.Scanner()
        scanner.feed(data + b"\r", 0)
        scanner.feed(b"", 5000)
        assert scanner.feed(b"FT1:ABC\r", 6000) == [("code", "FT1:ABC")], name
