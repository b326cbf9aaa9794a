# SPDX-License-Identifier: Apache-2.0
"""Look-ups in a deny list measured, on both interpreters.

    python -m sim.bench_deny PAYLOAD HITS MISSES    payload of a list, two files of card numbers

One JSON object: microseconds of a hit and of a miss, median and the worst of a hundred; reads of
a look-up and their bytes; what memory opening it took; false hits and false misses. Times are by
the wall: the file lies in the page cache of the system, a board's flash is another matter.
"""

import gc
import json
import os
import sys
import time

from firmware.formats.deny_list import DenyFile

TICKS = getattr(time, "ticks_us", None)  # MicroPython's


def clock_us():
    return TICKS() if TICKS else time.perf_counter_ns() // 1000


class CountedFile:
    """A file as a blob; counts reads and bytes."""

    def __init__(self, path):
        self.size = os.stat(path)[6]
        self.file = open(path, "rb")  # noqa: SIM115 - stays open
        self.reads = self.bytes = self.most = 0

    def read(self, at, count):
        self.file.seek(at)
        data = self.file.read(count)
        self.reads += 1
        self.bytes += count
        self.most = max(self.most, count)
        return data


def asked(blob, listed, path):
    """(sorted microseconds, number found, reads a look-up, bytes a look-up) over a file."""
    spent, found = [], 0
    blob.reads = blob.bytes = 0
    with open(path) as numbers:
        for line in numbers:
            pan = line.strip()
            began = clock_us()
            rows = listed.rows(pan)
            spent.append(clock_us() - began)
            found += 1 if rows else 0
    spent.sort()
    return spent, found, blob.reads / len(spent), blob.bytes / len(spent)


def memory():
    """Bytes in use, 0 where nobody knows."""
    gc.collect()
    return gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0


def main(path, hits, misses):
    """The object of the measurement."""
    before = memory()
    blob = CountedFile(path)
    listed = DenyFile(blob)
    told = {"kept_bytes": len(listed.top) + len(listed.ranges), "heap_bytes": memory() - before}
    told["entries"] = listed.entries
    for name, numbers in (("hit", hits), ("miss", misses)):
        spent, found, reads, size = asked(blob, listed, numbers)
        told[name] = {
            "us": spent[len(spent) // 2],
            "p99_us": spent[len(spent) * 99 // 100],
            "reads": reads,
            "bytes": size,
            "wrong": len(spent) - found if name == "hit" else found,
            "count": len(spent),
        }
    told["most_bytes"] = blob.most
    return told


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:4])))
