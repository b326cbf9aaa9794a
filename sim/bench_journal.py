# SPDX-License-Identifier: Apache-2.0
"""How long a durable record takes in a journal on a file, beside bare appending (a root)."""

import os
import time

from firmware import hal
from firmware.journal import open_journal
from firmware.journal.wear import wear

BLOCKS = 1024


def durable(folder, sales, count, rounds, idle_turns):
    """({"append", "record", "tap": seconds}, wear) of `rounds` times `count` of each.

    sales: (pending entry, answer, record) of each; folder: a Path. By turns, as a disk has its
    moods; idle work between them is not counted.
    """
    spent = {"record": 0.0, "tap": 0.0, "append": 0.0}
    flash = hal.open_flash(str(folder / "journal.bin"), BLOCKS)
    kept = open_journal(flash)
    with open(folder / "plain", "ab", buffering=0) as plain:
        for _ in range(rounds):
            for number in range(count):
                entry, answer, record = sales[number % len(sales)]
                spent["append"] += _timed(_append, plain, record)
                spent["record"] += _timed(kept.append, record)
                spent["tap"] += _timed(_tap, kept, entry, answer, record)
                for _ in range(2 * idle_turns):
                    kept.tidy()
                kept.acknowledge(kept.settled_upto())
    worn = wear(kept)
    flash.close()
    return spent, worn


def _timed(work, *arguments):
    began = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began


def _append(file, data):
    file.write(data)
    os.fdatasync(file.fileno())


def _tap(kept, entry, answer, record):
    sequence = kept.open(entry)
    kept.note_answer(sequence, answer)
    kept.settle(sequence, record)
