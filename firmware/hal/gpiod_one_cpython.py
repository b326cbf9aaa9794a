# SPDX-License-Identifier: Apache-2.0
"""libgpiod 1 with the calls of libgpiod 2, as far as pins_cpython.py and pins_gpiod.py make them:
Debian bookworm and the Raspberry Pi OS made of it have 1.6. Loaded where that is what is there.
Not yet run on hardware.
"""


class Direction:
    """gpiod.line.Direction."""

    INPUT, OUTPUT = "in", "out"


class Edge:
    """gpiod.line.Edge."""

    FALLING = "falling"


class Bias:
    """gpiod.line.Bias."""

    PULL_UP, PULL_DOWN = "up", "down"


class Value:
    """gpiod.line.Value."""

    INACTIVE, ACTIVE = 0, 1


class Line:
    """gpiod.line."""

    Direction, Edge, Bias, Value = Direction, Edge, Bias, Value


class LineSettings:
    """gpiod.LineSettings."""

    def __init__(
        self,
        direction,
        edge_detection=None,
        bias=None,
        active_low=False,
        output_value=Value.INACTIVE,
    ):
        self.direction = direction
        self.edge_detection = edge_detection
        self.bias = bias
        self.active_low = active_low
        self.output_value = output_value


class Two:
    """The module; gpiod: of libgpiod 1."""

    line = Line
    LineSettings = LineSettings

    def __init__(self, gpiod):
        self._gpiod = gpiod

    def request_lines(self, path, config, consumer):
        """As gpiod.request_lines: OSError where the chip or a line is gone or in use."""
        request = Request(self._gpiod.Chip(path))
        try:
            for number in config:
                settings = config[number]
                edges = settings.edge_detection == Edge.FALLING
                request.take(number, self._words(settings, edges), edges, consumer)
        except OSError:
            request.release()
            raise
        return request

    def _words(self, settings, edges):
        """(type, flags, default value) of libgpiod 1."""
        one = self._gpiod
        flags = one.LINE_REQ_FLAG_ACTIVE_LOW if settings.active_low else 0
        if settings.bias == Bias.PULL_UP:
            flags |= one.LINE_REQ_FLAG_BIAS_PULL_UP
        elif settings.bias == Bias.PULL_DOWN:
            flags |= one.LINE_REQ_FLAG_BIAS_PULL_DOWN
        if settings.direction == Direction.OUTPUT:
            return one.LINE_REQ_DIR_OUT, flags, settings.output_value
        return one.LINE_REQ_EV_FALLING_EDGE if edges else one.LINE_REQ_DIR_IN, flags, 0


class Request:
    """gpiod.LineRequest; edges are those of the one line that has them."""

    def __init__(self, chip):
        self._chip = chip
        self._lines = {}
        self._watched = None

    def take(self, number, words, edges, consumer):
        """One line more, with (type, flags, default value) of libgpiod 1. OSError."""
        kind, flags, value = words
        line = self._chip.get_line(number)
        line.request(consumer=consumer, type=kind, flags=flags, default_val=value)
        self._lines[number] = line
        if edges:
            self._watched = line

    def set_value(self, number, value):
        """ACTIVE or INACTIVE. OSError."""
        self._lines[number].set_value(value)

    def get_value(self, number):
        """Likewise."""
        return self._lines[number].get_value()

    def wait_edge_events(self, timeout):
        """True when an edge has come within a timedelta."""
        seconds = timeout.days * 86400 + timeout.seconds
        return self._watched.event_wait(sec=seconds, nsec=timeout.microseconds * 1000)

    def read_edge_events(self):
        """Take the oldest edge off the line."""
        return [self._watched.event_read()]

    def release(self):
        """Give back lines and chip."""
        for line in self._lines.values():
            line.release()
        self._chip.close()
