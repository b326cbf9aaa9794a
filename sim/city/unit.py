# SPDX-License-Identifier: Apache-2.0
"""One terminal of the city: its flash lasts, everything else is made anew at each start.

Real: Terminal, Trade of a bus with its fare table, kernel, Journal, Uploader, Link. What its
journal gives up, because the collector has it, is noted down as it goes: Tally. So at the end
what a journal ever said is known, although it has forgotten most of it.
"""

import hashlib
import zlib
from collections import namedtuple

from firmware import assemble
from firmware.devices.sources import Qualifiers, UnpredictableNumbers
from firmware.devices.terminal import Parts, Terminal
from firmware.devices.timekeeper import Timekeeper
from firmware.formats import parameters, record
from firmware.journal import Journal
from firmware.settings import parse
from firmware.upload import TALKING, WAITING
from sim.city.cards import AUTHORITY
from sim.city.hal import FARES, CityReader, Lamp, UnitHal
from sim.flash import Flash

SETTINGS = """terminal: {number}
reader: stage:none
journal: file:none
journal_blocks: {blocks}
parameters: none
link: tcp:127.0.0.1:4755
upload_key: {key}
fares: {fares}
line: {line}
vehicle: {number}
"""
PARAMETERS = f"""fare_fen: 200
same_card_s: 60
torn_window_s: 60
clock_from_year: 2025
ca: {AUTHORITY.ca_line()}
"""
ASKS_THE_HOST = "clock_step_s: 3600\nclock_bound_s: 60\n"  # of a terminal whose clock is wrong
TURNS = 4  # without a card, before the next rider
PUMPED = 400  # steps of the uploader at one instant, at most

# What a record of a journal came to; key: (PAN digits, ATC), None where no card is named
Row = namedtuple("Row", ("digest", "kind", "amount_fen", "key", "rule", "utc_s"))


class TalliedJournal(Journal):
    """A Journal that hands over what it is about to forget: leave([(sequence, bytes)])."""

    def __init__(self, storage, leave):
        self.leave = leave
        super().__init__(storage)

    def acknowledge(self, sequence):
        count = sequence - self.acknowledged
        if count > 0:  # before: a power cut may leave the cursor moved and nobody told
            self.leave(self.unsent(1 << 30, count))
        super().acknowledge(sequence)


class Radio:
    """An Uploader that is at work while is_up(): radios of the city come up by the clock."""

    def __init__(self, uploader, is_up):
        self.uploader = uploader
        self.is_up = is_up

    def step(self):
        if self.uploader.state == TALKING or self.is_up():
            self.uploader.step()
        return self.uploader.state

    def __getattr__(self, name):
        return getattr(self.uploader, name)


class Unit:
    """`number`: its identity, told to the collector; `name`: what people here call it.

    town: what it is given by its district: now, fares, connect(unit), seed, radio_is_up(),
    secret_of(number), parameters(text).
    """

    def __init__(self, name, number, line, blocks, town):
        self.name, self.number, self.town = name, number, town
        self.line, self.blocks = line, blocks
        self.flash = Flash(blocks)
        self.off_s = 0  # of its clock
        self.in_tunnel = False  # no network
        self.has_twin = False  # another one has its number: one of them is refused
        self.stuck = ""  # why it could not upload at the end
        self.broken = False  # out of service for good
        self.starts = 0
        self.started_ms = 0
        self.tally = {}  # sequence -> Row of what the journal has given up
        self.packed = b""
        self.is_up = False
        self.left = 0  # numbers that were not acknowledged when it was switched off

    # --- power --------------------------------------------------------------------------------

    def start(self, arm=None):
        """Power on; arm: (operation of the flash, seed) in which the power fails again."""
        self.starts += 1
        town = self.town
        self.started_ms = town.now.now_ms
        hal = self.make_hal(lambda: town.connect(self), f"{town.seed}/{self.name}/{self.starts}")
        settings = parse(self.settings_text())
        fleet = town.parameters(self.fleet_text())
        self.flash.restart()
        if arm:
            self.flash.cut(*arm)
        self.journal = TalliedJournal(self.flash, self._forgotten)
        keeper = None
        if fleet.clock_step_s:
            keeper = Timekeeper(hal, fleet.clock_step_s, fleet.clock_bound_s, self.number)
        clock = keeper or hal
        uploader = assemble.open_uploader(settings, hal, self.journal, keeper)
        self.reader, self.lamp, self.taps = CityReader(), Lamp(), []
        self.uploader = uploader
        parts = Parts(
            reader=self.reader,
            clock=clock,
            draw_un=UnpredictableNumbers(hal.random_bytes).draw,
            qualify=Qualifiers(fleet).qualify,
            journal=self.journal,
            uploader=Radio(uploader, town.radio_is_up),
            panel=self.lamp,
            report=self._hear,
            module=assemble.open_module(settings.more, hal, clock, self._hear),
        )
        trade = assemble.open_trade(settings, fleet, hal, clock, self._hear)
        terminal = Terminal(parts, settings, fleet, trade)
        terminal.start()
        self.terminal = terminal
        self.is_up = True

    def make_hal(self, connect, seed):
        """What it stands on from this start on."""
        return UnitHal(self.town.now, self.off_s, connect, self.town.fares, seed)

    def settings_text(self):
        """Its settings file."""
        return SETTINGS.format(
            number=self.number, blocks=self.blocks, fares=FARES, line=self.line,
            key=self.town.secret_of(self.number).hex(),
        )  # fmt: skip

    def fleet_text(self):
        """Its parameter file."""
        return PARAMETERS + ASKS_THE_HOST * bool(self.off_s)

    def stop(self):
        """Power off, in order or not: what is in the flash stays."""
        if not self.is_up:
            return
        self.left = self.waiting()
        if self.uploader.link is not None:
            self.uploader.link.stream.drop()
        self.is_up = False
        del self.terminal, self.journal, self.uploader, self.reader, self.lamp

    # --- work ---------------------------------------------------------------------------------

    def tap(self, held):
        """A card is held to it, then taken away: the tap event, None when nothing was served."""
        self.taps = []
        self.reader.held = held
        self.terminal.turn()
        self.reader.held = None
        for _ in range(TURNS):
            self.terminal.turn()
        return self.taps[-1] if self.taps else None

    def serve_line(self):
        """What can be done at this instant: send, take an answer, send the next."""
        self.terminal.turn()
        for _ in range(PUMPED):
            uploader = self.terminal.parts.uploader
            before = _standing(uploader)
            uploader.step()
            if _standing(uploader) == before and not uploader.work:
                break
        self.terminal.turn()

    def due_ms(self):
        """When it has to be looked after next, by simulated time; None: not before a rider."""
        due = []
        uploader = self.uploader
        if uploader.state == TALKING:
            due.append(uploader.since + uploader.answer_ms)
        elif uploader.state == WAITING and self.town.radio_is_up():
            due.append(uploader.since + uploader.pause_ms)
        for entry in self.terminal.torn_taps.open:
            ends = entry.window[0] + entry.window[1]
            # one that is over waits for room in the journal
            due.append(ends if ends > self.town.now.now_ms else self.town.now.now_ms + 60000)
        return max(self.town.now.now_ms + 1, min(due)) if due else None

    def waiting(self):
        """Numbers that are not acknowledged yet, as far as is known."""
        return self.journal.next - 1 - self.journal.acknowledged if self.is_up else self.left

    # --- what its journal said ------------------------------------------------------------------

    def _hear(self, event):
        if event["event"] == "tap":
            self.taps.append(event)

    def _forgotten(self, items):
        for sequence, raw in items:
            self.tally[sequence] = row_of(raw)

    def kept(self):
        """{sequence: Row} of what the journal still holds unacknowledged, read from the flash."""
        journal = Journal(self.flash)
        rows = {number: row_of(raw) for number, raw in journal.records()}
        upto = journal.acknowledged
        return {number: row for number, row in rows.items() if number > upto}, journal.pending()

    # --- night ----------------------------------------------------------------------------------

    def pack(self):
        """Off for the night: memory for the others."""
        self.stop()
        self.packed = zlib.compress(b"".join(self.flash.blocks), 1)
        self.flash.blocks = []

    def unpack(self):
        """The flash is as it was."""
        cells = zlib.decompress(self.packed)
        size = self.flash.block_size
        self.flash.blocks = [bytearray(cells[at : at + size]) for at in range(0, len(cells), size)]
        self.packed = b""


def _standing(uploader):
    return uploader.state, uploader.sent, bool(uploader.link and uploader.link.out)


def row_of(raw):
    """Row of the bytes of a record; of a lost one too."""
    digest = hashlib.sha256(raw).digest()[:16]
    if not raw:
        return Row(digest, None, 0, None, "", 0)
    values = record.unpack(raw)
    pan = record.pan_digits(values["pan"])
    key = (pan, values["atc"]) if pan else None
    return Row(
        digest, values["kind"], values["amount_fen"], key, values["rule"], values["time_utc_s"]
    )


def read_parameters(text):
    """Parameters of a text."""
    return parameters.parse(text, "city")
