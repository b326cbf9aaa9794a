# SPDX-License-Identifier: Apache-2.0
"""A gate from its settings: controller, pins, lines; what cannot be is refused."""

import pytest

from firmware import settings
from firmware.devices import gate_wiring
from firmware.errors import FormatError
from tests.stand import HandClock

BASE = "terminal: 1\nreader: serial:x\njournal: file:x\nparameters: x\ndevice: gate\n"


class Hal:
    """What a hal opens, noted; every text file holds one issuer's key."""

    def __init__(self):
        self.opened = []

    def open_input(self, where):
        self.opened.append("in " + where)
        return self

    def open_output(self, where):
        self.opened.append("out " + where)
        return self

    def open_serial(self, path, baud):
        raise AssertionError("no line is opened before the first turn")

    def read_text(self, path):
        return "key: 1 sm2 " + "11" * 64

    def unload(self, names):
        self.opened.append(names)


def opened(text):
    hal = Hal()
    unit = settings.parse(BASE + text)
    return gate_wiring.open_all(unit, hal, HandClock()), hal.opened


def test_each_controller_should_be_made_of_its_words():
    (gate, beside), pins = opened(
        "gate: open=1 passed=2 fire=3,low=1\ngate_kind: relay pulse_ms=99"
    )
    assert (gate.one_by_one, gate.numbers["pulse_ms"], beside) == (True, 99, [])
    assert pins == ["out 1", "in 2", "in 3,low=1"]
    (gate, beside), pins = opened("gate: serial:/dev/g\ngate_kind: tpw open=41:33 fire=7")
    assert gate.board.orders["open"] == (0x41, b"\x33") and pins == ["in 7"]
    (gate, beside), pins = opened("gate: serial:/dev/g\ngate_kind: digicon entry=right")
    assert gate.board.commands["open"] == b"\x41"
    lines = "tickets: serial:/dev/s\nticket_keys: k\ntwin: serial:/dev/t\nconsole: serial:/dev/c"
    (gate, beside), pins = opened("gate: serial:/dev/g\ngate_kind: tpw\n" + lines)
    assert [type(one).__name__ for one in beside] == ["TicketDesk", "AttendantKeys"]
    assert beside[0].lanes is not None


@pytest.mark.parametrize(
    "text",
    [
        "gate: open=1", "gate: open=1 passed=2 colour=3", "gate: serial:/dev/g",
        "gate: open=1 passed=2\ngate_kind: tpw", "gate: serial:/dev/g\ngate_kind: canbus",
        "gate: serial:/dev/g\ngate_kind: tpw bits=1", "gate: serial:/dev/g\ngate_kind: tpw baud=1",
        "gate: serial:/dev/g\ngate_kind: digicon entry=up",
        "gate: open=1 passed=2\ngate_lane: mode=open",
        "gate: open=1 passed=2\ntickets: /dev/s", "gate: open=1 passed=2\nconsole: tcp:1",
        "gate: open=1 passed=2\ngate_kind: relay pulse_ms=5000",
    ],
)  # fmt: skip
def test_what_cannot_be_wired_should_be_refused(text):
    with pytest.raises(FormatError, match="settings"):
        opened(text)
