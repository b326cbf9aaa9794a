# SPDX-License-Identifier: Apache-2.0
"""Metro: one gate, entry or exit, priced from station to station (JR/T 0025.14 E.1.1).

Who came in where stands in the lanes' shared store (lane_store.py), as a car park's does, its
`lane` being the station: what a system without industry keys can do. The rules are those of cards
that remember themselves (firmware/capp/trip.py), the fare is the table's, from where to where.

| setting | value |
|---|---|
| trips | store (default); card: in the card's own record (metro_card.py) |
| lane | entry or exit |
| stop | number of the station, 1..255 |
| store, store_blocks, twin, pay_lines, allow | as a car park's (parking.py) |
| fares, product, door, pulse_ms | likewise |
| missing_entry | maximum: the table's price of an unknown station (default); refuse |
| missing_exit | refuse, or replace: a card that is inside enters anew |
| longest_min | minutes of a trip, 240; what lasts longer is overtime |
| overtime | maximum (default), refuse, fare |
| same_station | free: who leaves where he came in within turn_min (15) is not charged; fare |
| degraded | none (default); entry_free: who has no entry leaves free, as entries were open; |
| | exit_free: nobody pays for leaving, entries are done with all the same |
"""

from firmware.devices import options


def make(settings, parameters, hal, clock, report):
    """Trade of a gate. FormatError for settings, tables or lists that cannot be used. What keeps
    trips elsewhere is not loaded: it would be 10 KB of a board's heap.
    """
    if options.word(settings.more, "trips", "store", ("store", "card")) == "card":
        from firmware.devices import metro_card  # where settings ask for it

        return metro_card.make(settings, parameters, hal, clock, report)
    from firmware.devices import metro_store  # likewise

    return metro_store.make(settings, parameters, hal, clock, report)
