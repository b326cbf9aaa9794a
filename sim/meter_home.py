# SPDX-License-Identifier: Apache-2.0
"""A gas, water or power meter at home, and the office that gives out its card. Virtual: no real
meter was there to be read.

    give_out(card, "gas", 100234)
    meter = HomeMeter(100234, "gas")
    meter.lay(card) -> units that it took, or a word why none

Reading a record is free; where the card makes R-MACs the meter's own module checks them. What the
card counts is all that was ever bought, so the meter takes what it has not taken yet.
"""

import os

from firmware.capp import layouts, meter
from firmware.drive import drive
from firmware.errors import FormatError
from firmware.kernel import capp, selection
from firmware.kernel.selection import ListedAid
from sim import capp_keys
from sim.capp_profile import KEY_USE, VERSIONS
from sim.wallet import TERMINAL_AID

SFI, AREA_ID, _, LAYOUT = layouts.OWN["meter"]
AIDS = (ListedAid(bytes.fromhex(TERMINAL_AID), True),)


def give_out(card, kind, number):
    """The office writes kind and number of a meter into the record of a simulated card."""
    for row in card.state["extended"]["records"]:
        if row[0] == f"{SFI:02X}" and row[1].startswith(AREA_ID.hex().upper()):
            fields = {"meter": number, "meter_kind": meter.METERS.index(kind) + 1}
            row[1] = layouts.write(LAYOUT, bytes.fromhex(row[1]), fields).hex().upper()
    card.save()


def carried(card):
    """Fields of the meter's record of a simulated card, None where it has none."""
    for sfi, data, _ in card.state["extended"]["records"] if card.capp else ():
        if sfi == f"{SFI:02X}" and data.startswith(AREA_ID.hex().upper()):
            return layouts.read(LAYOUT, bytes.fromhex(data))
    return None


class HomeMeter:
    """`credit`: units of 0.01 that were taken, all in all."""

    def __init__(self, number, kind):
        self.number, self.kind = number, kind
        self.credit = 0

    def lay(self, card):
        """Units taken of a card that is held at the meter; a word where it takes none of it."""
        card.power_up()
        read = self._read(card)
        if isinstance(read, str):
            return read
        try:
            values = layouts.read(LAYOUT, read)
        except FormatError:
            return "unread"
        kind = meter.METERS.index(self.kind) + 1
        if (values["meter"], values["meter_kind"]) != (self.number, kind):
            return "other_meter"
        if values["total_units"] < self.credit:
            return "counted_back"
        taken = values["total_units"] - self.credit
        self.credit += taken
        return taken

    def _read(self, card):
        """The record, or a word."""
        steps = capp.read_pages(self._df61(card), ((SFI, AREA_ID),), lambda: os.urandom(8))
        reads, word = drive(steps, card.exchange)
        if word:
            return "unread"
        one = reads[0]
        if one.random and one.mac != self._mac(card, one):
            return "forged"
        return one.page.data

    def _df61(self, card):
        return capp.offered(drive(selection.select_application(AIDS), card.exchange))

    def _mac(self, card, one):
        """As the module of the meter makes it."""
        cipher = capp_keys.CIPHERS[card.image["extended"]["cipher"]]
        master = capp_keys.known_master(KEY_USE, VERSIONS["meter"])
        factor = capp_keys.factor_of(card.pan, card.image["psn"])
        key = capp_keys.record_key(cipher, master, factor)
        return capp_keys.read_mac(cipher, key, one.random, one.page.data)
