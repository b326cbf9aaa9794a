# SPDX-License-Identifier: Apache-2.0
"""The service manager's watchdog (sd_notify(3), sd_watchdog_enabled(3)): datagrams of `NAME=value`
lines to the socket that NOTIFY_SOCKET names.

WATCHDOG_USEC says that it watches, WATCHDOG_PID whom. The unit's time-out is replaced by that of
the settings, so that one number counts on every board. A manager that is gone stops no sale.
"""

import os
import socket

from firmware.hal.watchdog import Watchdog

SENT_MOST = 1024  # bytes of one datagram: a status is a line


def watchdog(timeout_ms):
    """Of the manager that started this process; kind "none" where none did, or none watches."""
    where = os.environ.get("NOTIFY_SOCKET", "")
    if where[:1] not in ("/", "@"):  # others, as vsock:, are no place for a datagram of ours
        return Watchdog()
    manager = Manager(where)
    if not is_watched():
        return Watchdog(tell=manager.tell)
    return Watchdog("systemd", manager.begin, manager.kick, manager.tell).limit(timeout_ms)


def is_watched():
    """True when the manager waits for this very process."""
    asked = os.environ.get("WATCHDOG_USEC", "")
    whom = os.environ.get("WATCHDOG_PID", "")
    return asked.isdigit() and int(asked) > 0 and whom in ("", str(os.getpid()))


class Manager:
    """Its end of the socket."""

    def __init__(self, where):
        self.address = "\0" + where[1:] if where[0] == "@" else where
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self.socket.setblocking(False)

    def tell(self, text):
        """One datagram, at once or not at all."""
        try:
            self.socket.sendto(text.encode()[:SENT_MOST], self.address)
        except OSError:
            pass

    def begin(self, timeout_ms):
        """Let it wait so long and no longer."""
        self.tell(f"WATCHDOG_USEC={timeout_ms * 1000}\nWATCHDOG=1")
        return timeout_ms

    def kick(self):
        """The word that all is well."""
        self.tell("WATCHDOG=1")
