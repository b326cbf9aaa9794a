# SPDX-License-Identifier: Apache-2.0
"""Stage bus: transfers, passes and rides from stop to stop, all of them on the card.

| setting | value |
|---|---|
| lane | none: one tap a ride; entry, exit, both: a tap at each end, priced by `fares` |
| layout | own (default) or t-union: whose records the cards have |
| transfer | MINUTES MOST LESS [RIDES]: 60 1 100, 90 2 50%, 60 1 free 3; LESS in fen |
| transfer_from | bus (default), bus metro: whose rides a transfer goes on from |
| passes | none (default), card |
| pass_over | refuse (default), fare: what a pass that has expired or is used up comes to |
| fares, product | fare table; a product of the line's number where `product` is not given |
| announcer | serial:PATH of the stop announcer |
| least_fen, missing_entry, missing_exit, longest_min, overtime, turn_min, same_station | `lane` |

Others: those of card_trade.py. A device of its own, apart from bus.py: no other bus reader holds
what records of cards need.
"""

from firmware.devices.card_trade import keys_from
from firmware.devices.stage_bus import StageBus
from firmware.devices.stage_price import Prices, place_from
from firmware.errors import FormatError


def make(settings, parameters, hal, clock, report):
    """Trade of a bus. FormatError for settings or tables that cannot be used."""
    keys, kind, tables = keys_from(settings.more), StageBus, None
    if settings.more.get("lane"):
        from firmware.devices.stage_trip import StageTrip  # where settings ask for it

        kind = StageTrip
        if "fares" not in settings.more:
            raise FormatError("settings: `lane` wants `fares`, the table of stages")
    if "fares" in settings.more:
        from firmware.devices.tariff import open_tables  # with a table only

        tables = open_tables(settings, parameters, hal, report)
    prices = Prices(settings, parameters, tables)
    place = place_from(settings, hal, clock)
    return kind(settings, parameters, prices, place, clock, keys)
