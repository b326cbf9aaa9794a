# SPDX-License-Identifier: Apache-2.0
"""Toll: one lane of a toll station, entry or exit, priced by entry, exit and vehicle class.

Who came in where stands in the card's own record (`trips: card`, toll_card.py), or in the lanes'
shared store as a metro's does, its `lane` being the station: what a road without industry keys
can do. A free vehicle is a card of the list `allow`, in the store's mode. Records bear the class
that this lane saw as their `reference`.

| setting | value |
|---|---|
| trips | store (default), card |
| lane | entry or exit |
| stop | number of the toll station, 1..255; up to 65535 with `trips: card` |
| store, store_blocks, twin, fares, door, pulse_ms, allow | as a car park's (parking.py) |
| product, class_differs, u_turn .. | toll_rules.py |
| vehicle_class, console, loop | toll_booth.py |
"""

from firmware.devices import options


def make(settings, parameters, hal, clock, report):
    """Trade of a lane. FormatError for settings, tables or lists that cannot be used. What keeps
    trips elsewhere is not loaded: it would be 10 KB of a board's heap.
    """
    if options.word(settings.more, "trips", "store", ("store", "card")) == "card":
        from firmware.devices import toll_card  # where settings ask for it

        return toll_card.make(settings, parameters, hal, clock, report)
    from firmware.devices import toll_store  # likewise

    return toll_store.make(settings, parameters, hal, clock, report)
