# SPDX-License-Identifier: Apache-2.0
"""A voice module on a serial line, `voice: serial:PATH` and perhaps `volume=0..30` behind it.

The frame of the DFPlayer Mini and of many modules like it (DFRobot's manual, 3; 9600 8N1):

    7E FF 06 CMD FB P1 P2 SUM(2) EF     FF version, 06 bytes up to P2, FB 00: no reply wanted

SUM makes the 16-bit sum of FF .. P2 and itself zero. (Two examples in the manual carry another
sum; what is written here is what DFRobot's own library sends.) Prompt n is the file n of folder
01, "01/006.mp3", chosen by its name: the numbers do not move when a file is added. What a module
says of itself is passed over: nothing depends on it.
"""

from firmware.errors import FormatError, LinkLost
from firmware.outputs.output import Output

BAUD = 9600
PLAY = 0x0F  # file P2 of folder P1
VOLUME = 0x06
FOLDER = 1
MOST_PROMPT = 255
MOST_VOLUME = 30


def frame(command, first, second):
    """Ten bytes for the module."""
    body = bytes((0xFF, 0x06, command, 0, first, second))
    total = -sum(body) & 0xFFFF
    return b"\x7e" + body + bytes((total >> 8, total & 0xFF)) + b"\xef"


class Module:
    """The protocol of neighbours/line.py: the last prompt that was asked for, and the volume."""

    def __init__(self, volume):
        self.volume = volume
        self.waiting = b""
        self.restart()

    def restart(self):
        """The line was opened: a module that had no power knows its volume no more."""
        if self.volume is not None:
            self.waiting = frame(VOLUME, 0, self.volume)

    def say(self, number):
        """A newer prompt takes the place of one that did not leave; the volume stays."""
        head = self.waiting[:10] if self.waiting[3:4] == bytes((VOLUME,)) else b""
        self.waiting = head + frame(PLAY, FOLDER, number)

    def feed(self, data, now_ms):
        """No events."""
        return ()

    def outgoing(self, now_ms):
        """What waits, once."""
        data, self.waiting = self.waiting, b""
        return data


def read_setting(text):
    """(where, volume or None) of `serial:PATH volume=20`; FormatError."""
    where, _, rest = text.partition(" ")
    kind, _, path = where.partition(":")
    name, _, value = rest.strip().partition("=")
    digits = value and not [sign for sign in value if not "0" <= sign <= "9"]
    if kind != "serial" or not path or (rest.strip() and (name != "volume" or not digits)):
        raise FormatError("voice: `%s` is not serial:PATH or serial:PATH volume=0..30" % text)
    if digits and int(value) > MOST_VOLUME:
        raise FormatError("voice: volume is 0..%d" % MOST_VOLUME)
    return path, int(value) if digits else None


class Voice(Output):
    """neighbour: a Neighbour with a Module as its protocol; it opens its line by itself."""

    name = "voice"

    def __init__(self, neighbour):
        self.neighbour = neighbour

    def voice(self, number):
        """Say it at once; what was being said ends."""
        if 0 < number <= MOST_PROMPT:
            self.neighbour.protocol.say(number)
            self.neighbour.flush()

    def open(self):
        """LinkLost when there is no line."""
        self.refresh()

    def refresh(self):
        """Open the line where it is not, take in what the module says."""
        self.neighbour.turn()
        if self.neighbour.fault:
            raise LinkLost(self.neighbour.fault)

    def close(self):
        """Give the line back."""
        self.neighbour.close()
