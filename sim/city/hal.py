# SPDX-License-Identifier: Apache-2.0
"""What a terminal of the city stands on: simulated time, a flash in memory, a field for one card.

UnitHal gives what firmware/hal gives, as far as a bus reader asks for it.
"""

import random
import time
from pathlib import Path

from firmware.errors import LinkLost
from host_tools.fares import files
from sim.city.plan import FIRST_DAY_UTC_S, LOCAL_S

FARES = "city.fares"
LOOK_US = 20000


class Memory:
    """A file that is read in places and lies in memory (firmware/hal/blob.py)."""

    def __init__(self, data):
        self.data = data
        self.size = len(data)

    def read(self, at, count):
        return self.data[at : at + count]

    def close(self):
        pass


def built_fares():
    """Bytes of the city's fare table, not signed: the terminals have no authority."""
    return files.built(files.load(Path(__file__).with_name("fares.toml")), None)


class Time:
    """Simulated time of a district: milliseconds since midnight of its first day."""

    def __init__(self):
        self.now_ms = 0

    @property
    def utc_s(self):
        """Right, as the collector has it."""
        return FIRST_DAY_UTC_S + self.now_ms // 1000


class UnitHal:
    """Of one start of one terminal. connect(): a line, or LinkLost at once."""

    def __init__(self, now, off_s, connect, fares, seed):
        self.now = now
        self.off_s = off_s
        self.open_line = connect
        self.fares = fares
        self.random_bytes = random.Random(seed).randbytes

    def ticks_ms(self):
        return self.now.now_ms

    def ticks_us(self):
        return self.now.now_ms * 1000

    def ticks_diff(self, later, earlier):
        return later - earlier

    def time_utc_s(self):
        return self.now.utc_s + self.off_s

    def local_now(self):
        return tuple(time.gmtime(self.now.utc_s + self.off_s + LOCAL_S)[:6])

    def open_blob(self, path):
        if path != FARES:
            raise OSError(2, "no such file", path)
        return Memory(self.fares)

    def connect(self, host, port, timeout_ms):
        return self.open_line()


class Held:
    """A card that is held to a reader, and may be torn off.

    tear: (number of the APDU from 1, whether the card acts on it) or None; number LAST: the READ
    RECORD that makes the debit final. unplug: () or a call, made in place of that APDU.
    """

    LAST = 0

    def __init__(self, card, tear=None, unplug=None):
        self.card = card
        self.kind, self.uid, self.ats = card.kind, card.uid, card.ats
        self.sel_res = 0x20
        self.tear = tear
        self.unplug = unplug
        self.count = 0
        self.is_torn = False

    def exchange(self, command, spare=None):
        """R-APDU of a C-APDU; LinkLost from where the card is torn off."""
        self.count += 1
        if self.is_torn:
            raise LinkLost("the card has gone")
        due = self.tear and self._is_due(command)
        if due and self.unplug:
            if self.tear[1]:
                self.card.exchange(command)
            self.unplug()
        if due and not self.tear[1]:
            self.is_torn = True
            raise LinkLost("the card has gone")
        answer = self.card.exchange(command)
        if due:
            self.is_torn = True
            raise LinkLost("the card has gone")
        return answer

    def _is_due(self, command):
        if self.tear[0] != Held.LAST:
            return self.count == self.tear[0]
        name = f"{command[3] >> 3:02X}{command[2]:02X}"
        return command[1] == 0xB2 and self.card.opened and name == self.card.face.last


class CityReader:
    """A reader whose field holds one card or none."""

    def __init__(self):
        self.held = None

    def find(self, timeout_ms):
        if self.held is None or self.held.is_torn:
            return []
        self.held.card.power_up()
        return [self.held]

    def power(self, on):
        pass

    def reset_field(self):
        pass

    def recover(self):
        return True


class Lamp:
    """A panel of which the lamp is looked at."""

    def __init__(self):
        self.colour = ""

    def lamp(self, colour):
        self.colour = colour

    def beep(self, kind):
        pass

    def show(self, line1, line2):
        pass

    def voice(self, number):
        pass

    def refresh(self):
        pass
