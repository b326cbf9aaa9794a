# SPDX-License-Identifier: Apache-2.0
"""The keys of whoever serves a device, at the end of a serial line."""

from firmware.errors import FormatError


def open_console(settings, hal, clock, commands):
    """Neighbour with the keys of `console`; FormatError."""
    from firmware.neighbours.console import Console  # for tills with a cashier
    from firmware.neighbours.line import Neighbour  # likewise

    kind, _, where = settings.more["console"].partition(":")
    if kind != "serial" or not where:
        raise FormatError("`console` is serial:PATH")
    return Neighbour(lambda: hal.open_serial(where, 9600), Console(commands), clock)
