# SPDX-License-Identifier: Apache-2.0
"""What settings make of a bus: the simplest device, one with a crew, or an error that says why."""

from firmware.devices import bus
from firmware.devices.trade import Trade
from firmware.errors import FormatError
from tests.stand import Stand


class NoFiles:
    """A hal without files."""

    def open_blob(self, path):
        raise OSError("no such file")


def test_plain_bus_should_stay_the_simplest_device():
    """Without console, announcer, table and twin it is the flat fare alone."""
    stand = Stand()
    made = bus.make(stand.settings, stand.fleet, None, stand.clock, stand.events.append)
    assert type(made) is Trade and made.offer().sells


def test_settings_that_cannot_be_should_be_refused():
    stand = Stand()
    for more in (
        {"console": "tcp:1"},
        {"console": "serial:"},
        {"announcer": "x"},
        {"fares": "none"},
        {"twin": "serial:t front"},
        {"console": "serial:c", "twin": "serial:t rear"},
        {"console": "serial:c", "twin": "serial:t middle"},
        {"console": "serial:c", "day_cut": "2460"},
    ):
        stand.settings.more.clear()
        stand.settings.more.update(more)
        try:
            bus.make(stand.settings, stand.fleet, NoFiles(), stand.clock, stand.events.append)
        except FormatError:
            continue
        raise AssertionError(more)
