# SPDX-License-Identifier: Apache-2.0
"""The root that counts its starts: what a board's main.py runs, and on a PC

    python -m firmware.boot.root SETTINGS RECORD

RECORD: path of the boot record, whose copies are RECORD.0 and RECORD.1. Ends as boot/start.py
says; a board, which nobody starts, starts itself anew.
"""

import json
import sys

from firmware import hal
from firmware.boot import start
from firmware.boot.record import InBlocks, InFiles


def report(event):
    """One JSON object a line on standard output; a reader of it that is gone stops nothing."""
    try:
        hal.write_line(json.dumps(event))
    except OSError:
        pass


def main(settings="settings.txt", where="boot"):
    """One start, and what comes behind it. where: of the boot record, on a PC."""
    if hasattr(hal, "open_region"):
        copies = InBlocks(hal.open_region("boot"))
    else:
        copies = InFiles(hal, where)
    hal.leave(start.run(settings, start.Alone(copies), hal, report))


if __name__ == "__main__":
    main(*sys.argv[1:3])
