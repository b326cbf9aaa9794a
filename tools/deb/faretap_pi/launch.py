# SPDX-License-Identifier: Apache-2.0
"""The start of a terminal: faretap-terminal [SETTINGS]. Chooses a release and becomes it.

Which one is decided by firmware.boot.slots, as on the boards. The release runs in this very
process: its `hal.restart()` begins here again, and what it stops with is kept in the boot record.

Ends with status 78 while settings are not filled in, 75 while another terminal or faretap-release
has the lock; otherwise with the status of firmware.main.
"""

import fcntl
import importlib
import json
import os
import sys

from faretap_pi import INSTALLED, LOCK, RECORD, SETTINGS, SHELF
from faretap_pi.shelf import Shelf
from firmware import hal
from firmware.boot import slots
from firmware.boot.record import FACTORY, HELD, BootRecord, InFiles

EX_TEMPFAIL, EX_CONFIG = 75, 78
BLANK = "FILL-IN"
USAGE = """usage: faretap-terminal [SETTINGS]

Starts the terminal of a settings file, /etc/faretap/settings.txt where none is named. The service
faretap-terminal calls it; by hand, with the service stopped:

  runuser -u faretap -- faretap-terminal
"""


def main(arguments):
    """The whole of it; does not return before the terminal ends."""
    if len(arguments) > 1 or [one for one in arguments if one.startswith("-")]:
        print(USAGE, end="")
        sys.exit(0 if arguments in (["-h"], ["--help"]) else 2)
    path = arguments[0] if arguments else SETTINGS
    check_filled(path)
    lock = locked()  # held as long as this process lives
    number, release, safe = begin()
    say({"event": "release", "number": number, "path": release, "lock": lock})
    become(release)
    run(path, safe)


def say(event):
    """One JSON object a line, as the firmware does."""
    print(json.dumps(event), flush=True)


def check_filled(path):
    """Status 78, and which lines are blank, in the languages of who installs it."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
    except (OSError, UnicodeError) as wrong:
        print("faretap-terminal: settings cannot be read: %s" % wrong, file=sys.stderr)
        sys.exit(EX_CONFIG)
    blank = [
        "%s:%d: %s" % (path, number, line.strip())
        for number, line in enumerate(lines, 1)
        if not line.lstrip().startswith("#") and BLANK in line
    ]
    if blank:
        print("faretap-terminal: 设置未填写 settings are not filled in:", file=sys.stderr)
        print("\n".join(blank), file=sys.stderr)
        print("then: systemctl restart faretap-terminal", file=sys.stderr)
        sys.exit(EX_CONFIG)


def locked():
    """The lock of the boot record: one terminal at a time, no release is changed under it."""
    try:
        file = os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as busy:
        print("faretap-terminal: %s: %s: does it run already?" % (LOCK, busy), file=sys.stderr)
        sys.exit(EX_TEMPFAIL)
    return file


def begin():
    """(number, what to import from, whether in safe mode) of the release whose turn it is; the
    start is counted.
    """
    shelf = Shelf(SHELF)
    record = BootRecord(InFiles(hal, RECORD))

    def is_whole(slot, size, digest):
        return shelf.is_whole(record.values[HELD[slot][0]], size, digest)

    start = slots.begin(record.values, hal.reset_cause(), is_whole)
    values = start.values
    if values["why"] and values["returned"] != record.values["returned"]:
        say({"event": "release", "left": values["returned"], "why": values["why"]})
    if start.safe:
        # Safe mode: nothing is sold, what is unsent goes up, and after a while it is tried again.
        say({"event": "release", "starts": values["starts"], "text": "crash loop"})
    slot = start.slot
    if not record.save(values):
        # A start that cannot be counted must not be one of a trial: it would be tried for ever.
        say({"event": "release", "text": "the boot record cannot be written"})
        slot = values["active"]
    number = values[HELD[slot][0]] if slot != FACTORY else 0
    return number, shelf.path(number) if number else INSTALLED, start.safe


def become(release):
    """Let `firmware` be the package of that release, and nothing of the one that chose it."""
    for name in list(sys.modules):
        if name.split(".")[0] in ("firmware", "faretap_pi"):
            del sys.modules[name]
    sys.path[:] = [one for one in sys.path if one != INSTALLED]
    sys.path.insert(0, release)
    importlib.invalidate_caches()


def run(path, safe):
    """The release's own start. What it could not even begin with is kept for faretap-release."""
    try:
        from firmware.boot import places, record, slots, start  # of the release that was chosen

        held = places.Places(record.InFiles(hal, RECORD))
        begun = slots.Start(FACTORY, held.record.values, safe)  # its modules come first already
        hal.leave(start.go(begun, path, held, hal, say))
    except (Exception, KeyboardInterrupt) as wrong:
        keep("%s: %s" % (type(wrong).__name__, wrong))
        raise


def keep(text):
    """Into the boot record, by the code of the release that failed; its absence is no news."""
    try:
        from firmware.boot import record, slots

        found = record.BootRecord(record.InFiles(hal, RECORD))
        found.save(slots.failed(found.values, text))
    except (ImportError, OSError, ValueError) as wrong:
        say({"event": "release", "text": "not kept: %s" % wrong})
