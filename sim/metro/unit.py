# SPDX-License-Identifier: Apache-2.0
"""One terminal of a metro station: a gate or a fare adjustment kiosk, with a PSAM in its slot."""

from sim import capp_keys
from sim.capp_profile import KEY_USE, VERSIONS
from sim.city.hal import FARES, UnitHal
from sim.city.unit import Unit
from sim.metro.plan import (
    CITY,
    ENTRY,
    EXIT,
    INSIDE,
    LEAST_FEN,
    LEAVE_S,
    LONGEST_S,
    TURN_S,
    refuses,
)
from sim.psam import PROFILE, Psam
from sim.psam_slot import PsamSlot

KEY = (KEY_USE, VERSIONS["metro"])
SETTINGS = """terminal: {number}
device: {device}
reader: stage:none
journal: file:none
journal_blocks: {blocks}
parameters: none
link: tcp:127.0.0.1:4755
upload_key: {key}
fares: {fares}
product: metro
trips: card
door: gate
pulse_ms: 500
line: 2
stop: {station}
city: {city}
operator: 7
lane: {lane}
area: {area}
module: serial:psam
module_profile: psam.txt
module_keys: 28/02
module_failures: 255
record_key: 28/02
key_factor: pan:01
turn_min: {turn_min}
longest_min: {longest_min}
adjust_min: {adjust_min}
overtime: {rule}
missing_entry: {rule}
least_fen: {least}
"""


class Gate:
    """The output of a gate: how often it was told to open."""

    def __init__(self):
        self.pulses = 0

    def set(self, level):
        self.pulses += level

    def close(self):
        pass


class Wire:
    """The line to a slot, at this instant."""

    def __init__(self, slot, now):
        self.slot, self.now = slot, now

    def write(self, data):
        self.slot.feed(data, self.now.now_ms)

    def read(self, count, timeout_ms):
        return self.slot.outgoing(self.now.now_ms)

    def close(self):
        pass


class StationHal(UnitHal):
    """With a gate and a slot."""

    def __init__(self, now, off_s, connect, fares, seed, gate, slot):
        super().__init__(now, off_s, connect, fares, seed)
        self.gate, self.slot = gate, slot

    def open_output(self, name):
        return self.gate

    def open_serial(self, path, baud, ring=0):
        return Wire(self.slot, self.now)

    def read_text(self, path):
        return PROFILE

    def unload(self, names):
        pass


class StationUnit(Unit):
    """`what`: ENTRY, EXIT, INSIDE or OUTSIDE; `gate` and `psam` outlast power."""

    def __init__(self, number, station, what, blocks, town):
        super().__init__(str(number), number, "2", blocks, town)
        self.station, self.what = station, what
        self.gate = Gate()
        self.psam = Psam({KEY: capp_keys.known_master(*KEY)}, most_failures=255)
        self.slot = PsamSlot(self.psam)

    def make_hal(self, connect, seed):
        town = self.town
        return StationHal(town.now, self.off_s, connect, town.fares, seed, self.gate, self.slot)

    def settings_text(self):
        is_gate = self.what in (ENTRY, EXIT)
        return SETTINGS.format(
            number=self.number, device="metro" if is_gate else "adjust", blocks=self.blocks,
            key=self.town.secret_of(self.number).hex(), fares=FARES, station=self.station,
            city=CITY, lane=self.what if is_gate else "exit",
            area=INSIDE if is_gate else self.what, turn_min=TURN_S // 60,
            longest_min=LONGEST_S // 60, adjust_min=LEAVE_S // 60,
            rule="refuse" if refuses(self.station) else "maximum", least=LEAST_FEN,
        )  # fmt: skip

    def fleet_text(self):
        return self.town.fleet_lines

    def tap(self, held):
        """As everywhere; a terminal that waits for a card looks for its module meanwhile."""
        self.terminal.turn()
        return super().tap(held)
