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
INSTALLED = "/usr/lib/faretap/installed"  # the package's release: the factory's, always there
PACKED = "/usr/lib/faretap/release"  # the same as a file, which goes onto the shelf
USER = "faretap"
BOARD = "linux"  # word of this board in a release (host_tools/release_files.py)
