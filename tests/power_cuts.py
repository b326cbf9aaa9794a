# SPDX-License-Identifier: Apache-2.0
"""The proof: the scripted day of power_day.py, its power failing in every operation of the flash.

    python tests/power_cuts.py [STEP [FIRST]]       every STEP-th operation from FIRST on; 1 0: all
    MICROPYPATH=build/mpy micropython -X heapsize=400K tests/power_cuts.py

Every operation (a page programmed, a block erased) is left in each of the ways of sim/flash.py,
and then cut again at each of the operations that follow the start. Then worn blocks: each block
refuses to be programmed or erased. A fault ends with an AssertionError and the words to see it
again. `make proof` runs it on both interpreters.
"""

import gc
import sys

AGAIN = 6  # operations of the start and the tap after it, in which the power fails once more


def cuts(step, first):
    """(cut points, days lived)."""
    flash = power_day.new_flash()
    days, cut = 0, first
    while True:
        for how in LEFT:
            if not lived(flash, cut, how, None):
                return len(range(first, cut, step)), days
            days += 1
        lived(flash, cut, "bits", (cut // step) % AGAIN)
        days += 1
        cut += step


def lived(flash, cut, how, again):
    """As cut_day(); says which day it was that failed."""
    gc.collect()
    try:
        return power_day.cut_day(flash, cut, how, again)
    except Exception:
        print("fails: cut_day(new_flash(), %d, %r, %r)" % (cut, how, again))
        raise


def worn(step, first):
    """Days on a flash with one bad block each, of every kind."""
    days, flash = 0, power_day.new_flash()
    for kind in WORN:
        for block in range(first % step, power_day.BLOCKS, step):
            gc.collect()
            try:
                power_day.worn_day(flash, block, kind)
            except Exception:
                print("fails: block %d, %s" % (block, kind))
                raise
            days += 1
    return days


def main(step=1, first=0):
    points, days = cuts(step, first)
    print("%d cut points, %d days, each balanced three times" % (points, days))
    print("%d days on a flash with a worn block" % worn(step, first))


if __name__ == "__main__":
    here = __file__.rpartition("/")[0] or "."
    sys.path.insert(0 if sys.implementation.name != "micropython" else len(sys.path), here + "/..")
    if sys.implementation.name == "micropython":
        gc.threshold(8192)

from sim.flash import LEFT, WORN  # noqa: E402
from tests import power_day  # noqa: E402

if __name__ == "__main__":
    main(*[int(one) for one in sys.argv[1:3]])
