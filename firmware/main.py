# SPDX-License-Identifier: Apache-2.0
"""The root on a board and on a Raspberry Pi: `python -m firmware.main SETTINGS`.

Takes the parts from hal, runs for ever, writes what happens as one JSON object a line. Ends with
status 2 and one line of text when settings, parameters or journal cannot be used.
"""

import json
import sys

from firmware import hal, settings
from firmware.assemble import assemble
from firmware.errors import FormatError, LinkLost


def report(event):
    """One JSON object a line on standard output: what simulator, demo and bench read."""
    hal.write_line(json.dumps(event))


def main(path):
    """Run the terminal of a settings file for ever."""
    try:
        terminal = assemble(settings.parse(hal.read_text(path), path), hal, report)
    except (FormatError, LinkLost, OSError) as wrong:
        report({"event": "stopped", "text": str(wrong)})
        sys.exit(2)
    tidy()
    while True:
        if terminal.turn():
            tidy()


def tidy():
    """Collect garbage and report the heap, where the interpreter tells it."""
    hal.collect()
    used, _, total = hal.heap()
    if used is not None:
        report({"event": "heap", "live": used, "total": total})


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "settings.txt")
