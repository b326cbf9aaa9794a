# SPDX-License-Identifier: Apache-2.0
"""The attendant's keys at a gate, over the console's line (neighbours/console.py; TD-066)."""

from firmware.devices import gate_modes, gate_setup
from firmware.neighbours.console import Console
from firmware.neighbours.line import Neighbour

COMMANDS = """
mode|WORD:controlled/free/exit_only/closed/fare_waived/time_waived/date_waived|another mode
reset||end an alarm, a fire that is over, a fault
persons|COUNT:1..50|so many people on the next card
kind|WORD:adult/child/senior/student/group/family|sell this kind to the next card
count||compare the machine's figures with ours
state||what the lane does
"""


def open_keys(settings, hal, clock):
    """AttendantKeys on the line of `console`; FormatError."""
    path = gate_setup.serial_of(settings, "console")
    return AttendantKeys(Neighbour(lambda: hal.open_serial(path, 9600), Console(COMMANDS), clock))


class AttendantKeys:
    """A neighbour of the gate: turn(gate), restore(recent), close()."""

    def __init__(self, line):
        self.line = line

    def restore(self, recent):
        """Keys remember nothing."""

    def turn(self, gate):
        """Carry out what was keyed, and say so."""
        for command in self.line.turn():
            self._carry_out(gate, command.name, command.values)
            self.line.flush()

    def close(self):
        """Give the line back."""
        self.line.close()

    def _carry_out(self, gate, name, values):
        console = self.line.protocol
        if name == "mode":
            gate.key(values[0])
        elif name == "reset":
            if gate.controller.fire():
                console.error("the fire input is active: release it first")
                return
            gate.key("operator")
        elif name == "persons":
            gate.key("persons", values[0])
        elif name == "kind":
            gate.key("kind_" + values[0])
        elif name == "count":
            gate.key("day_count")
        policy = gate_modes.policy_of(gate.mode)
        console.ok("%s %s arms %s" % (gate.machine.state, gate.mode, policy))
