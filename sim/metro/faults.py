# SPDX-License-Identifier: Apache-2.0
"""What goes wrong in a metro morning, how often, and what riders do wrong; read as in the city."""

from sim.city import faults
from sim.city.faults import Fault

FAULTS = (
    Fault("torn", 0.04, "tap", "the card is torn off at a drawn APDU, before or after it acted"),
    Fault("power", 0.01, "tap", "the terminal loses power at a drawn write, erase or APDU"),
    Fault("module", 0.003, "tap", "its PSAM is pulled out, before the tap or in it, for minutes"),
    Fault("link", 0.05, "frame", "lost, doubled, late, damaged, cut short, or the line dies"),
    Fault("offline", 0.05, "terminal", "no network until the evening"),
    Fault("clock", 0.15, "terminal", "its clock is seconds, minutes or two hours off"),
    Fault("forged", 0.005, "frame", "somebody else sends a batch"),
    Fault("collector", 0.01, "commit", "its process is killed: in the transaction, or behind it"),
    Fault("database", 0.005, "commit", "it is gone for a minute, first in the transaction"),
    Fault("cards", 0.03, "card", "it lies, is forged, expired, or has no metro record"),
    Fault("in", 0.02, "ride", "the rider jumps the entry gate"),
    Fault("out", 0.02, "ride", "the rider jumps the exit gate"),
    Fault("overtime", 0.02, "ride", "the rider stays for more than three hours"),
    Fault("same", 0.03, "ride", "the rider leaves where he came in"),
)
CLOCKS = (
    ("40 s fast", 40),
    ("50 s slow", -50),
    ("3 minutes fast", 180),
    ("10 minutes slow", -600),
    ("2 hours fast", 7200),
)


def read(text):
    """{name: rate}; FormatError."""
    return faults.read(text, FAULTS)
