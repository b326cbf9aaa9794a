# SPDX-License-Identifier: Apache-2.0
"""A metro morning at simulated time: stations with gates and kiosks, riders whose cards remember.

    plan.py       sizes, rules of the stations, prices as a formula
    unit.py       one terminal of a station: gate or fare adjustment kiosk, a PSAM in its slot
    crowd.py      the riders' cards, honest and hostile
    camera.py     what each tap should have cost, and which trips there were
    rides.py      what riders do: tap, jump, are torn, go to the kiosk
    morning.py    the stations with all of that; the balance; a Report

It stands on sim/city: time, network, collector, faults and balance are those of the city. Real:
firmware from the loop to the uploader with the module's driver, collector, ledger. Simulated:
cards, PSAMs, riders, flash, radio, time.
"""
