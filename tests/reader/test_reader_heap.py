# SPDX-License-Identifier: Apache-2.0
"""A thousand long exchanges leave nothing behind (PD-35); MicroPython only, it can count."""

import gc

from firmware.reader.bus import Hsu
from firmware.reader.card import Card
from firmware.reader.frame import ACK, encode
from firmware.reader.pn532 import Pn532
from firmware.reader.targets import Target
from tests.reader.scripted import Line
from tests.skip import SkipTest

R_APDU = bytes(256) + b"\x90\x00"
ANSWER = [(1, ACK), (10, encode(b"\xd5\x41\x00" + R_APDU))]
GROWTH = 512  # bytes: what the collector may see on the C stack


def test_a_thousand_exchanges_should_not_grow_the_heap():
    if not hasattr(gc, "mem_alloc"):
        raise SkipTest("this interpreter does not count its heap")
    line = Line(lambda data, baud: ANSWER)
    card = Card(Pn532(Hsu(line, line.clock), line.clock), Target(1, "A", b"", b"", 0x20))
    used = []
    for _ in range(3):
        for _ in range(500):
            assert card.exchange(b"\x00\xb2\x01\x0c\x00") == R_APDU
            line.writes.clear()
        gc.collect()
        used.append(gc.mem_alloc())
    assert used[2] - used[0] <= GROWTH  # PD-35
