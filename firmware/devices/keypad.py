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


def shift_key(shift, busy, name, values, who):
    """("", lines to show) or (what to do, ()) of the keys that every shift has: report, on, off;
    None for another key, which the shift is open for. busy: a card is there; who: signs on.
    """
    if name == "report":
        return "", tuple(shift.statement())
    if busy:
        return "a card is there: wait until it is taken away", ()
    if name == "on":
        return shift.open(values[0]), ()
    if not shift.is_open:
        return "sign on first: on " + who, ()
    if name == "off":
        fault = shift.close()
        return fault, () if fault else tuple(shift.statement())
    return None
