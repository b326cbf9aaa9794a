# SPDX-License-Identifier: Apache-2.0
"""A terminal's link and uploader alone, a process of its own on either interpreter.

    link_peer.py SETTINGS RECORDS SECONDS

Opens the link of the settings as the terminal does, puts so many records into a journal and takes
idle turns until all are acknowledged, something failed or the time is over. Says in JSON what came
of it, and how long the longest idle turn was.
"""

import json
import sys
import time

from firmware import assemble, hal, settings
from firmware.errors import FormatError
from firmware.journal import Journal
from sim.flash import Flash


def journal_of(count):
    journal = Journal(Flash(14, 1024), 480, 480)
    for number in range(1, count + 1):
        journal.append(b"record %d" % number)
    return journal


def run(path, count, seconds):
    journal = journal_of(count)
    unit = settings.parse(hal.read_text(path), path)
    try:
        idle = assemble.open_uploader(unit, hal, journal)
    except (FormatError, OSError) as wrong:
        return {"refused": str(wrong)}
    longest, end = 0, time.time() + seconds
    while journal.waiting() and not idle.failures and time.time() < end:
        began = hal.ticks_us()
        idle.step()
        longest = max(longest, hal.ticks_diff(hal.ticks_us(), began))
        hal.sleep_ms(1)
    return {"acknowledged": idle.acknowledged, "error": idle.error, "longest_us": longest}


print(json.dumps(run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
