# SPDX-License-Identifier: Apache-2.0
"""The proof: the scripted day of power_day.py, its power failing in every operation of the flash.

    python tests/power_cuts.py [STEP [FIRST]]       every STEP-th operation from FIRST on; 1 0: all
    MICROPYPATH=build/mpy micropython -X heapsize=400K tests/power_cuts.py

The day is lived once up to each operation (a page programmed, a block erased). There the power
fails, and twins of the day go on from each of the ways in which sim/flash.py leaves the operation,
also with the power failing again in each of the operations that follow the start; each twin must
balance and end its day. Then worn blocks: each block refuses to be programmed or erased. A fault
ends with an AssertionError and the words to see it again. `make proof` runs it on both.
"""

import gc
import sys

AGAIN = 6  # operations of the start and the tap after it, in which the power fails once more


class Told:
    """Says which day it was that failed."""

    def __init__(self, words):
        self.words = words

    def __enter__(self):
        collect()

    def __exit__(self, kind, *_):
        if kind:
            print("fails:", self.words)


def cuts(step, first, whole=False):
    """(cut points, days lived); whole: each start is cut in AGAIN operations, else in one."""
    flash, spare = power_day.new_flash(), power_day.new_flash()
    points = days = 0
    while True:
        cut, day = first + points * step, None  # the last one's room is needed for this one
        collect()
        day = power_day.lived(flash, cut)
        if not day:
            return points, days
        points += 1
        again = range(AGAIN) if whole else [points % AGAIN]
        for how, more in [(how, None) for how in LEFT] + [("bits", more) for more in again]:
            with Told("operation %d, %r, again %r" % (cut, how, more)):
                power_day.recover(power_day.left(day, spare, cut, how), cut, more)
            days += 1


def worn(step, first):
    """Days on a flash with one bad block each, of every kind."""
    days, flash = 0, power_day.new_flash()
    for kind in WORN:
        for block in range(first % step, power_day.BLOCKS, step):
            with Told("block %d, %s" % (block, kind)):
                power_day.worn_day(flash, block, kind)
            days += 1
    return days


def main(step=1, first=0):
    points, days = cuts(step, first, True)
    print("%d cut points, %d days, each balanced three times" % (points, days))
    print("%d days on a flash with a worn block" % worn(step, first))


if __name__ == "__main__":
    here = __file__.rpartition("/")[0] or "."
    sys.path.insert(0 if sys.implementation.name != "micropython" else len(sys.path), here + "/..")
    if sys.implementation.name == "micropython":
        gc.threshold(8192)

from sim.flash import LEFT, WORN  # noqa: E402
from tests import power_day  # noqa: E402
from tests.forget import collect  # noqa: E402

if __name__ == "__main__":
    main(*[int(one) for one in sys.argv[1:3]])
