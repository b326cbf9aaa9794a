# SPDX-License-Identifier: Apache-2.0
"""Bus reader: one flat fare, classes less (trade.py); with a crew or a table, bus_crew.py."""

from firmware.devices.trade import Trade

CREW = ("announcer", "console", "fares", "twin")  # settings of a bus that has more than one fare


def make(settings, parameters, hal, clock, report):
    """Trade of a bus. FormatError for settings or a fare table that cannot be used."""
    if not [key for key in CREW if key in settings.more]:
        return Trade(settings, parameters)
    from firmware.devices import bus_crew  # only for a bus that has one: memory is small

    return bus_crew.make(settings, parameters, hal, clock, report)
