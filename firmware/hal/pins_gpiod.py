# SPDX-License-Identifier: Apache-2.0
"""Single output and input pins on Linux by gpiod (`pip install "faretap[buses]"`); loaded only
where settings name one. Not yet run on hardware.

Contract in hal/__init__.py, wiring text in wiring.py. The pull of an input is asked of the kernel;
not every controller has one, so a contact should bring its own resistor.
"""

from firmware.errors import LinkLost
from firmware.hal.pins_cpython import needed
from firmware.hal.wiring import read_pin


def open_output(where, open_serial):
    """An output at rest; FormatError for a text or a missing library, LinkLost."""
    return SinglePin(where, is_output=True)


def open_input(where, open_serial):
    """An input, pulled to the level that is not active; likewise."""
    return SinglePin(where, is_output=False)


class SinglePin:
    """One line of a gpiochip, held until close()."""

    def __init__(self, where, is_output):
        self.name = "pin " + where
        self._number, chip, low = read_pin(where)
        gpiod = needed("gpiod", self.name)
        line = gpiod.line
        self._value = line.Value
        self._is_output = is_output
        if is_output:
            role = gpiod.LineSettings(
                direction=line.Direction.OUTPUT,
                active_low=bool(low),
                output_value=line.Value.INACTIVE,
            )
        else:
            role = gpiod.LineSettings(
                direction=line.Direction.INPUT,
                active_low=bool(low),
                bias=line.Bias.PULL_UP if low else line.Bias.PULL_DOWN,
            )
        try:
            self._request = gpiod.request_lines(
                "/dev/gpiochip%d" % chip, config={self._number: role}, consumer="faretap"
            )
        except (OSError, ValueError) as error:
            raise LinkLost("%s: %s" % (self.name, error))

    def set(self, level):
        """Make the output active (1) or let it rest (0)."""
        value = self._value.ACTIVE if level else self._value.INACTIVE
        try:
            self._request.set_value(self._number, value)
        except OSError as error:
            raise LinkLost("%s: %s" % (self.name, error))

    def get(self):
        """1 while the input is active."""
        try:
            return int(self._request.get_value(self._number) == self._value.ACTIVE)
        except OSError as error:
            raise LinkLost("%s: %s" % (self.name, error))

    def close(self):
        """Leave an output at rest, give the pin back; a second close does nothing."""
        request, self._request = self._request, None
        if request is None:
            return
        try:
            if self._is_output:
                request.set_value(self._number, self._value.INACTIVE)
        except OSError:
            pass  # it is gone already
        request.release()
