# SPDX-License-Identifier: Apache-2.0
"""How worn a journal's storage is, counted from the generations of its rings.

Each round of a ring takes each of its blocks once, so that wear is spread by itself. What an erase
ahead adds when a restart repeats it, one a ring at the most, is not counted.
"""


def wear(journal):
    """(fewest, most, mean in hundredths) erases of a block."""
    each = [ring.generation // ring.count for ring in journal.rings()]
    most = [-(-ring.generation // ring.count) for ring in journal.rings()]
    taken = sum([ring.generation for ring in journal.rings()])
    count = sum([ring.count for ring in journal.rings()])
    return min(each), max(most), 100 * taken // count
