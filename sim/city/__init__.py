# SPDX-License-Identifier: Apache-2.0
"""A city at simulated time: many terminals, their journals, riders with money, one ledger.

    plan.py       what is simulated: sizes, seed, faults; how the city is cut into districts
    faults.py     what goes wrong, how often, and how often it did
    cards.py      cards of the riders, with keys that everybody knows
    hal.py        what a terminal stands on here: time, flash, reader, line
    unit.py       one terminal: real loop, kernel, journal and uploader over that
    rides.py      what riders do: pay, are torn off, come again, here, elsewhere or never
    net.py        lines between terminals and the collector
    desk.py       the collector as a process of its own, which is killed
    district.py   a part of the city that no rider leaves: one thread of simulated time
    balance.py    to the fen: cards, journals, ledger
    town.py       all districts on several processes, days cut and settled
    drawing.py    the day as a picture

Real: everything in firmware/ from the loop to the uploader (not the driver of the PN532), the
collector, the ledger and its database. Simulated: cards, riders, flash, radio, time.
"""
