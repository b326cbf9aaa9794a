# SPDX-License-Identifier: Apache-2.0
"""What bytes from outside may cost at most, and held(): one input under these bounds.

Memory is the highest sum of all that tracemalloc sees above what there was before, on CPython with
64 bits; time is that of the processor, generous, as a bound against hanging.
"""

import time
import tracemalloc
from collections import namedtuple

# of each presentation of a card: those of SELECT, 5 for each open torn tap, and the transaction
BASE_EXCHANGES = 2 + 1 + 1 + 32  # PPSE, SELECT, free read, GPO, records (tap.MAX_RECORDS)
TORN_EXCHANGES = 5  # 9F36, a record that names the card, 9F51, 9F79, the last record
MOST_COMMAND = 261  # bytes of a C-APDU: header 4, Lc, 255, Le
CPU_S = 2.0  # of one input

# base and factor of the length of the input, bytes
Memory = namedtuple("Memory", ("base", "factor"))


class OutOfBounds(AssertionError):
    """An input took more than it may."""


def held(target, data, memory, measured=True):
    """Run `target(data)`; OutOfBounds when it took too long, or too much memory if `measured`.

    Counting memory makes a run about three times slower, so a fuzzer does it for some inputs only.
    """
    began = time.process_time()
    if measured:
        _measured(target, data, memory)
    else:
        target(data)
    spent = time.process_time() - began
    if spent > CPU_S:
        raise OutOfBounds("%.1f s for %d bytes" % (spent, len(data)))


def _measured(target, data, memory):
    most = memory.base + memory.factor * len(data)
    tracemalloc.start(1)
    try:
        target(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    if peak > most:
        raise OutOfBounds(
            "%d bytes of memory for %d of input, at most %d" % (peak, len(data), most)
        )
