# SPDX-License-Identifier: Apache-2.0
"""What other people's drivers are put before: a card with records of given lengths behind the
virtual chip on a pty, and `faretap pn532` as a process.
"""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

from firmware.formats import session as sessions
from firmware.kernel import apdu, tlv
from sim.chip import Chip
from sim.field import Field
from sim.serve import PtyServer
from sim.timing import Timing
from tests.clients.clients import LIMIT_S, ROOT
from tests.host.chip_stand import RadioCard
from tests.small_card import AID

LENGTHS = (5, 250, 252, 253, 254, 256, 258)  # of R-APDUs, SW included
SFI = 9
SELECT_PPSE = apdu.select(apdu.PPSE)
SELECT = apdu.select(AID)
LONGEST_COMMAND = b"\x00\xa4\x04\x00\xff" + bytes(range(255)) + b"\x00"  # a C-APDU of 261 bytes
NO_SUCH_FILE = b"\x6a\x82"


def body(length):
    """What stands in template 70 of a record whose R-APDU is to have `length` bytes."""
    around = 4 if length < 132 else 5  # template, its length, SW
    return bytes((length + at) & 0xFF for at in range(length - around))


def card_with_records(**terms):
    """A payment card that has a record for each of LENGTHS besides its own."""
    card = RadioCard(**terms)
    for number, length in enumerate(LENGTHS, 1):
        card.records.append([SFI, number, body(length)])
    return card


def read_record(length):
    """The C-APDU for the record whose R-APDU has `length` bytes."""
    return apdu.read_record(SFI, LENGTHS.index(length) + 1)


def record(length):
    """That R-APDU."""
    return tlv.build(0x70, body(length)) + b"\x90\x00"


class Stand:
    """A chip on a pty with one card: `path`, `chip`, `card`, `field`, and what the host said.

    `said` is a list of (speed the host had set, bytes).
    """

    def __init__(self, card=None, timing=None, faults=None, power="awake"):
        self.card = card or card_with_records()
        self.field = Field()
        self.field.place(self.card)
        self.chip = Chip(self.field, timing or Timing.none(), faults, power)
        self.said = []
        self.server = PtyServer(self.chip, trace=self._note)
        self.path = self.server.path

    def _note(self, who, data, _):
        if who == "host":
            self.said.append((self.server.baud, data))

    def stream(self, baud=None):
        """All that was said, or all that was said at one speed."""
        return b"".join(data for speed, data in self.said if baud in (None, speed))

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *_):
        self.server.stop()


@contextmanager
def chip_process(*arguments):
    """`faretap pn532` as a process; the path of its pty."""
    process = subprocess.Popen(
        [sys.executable, "-m", "host_tools.cli.main", "pn532", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ, PYTHONUNBUFFERED="1"),
    )
    try:
        yield process.stdout.readline().split()[2].rstrip(",")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=LIMIT_S)


def recorded(name):
    """(path of a session file, its commands, its answers), first presentation."""
    path = ROOT / "sim" / "sessions" / ("%s.session" % name)
    exchanges = sessions.parse(path.read_text(encoding="utf-8"), name).presentations[0]
    return path, [one.command for one in exchanges], [one.answer for one in exchanges]
