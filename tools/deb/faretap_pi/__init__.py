# SPDX-License-Identifier: Apache-2.0
"""What a Raspberry Pi has around the firmware: where releases lie, which one starts, by hand too.

Installed by the package under /usr/lib/faretap/manager, run with the installed release's own
firmware.boot beside it. CPython on Linux alone.
"""

HOME = "/var/lib/faretap"
SHELF = HOME + "/releases"
RECORD = HOME + "/boot"  # boot.0 and boot.1: the two copies of firmware.boot.record
LOCK = HOME + "/lock"
SETTINGS = "/etc/faretap/settings.txt"
INSTALLED = "/usr/lib/faretap/installed"  # the installed release: the factory's, always there
USER = "faretap"
FIRMWARE = 6  # kind of a signed file (firmware/formats/signed.py)
