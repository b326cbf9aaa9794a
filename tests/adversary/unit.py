# SPDX-License-Identifier: Apache-2.0
"""One terminal of the adversary's city: real device, kernel, journal and module driver; simulated
PSAM, and a clock that may be wrong.
"""

import copy
from functools import cache

from firmware.devices.card_trade import Keys, factor_by
from firmware.devices.rules import DenyTable
from firmware.errors import JournalFull
from firmware.fares import calendar
from firmware.formats import record
from firmware.module import profile
from firmware.module.module import Module
from firmware.module.psam import Psam as PsamDriver
from firmware.neighbours.relay import Relay
from sim import capp_keys
from sim.capp_profile import KEY_USE, VERSIONS
from sim.flash import Flash, PowerCut
from sim.psam import PROFILE, Psam
from tests.devices.parking_stand import Barrier
from tests.host.card_reading import last_of
from tests.host.record_torn import authority
from tests.host.test_psam import Contacts
from tests.host.torn_world import Rim
from tests.stand import FLEET, HandReader, Stand

START_S = 1795226400  # 2026-11-21 10:00 at UTC+8
ZONE_S = 8 * 3600
LIFE_S = 10**6  # of a clock's ticks before the first start
MORE = "merchant: 104310055110001\nceiling_fen: 20000\n"
SFIS = {0x15: "metro", 0x16: "bus", 0x17: "toll", 0x18: "parking", 0x1E: "rides"}


class City:
    """What all terminals share: the true time, in ms."""

    def __init__(self):
        self.ms = 0
        self.bikes_out: list = []
        self.bikes_taken: list = []  # (terminal, hire) whose bike was taken


class UnitClock:
    """`offset_s`: by how much it is wrong; `is_set` False: nobody has set it since the start."""

    def __init__(self, city):
        self.city, self.offset_s, self.is_set = city, 0, True

    def ticks_ms(self):
        return LIFE_S + self.city.ms

    def ticks_us(self):
        return 1000 * self.ticks_ms()

    def ticks_diff(self, later, earlier):
        return later - earlier

    def time_utc_s(self):
        base = START_S if self.is_set else 946684800
        return base + self.city.ms // 1000 + self.offset_s

    def local_now(self):
        seconds = self.time_utc_s() + ZONE_S
        day, second = divmod(seconds, 86400)
        first = calendar.day_number(1970, 1, 1)
        date = calendar.date_of(first + day)
        return (*date, second // 3600, second // 60 % 60, second % 60)


@cache
def texts(terminal, line, stop, extra):
    """(Settings, Parameters) of a terminal; shared, so that nobody may change them."""
    from firmware.formats import parameters
    from firmware.settings import parse

    own = f"terminal: {terminal}\nreader: serial:none\njournal: file:none\nparameters: none\n"
    settings = parse(f"{own}line: {line}\nstop: {stop}")
    lines = f"{FLEET}ca: {authority().ca_line()}\n{MORE}{extra}"
    return settings, parameters.parse(lines, "fleet")


class AdversaryUnit(Stand):
    """`kind`: of kinds.py; place: (number, line, stop); cipher: of the module's keys."""

    limits = (2560, 1100)

    def __init__(self, city, kind, place, cipher, **more):
        self.city, self.kind, self.place, self.more = city, kind, place, dict(more)
        self.number, self.line, self.stop = place
        self.flash = Flash(12, 4096)
        self.clock, self.reader = UnitClock(city), HandReader()
        self.barrier = Barrier()
        self.numbers = 1000 * self.number
        self.masters = {
            (KEY_USE, one): capp_keys.known_master(KEY_USE, one, cipher)
            for one in VERSIONS.values()
        }
        self.psam = Psam(dict(self.masters), cipher)
        self.denied: dict = {}
        self.books: dict = {}  # number -> bytes of all records that were ever there
        self.doubled: list = []
        self.make_trade = self._make
        self.beside = kind.beside(self)
        self.fleet_lines = ""
        self.restart()

    def restart(self):
        """New RAM over the same flash, neighbours as they are."""
        lines = f"same_card_s: {self.kind.same_card_s}\n{self.fleet_lines}"
        settings, self.fleet = texts(self.number, self.line, self.stop, lines)
        self.settings = settings._replace(more=copy.copy(settings.more))
        text = PROFILE + f"block: {self.psam.cipher.block}\n"
        wanted = [name for name in self.masters if name[1] in self.kind.versions]
        holder = PsamDriver(Contacts(self.psam), profile.parse(text), wanted)
        self.module = Module(holder, self.clock, 10)
        self.module.check()
        super().restart()

    def _make(self, settings, parameters, clock, report):
        settings.more.update(self.kind.more)
        settings.more.update(self.more)
        names = {sfi: (KEY_USE, VERSIONS[name]) for sfi, name in SFIS.items()}
        names.update(self.kind.keys)
        keys = Keys(names, factor_by("pan:01"))
        relay = Relay(lambda: self.barrier, 500, clock)
        return self.kind.trade(self, settings, parameters, relay, clock, keys)

    def prepare(self):
        self.terminal.sale.use_list(DenyTable(self.denied), self.terminal.sale.stamp)

    def random_bytes(self, count):
        self.numbers += 1
        return self.numbers.to_bytes(count, "big")

    def lamp(self, colour):
        self.log.append(("lamp", colour, 0))

    # --- what happens to it

    def pass_time(self, seconds):
        """Time goes by for everybody; this one's loop turns."""
        self.city.ms += int(1000 * seconds)

    def turns(self, count=4):
        """The loop turns without a card."""
        self.reader.field = []
        for _ in range(count):
            self.city.ms += 300
            self.terminal.turn()

    def presents(self, card, cut=None, power=None):
        """(last tap event or None, colours of the lamp meanwhile, did the link or the power go).

        cut: of torn_world.Rim; power: (flash operation, seed) at which it fails.
        """
        self.beside.greet()
        self.log[:] = []
        self.events[:] = []
        rim = Rim(card, lambda face: last_of(getattr(face, "card", face)))
        rim.cut = cut
        self.city.ms += 500
        gone = False
        if power:
            self.flash.cut(*power)
        try:
            self.reader.field = [rim]
            self.terminal.turn()
            fired = rim.fired
            self.turns()
        except PowerCut:
            gone = True
        fired = rim.fired if gone else fired
        colours = [one[1] for one in self.log if one[0] == "lamp"]
        taps = [one for one in self.events if one["event"] == "tap"]
        self.reader.field = []
        card.power_up()
        if gone or self.flash.dead:
            gone = True
            self.flash.restart()
            self.restart()
        self.flash.restart()
        return (taps[-1] if taps else None), colours, fired or gone

    def fill(self):
        """Events until no more goes in."""
        while self.journal.room() > 1:
            values = self.terminal.sale.stamp.onto(record.blank(record.EVENT))
            values["reason"] = "adversary"
            try:
                self.journal.append(record.pack(values))
            except JournalFull:
                return

    def learn(self):
        """Take up what the journal has; the same number never has other bytes."""
        for number, data in self.journal.records():
            data = bytes(data)
            if self.books.setdefault(number, data) != data:
                self.doubled.append(number)

    def acknowledge(self):
        """The host has all that is settled."""
        self.journal.acknowledge(self.journal.settled_upto())
        self.journal.tidy()
