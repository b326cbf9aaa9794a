# SPDX-License-Identifier: Apache-2.0
"""What bytes from outside may cost at most, and held(): one input under these bounds.

Memory is the highest sum of all that tracemalloc sees above what there was before, on CPython with
64 bits; time is that of the processor, generous, as a bound against hanging.
"""

import time
import tracemalloc
from collections import namedtuple

# Of a presentation: PPSE, SELECT, free read, currency and balance, GPO, records (tap.MAX_RECORDS)
BASE_EXCHANGES = 2 + 1 + 3 + 1 + 32
# For each open torn tap: 9F36, a record that names the card, GET TRANS PROVE, currency and
# balance, the log and its format (torn.MOST_LOGGED), the last record
TORN_EXCHANGES = 1 + 1 + 1 + 3 + 11 + 1
MOST_COMMAND = 261  # bytes of a C-APDU: header 4, Lc, 255, Le
CPU_S = 2.0  # of one input
FUZZED_CPU_S = 10.0  # the same while every branch of the firmware is counted

# base and factor of the length of the input, bytes
Memory = namedtuple("Memory", ("base", "factor"))


class OutOfBounds(AssertionError):
    """An input took more than it may."""


def held(target, data, memory, measured=True, cpu_s=CPU_S):
    """Run `target(data)`; OutOfBounds when it took too long, or too much memory if `measured`.

    Counting memory makes a run many times slower, so it is a run of its own without a limit of
    time, and a fuzzer does it for some inputs only.
    """
    began = time.process_time()
    target(data)
    spent = time.process_time() - began
    if spent > cpu_s:
        raise OutOfBounds("%.1f s for %d bytes" % (spent, len(data)))
    if not measured:
        return
    most = memory.base + memory.factor * len(data)
    tracemalloc.start(1)
    try:
        target(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    if peak > most:
        said = "%d bytes of memory for %d of input, at most %d"
        raise OutOfBounds(said % (peak, len(data), most))
