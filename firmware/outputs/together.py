# SPDX-License-Identifier: Apache-2.0
"""Several panels as one. One that fails is reported once and left alone; sales go on.

It is opened again every RETRY_MS, between taps, and then shown what the others show. `make()` is
what settings ask for: outputs, display, voice; each module is imported where it is named.
"""

from firmware.errors import FormatError, LinkLost

RETRY_MS = 5000
POWER_MS = 100  # a little longer than the tone
KEYS = ("outputs", "display", "voice")


class Together:
    """first: a panel that cannot fail; outputs: see output.py. FormatError when one of them can
    never be opened as it is set up.
    """

    def __init__(self, first, outputs, clock, report):
        self.first = first
        self.clock = clock
        self.report = report
        self.working = []
        self.broken = list(outputs)
        self.faults = {}  # name -> what was reported last
        self.colour = ""  # what the others show
        self.lines: tuple = ()
        self.tried_ms = 0
        self._open_broken((LinkLost, OSError))

    def power_on(self):
        """One tone to its end: nobody calls refresh() while a terminal starts (TD-016)."""
        self.beep("power")
        begin = self.clock.ticks_ms()
        while self.clock.ticks_diff(self.clock.ticks_ms(), begin) < POWER_MS:
            self.refresh()

    def lamp(self, colour):
        """To all."""
        self.colour = colour
        self.first.lamp(colour)
        self._each("lamp", (colour,))

    def beep(self, kind):
        """To all."""
        self.first.beep(kind)
        self._each("beep", (kind,))

    def show(self, line1, line2):
        """To all."""
        self.lines = (line1, line2)
        self.first.show(line1, line2)
        self._each("show", (line1, line2))

    def voice(self, number):
        """To all."""
        self.first.voice(number)
        self._each("voice", (number,))

    def refresh(self):
        """Patterns go on; what is broken is tried now and then."""
        self._each("refresh", ())
        if self.broken:
            now = self.clock.ticks_ms()
            if self.clock.ticks_diff(now, self.tried_ms) >= RETRY_MS:
                self._open_broken((LinkLost, OSError, FormatError))

    def close(self):
        """Dark and silent."""
        self._each("close", ())

    def _each(self, name, arguments):
        for output in list(self.working):
            try:
                getattr(output, name)(*arguments)
            except (LinkLost, OSError) as gone:
                self._failed(output, gone)

    def _failed(self, output, gone):
        if output in self.working:
            self.working.remove(output)
            self.broken.append(output)
            self.tried_ms = self.clock.ticks_ms()
        try:
            output.close()
        except (LinkLost, OSError):
            pass  # what is gone need not be closed
        if self.faults.get(output.name) != str(gone):
            self.faults[output.name] = str(gone)
            self.report({"event": "output", "output": output.name, "text": str(gone)})

    def _open_broken(self, expected):
        self.tried_ms = self.clock.ticks_ms()
        for output in list(self.broken):
            try:
                output.open()
                if self.lines:
                    output.show(*self.lines)
                if self.colour:
                    output.lamp(self.colour)
            except expected as gone:
                self._failed(output, gone)
                continue
            self.broken.remove(output)
            self.working.append(output)
            if self.faults.pop(output.name, None):
                self.report({"event": "output", "output": output.name, "text": ""})


def make(first, more, hal, clock, report):
    """`first` and what settings.more names beside it; FormatError for a text or a library."""
    outputs: list = []
    if "outputs" in more:
        from firmware.outputs.pins import Pins  # where settings name it

        outputs.append(Pins(more["outputs"], hal.open_output, clock))
    if "display" in more:
        from firmware.outputs.display import Display  # likewise

        outputs.append(Display(lambda: hal.open_display(more["display"])))
    if "voice" in more:
        from firmware.neighbours.line import Neighbour  # likewise
        from firmware.outputs import voice  # likewise

        path, volume = voice.read_setting(more["voice"])
        module = voice.Module(volume)

        def opener():
            module.restart()
            return hal.open_serial(path, voice.BAUD)

        outputs.append(voice.Voice(Neighbour(opener, module, clock)))
    return Together(first, outputs, clock, report)
