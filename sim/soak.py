# SPDX-License-Identifier: Apache-2.0
"""The root of a soak: the real terminal takes tap after tap in one process, and its heap is told.

    python -m sim.soak SETTINGS TAPS COUNT        (MicroPython; soak_run.py writes the two files)

TAPS holds presentations of cards as they went once, with 9F37, date and TTQ of that time handed in
again: whoever asks the same gets the same answers. Assembly, loop, kernel, journal, uploader and
link are those of firmware.main; reader and host stand in this process and keep next to nothing.
Every PACE taps, behind the collection that a terminal makes between two customers, it says

    {"event": "soak", "taps", "live", "least_free", "total"}     and then mem_info() for the piece

live: bytes in use; least_free: of the heap, the least that was left at the end of any tap since
the last line, garbage of that tap in it. A tap that ends otherwise than it did once ends the soak.
"""

import json
import sys

from firmware import hal, main
from firmware.errors import FormatError, LinkLost
from firmware.hal.fileflash import open_file_flash

PACE = 1000
AWAY = 4  # looks that find nobody between two cards
KEYS = ("date", "time", "un", "ttq")


class Taps:
    """The presentations of a file, round and round, one in memory at a time."""

    def __init__(self, path):
        self.file = open(path)  # noqa: SIM115 - stays open
        self.heading = []
        while True:
            at = self.file.tell()
            line = self.file.readline()
            if line.startswith("card"):
                break
            self.heading.append(line)
        self.first = at
        self.file.seek(at)
        self.message = ""  # how the one at hand ended

    def next(self):
        """(kind, uid, ats) of the next presentation; its exchanges are read as they come."""
        line = self.file.readline()
        if not line:
            self.file.seek(self.first)
            line = self.file.readline()
        _, kind, uid, ats, self.message = line.split()
        return kind, bytes.fromhex(uid), bytes.fromhex(ats)

    def answer(self, command):
        """What the card said to this command at that time; LinkLost where nothing came."""
        asked, _, told = self.file.readline().partition(" ")
        if bytes.fromhex(asked) != command:
            raise FormatError("asked %s, not %s" % (command.hex(), asked))
        told = told.strip()
        if told == "-":
            raise LinkLost("the card is gone")
        return bytes.fromhex(told)


class Card:
    """A card of `taps`; what is computed meanwhile is done while it answers."""

    look_us = 0
    sel_res = 0x20

    def __init__(self, taps):
        self.kind, self.uid, self.ats = taps.next()
        self.taps = taps

    def exchange(self, command, spare=None):
        while spare and spare():
            pass
        return self.taps.answer(command)


class Reader:
    """Lays one card down behind the other."""

    def __init__(self, taps):
        self.taps = taps
        self.looks = 0

    def find(self, timeout_ms):
        self.looks += 1
        if self.looks <= AWAY:
            return []
        self.looks = 0
        card = Card(self.taps)
        card.look_us = hal.ticks_us()
        return [card]

    def power(self, on):
        pass

    def reset_field(self):
        pass

    def recover(self):
        return True


class Host:
    """A byte stream to a collector that has everything on its disk at once."""

    def __init__(self):
        from firmware.formats import batch  # behind what reads settings

        self.batch = batch
        self.reader = batch.FrameReader()
        self.out = b""

    def write(self, data):
        batch = self.batch
        for frame in self.reader.feed(data):
            _, values = batch.unseal(frame)
            upto = values["items"][-1][0]
            self.out = batch.pack_ack(values["terminal_id"], batch.crc_of(frame), upto)

    def read(self, count, timeout_ms):
        data, self.out = self.out[:count], self.out[count:]
        return data

    def close(self):
        pass


class Clock:
    """hal's ticks; a date that stands, as the cards were asked for it."""

    def __init__(self, date, time):
        """date, time: 9A and 9F21 as bytes."""
        digits = (date + time).hex()
        year, *rest = [int(digits[at : at + 2]) for at in range(0, 12, 2)]
        self.now = (2000 + year,) + tuple(rest)
        self.began_ms = hal.ticks_ms()
        self.ticks_ms, self.ticks_us = hal.ticks_ms, hal.ticks_us
        self.ticks_diff = hal.ticks_diff

    def local_now(self):
        return self.now

    def time_utc_s(self):
        return hal.ticks_diff(hal.ticks_ms(), self.began_ms) // 1000


class SoakHal:
    """The contract of firmware/hal: reader and host of this process, a journal that is written to
    a file and not made durable.
    """

    def __init__(self, taps):
        self.reader = Reader(taps)
        for name in ("ticks_ms", "ticks_us", "ticks_diff", "time_utc_s", "local_now", "unload",
                     "random_bytes", "reset_cause", "collect", "sweep", "heap",
                     "open_blob"):  # fmt: skip
            setattr(self, name, getattr(hal, name))

    def open_reader(self, where):
        return self.reader

    def connect(self, host, port, timeout_ms):
        return Host()

    def open_flash(self, path, block_count, block_size=4096):
        return open_file_flash(path, block_count, block_size, _nothing, _nothing)


def _nothing(of):
    pass


class Soak:
    """Counts taps and looks at the heap."""

    def __init__(self, taps, total):
        self.taps = taps
        self.total = total
        self.count = 0
        self.least_free = total

    def report(self, event):
        """What firmware.main would write as a line is made, and read by nobody."""
        json.dumps(event)
        if event["event"] == "tap":
            used, total = hal.heap()
            self.least_free = min(self.least_free, total - used)
            if event["message"] != self.taps.message:
                raise SystemExit("tap %d: %s" % (self.count, event))
            self.count += 1

    def tell(self):
        """A line; the largest free piece by the interpreter's own words."""
        from micropython import mem_info  # CPython has none: this is for MicroPython alone

        live, total = hal.heap()
        event = {"event": "soak", "taps": self.count, "live": live, "total": total}
        event["least_free"] = self.least_free
        hal.write_line(json.dumps(event))
        mem_info()
        self.least_free = total


def read_texts(settings_path, taps):
    """(Settings, Parameters, {key of KEYS: bytes}); what reads them leaves the heap again, as in
    firmware.main.
    """
    from firmware import settings  # unloaded behind this
    from firmware.formats import lines, parameters  # likewise

    unit = settings.parse(hal.read_text(settings_path), settings_path)
    fleet = parameters.parse(hal.read_text(unit.parameters), unit.parameters)
    recorded = lines.read("".join(taps.heading), "taps", KEYS)
    octets = {key: lines.octets("taps", key, recorded[key]) for key in KEYS}
    return unit, fleet, octets


def make_terminal(unit, fleet, taps, recorded, report):
    """The terminal of firmware.main over `taps`."""
    from firmware.assemble import assemble_from  # into the room that those leave

    clock = Clock(recorded["date"], recorded["time"])
    un, ttq = recorded["un"], recorded["ttq"]
    return assemble_from(
        unit, fleet, SoakHal(taps), clock, lambda: un, lambda amount_fen, aid=None: (ttq, ""),
        report,
    )  # fmt: skip


def run(settings_path, taps_path, count):
    """Take `count` taps."""
    taps = Taps(taps_path)
    unit, fleet, recorded = read_texts(settings_path, taps)
    hal.unload(main.READERS)
    soak = Soak(taps, hal.heap()[1])
    terminal = make_terminal(unit, fleet, taps, recorded, soak.report)
    told = 0
    while soak.count < count:
        if terminal.turn():
            hal.collect()
            if soak.count >= told:
                soak.tell()
                told += PACE
    soak.tell()
    hal.write_line("done")


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2], int(sys.argv[3]))
