# SPDX-License-Identifier: Apache-2.0
"""The proof of an update: its power fails in every operation of flash and files.

    python tests/update_cuts.py                    all, counted
    MICROPYPATH=build/mpy micropython -X heapsize=400K tests/update_cuts.py

Download into the slot, notes, boot record, start on trial, good or return: each operation is left
in all the ways of sim/flash.py. After each cut something whole starts, nothing older than what was
good is started, the journal holds its records, and the update comes to its end.
"""

import gc
import sys

MOST = 400  # no update has so many operations


def one_life(first, cut, how, comes_good, again=None):
    """(whether the power failed, values at the end); again: it fails once more, so much later."""
    board = Board(WAYS[cut % len(WAYS)], first)
    board.flash.cut(cut, cut, how)
    failed = False
    for later in (again, None, None):
        try:
            values = live(board, (8, NEW), comes_good)
            break
        except PowerCut:
            failed = True
            board.flash.restart()
            if later is not None:
                board.flash.cut(later, cut + later, how)
            if cut % 2:
                board.flash.ripen()
    board.flash.restart()
    assert board.flash.refused == 0
    assert board.records() == list(RECORDS), (cut, how)
    assert min(board.starts) == 7, board.starts  # neither older nor the factory's
    return failed, values


def cuts(comes_good, step=1, all_ways=True, again=None):
    """(cut points, lives): each must end updated, or as before where it never comes to good.

    all_ways: each operation is left in all ways of LEFT, else in one by turns.
    """
    first, lives = Board(), 0
    for cut in range(0, MOST, step):
        for how in LEFT if all_ways else [LEFT[cut // step % len(LEFT)]]:
            collect()
            failed, values = one_life(first, cut, how, comes_good, again)
            lives += 1
            place = (cut, how, values)
            if comes_good:
                assert (values["active"], values["floor"], values["trial"]) == (B, 8, 0), place
            else:
                assert (values["active"], values["returned"], values["trial"]) == (A, 8, 0), place
        if not failed:
            return cut, lives
    raise AssertionError("it never came to an end")


def main():
    for comes_good, words in ((True, "updated"), (False, "left again")):
        print("%s: %d cut points, %d lives" % ((words,) + cuts(comes_good)))
        print("cut again: %d points, %d lives" % cuts(comes_good, 3, True, 1))


if __name__ == "__main__":
    here = __file__.rpartition("/")[0] or "."
    sys.path.insert(0 if sys.implementation.name != "micropython" else len(sys.path), here + "/..")
    if sys.implementation.name == "micropython":
        gc.threshold(8192)

from firmware.boot.record import A, B  # noqa: E402
from sim.flash import LEFT, PowerCut  # noqa: E402
from tests.forget import collect  # noqa: E402
from tests.part_files import WAYS  # noqa: E402
from tests.release_files import signed_release  # noqa: E402
from tests.update_stand import RECORDS, Board, live  # noqa: E402

NEW = signed_release(8)

if __name__ == "__main__":
    main()
