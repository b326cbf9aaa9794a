# SPDX-License-Identifier: Apache-2.0
"""The start of a terminal: faretap-terminal [SETTINGS]. Chooses a release and becomes it.

Which one is decided by firmware/boot/start.py of the installed release, as on the boards. The
chosen one runs in this very process, so that a new start begins here again.

Ends with status 78 while settings are not filled in, 75 while another terminal or faretap-release
has the lock; otherwise with that of firmware/boot/start.py.
"""

import fcntl
import os
import sys

from faretap_pi import INSTALLED, LOCK, PACKED, RECORD, SETTINGS, SHELF
from faretap_pi.shelf import number_of
from firmware import hal
from firmware.boot import root, start
from firmware.boot.file_slots import FileSlots
from firmware.boot.places import Places
from firmware.boot.record import HELD, InFiles

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
    lock = locked()
    status = start.run(path, places(), hal, root.report)
    os.close(lock)
    hal.leave(status)


def places():
    """Where record and releases lie on this machine: what firmware/boot/start.py asks for."""
    return Places(
        InFiles(hal, RECORD),
        factory=number_of(PACKED),
        make_slots=lambda record: FileSlots(hal, record, SHELF),
        enter=enter,
    )


def enter(shelf, slot, size):
    """Import from the file in that slot, and no longer from the installed release."""
    number = shelf.record.values[HELD[slot][0]]
    sys.path[:] = [one for one in sys.path if one != INSTALLED]
    sys.path.insert(0, shelf.path_of(number))


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
