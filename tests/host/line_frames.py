# SPDX-License-Identifier: Apache-2.0
"""Frames of a line as our driver and the virtual chip make them, on a counted clock."""

from firmware.reader.bus import Hsu
from firmware.reader.pn532 import Pn532
from host_tools.trace import Frame
from sim.chip import Chip
from sim.field import Field
from sim.timing import Timing
from tests.host.chip_stand import ChipClock, RadioCard, Wire

PPSE = bytes.fromhex("00a404000e325041592e5359532e444446303100")
PAN = "6228000100000010"
MASKED = "6228009999990010"


class Record(RadioCard):
    """Answers every command with one record, its card number in 5A and 57."""

    def __init__(self, behind=b"", **terms):
        super().__init__(**terms)
        inner = bytes.fromhex("5a08" + PAN + "570a" + PAN + "d351") + behind
        self.record = (
            b"\x70" + (b"\x81" if len(inner) > 127 else b"") + bytes((len(inner),)) + inner
        )

    def exchange(self, command, spare=None):
        return self.record + b"\x90\x00"


def frames_of(*cards, commands=(PPSE,), own_card=None, faults=None):
    """The frames of opening the chip, finding a card and sending commands to it."""
    seen, field, clock = [], Field(), ChipClock()
    chip = Chip(field, Timing(), faults)

    def trace(way, octets, at_us):
        seen.append(Frame(at_us, way, octets))

    pn532 = Pn532(Hsu(Wire(chip, clock), clock), clock, trace=trace, own_card=own_card)
    pn532.open()
    pn532.power(True)
    field.place(*cards)
    (card,) = pn532.find(100)
    for command in commands:
        card.exchange(command)
    pn532.power(False)
    return seen
