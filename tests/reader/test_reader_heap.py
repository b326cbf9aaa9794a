# SPDX-License-Identifier: Apache-2.0
"""A thousand long exchanges leave nothing behind, in the room that a running terminal leaves
(PD-35); MicroPython only, it can count.
"""

import gc

from firmware.reader.bus import Hsu
from firmware.reader.card import Card
from firmware.reader.frame import ACK, encode
from firmware.reader.pn532 import Pn532
from firmware.reader.targets import Target
from tests.reader.pins import SpiPins
from tests.reader.scripted import Line
from tests.skip import SkipTest

R_APDU = bytes(256) + b"\x90\x00"
ANSWER = [(1, ACK), (10, encode(b"\xd5\x41\x00" + R_APDU))]
GROWTH = 512  # bytes: what the collector may see on the C stack
# a Pico W has 160 KB, and 146 of them are in use when the terminal is ready (docs/porting.md): 14
# KB on 32 bits, of which objects take nearly twice as many on 64
ROOM = 24 * 1024  # the serial line alone is content with a third of it


def crowded(room):
    """What takes all of the heap but `room`, in pieces."""
    gc.collect()
    taken = []
    while gc.mem_free() > room:
        taken.append(bytearray(600))
    return taken


def test_a_thousand_exchanges_should_not_grow_the_heap():
    """PD-35: 258 bytes each, over the serial line."""
    if not hasattr(gc, "mem_alloc"):
        raise SkipTest("this interpreter does not count its heap")
    line = Line(lambda data, baud: ANSWER)
    card = Card(Pn532(Hsu(line, line.clock), line.clock), Target(1, "A", b"", b"", 0x20))
    used = []
    crowd = crowded(ROOM // 3)
    for _ in range(3):
        for _ in range(500):
            assert card.exchange(b"\x00\xb2\x01\x0c\x00") == R_APDU
            line.writes.clear()
        gc.collect()
        assert gc.mem_free() <= ROOM // 3 + GROWTH
        used.append(gc.mem_alloc())
    assert used[2] - used[0] <= GROWTH and crowd


def test_a_thousand_exchanges_over_spi_should_not_grow_the_heap():
    """PD-35: the same over a bus that hands over whole frames."""
    if not hasattr(gc, "mem_alloc"):
        raise SkipTest("this interpreter does not count its heap")
    from firmware.reader.spi import Spi  # where it can be counted

    line = SpiPins(lambda data, baud: ANSWER, asleep=False, irq=True)
    card = Card(Pn532(Spi(line, line.clock), line.clock), Target(1, "A", b"", b"", 0x20))
    used = []
    crowd = crowded(ROOM)
    for _ in range(3):
        for _ in range(350):
            assert card.exchange(b"\x00\xb2\x01\x0c\x00") == R_APDU
            line.log.clear()
        gc.collect()
        used.append(gc.mem_alloc())
    assert used[2] - used[0] <= GROWTH and crowd
