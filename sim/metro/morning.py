# SPDX-License-Identifier: Apache-2.0
"""A metro morning: riders over stations, one collector, one ledger; balanced to the fen.

    report = run(Metro(stations=6, riders=5000, gates=2, seed=1, faults=rates, url=..))

The balance is the city's (sim/city/balance.py), row by row; besides, the camera's trips are held
against those of the ledger. What does not hold is a sentence in `faults`.
"""

import resource
import time
from collections import Counter, namedtuple

from firmware.formats import record
from host_tools.fares import files, source
from host_tools.ledger import Ledger, settlement, stamps
from sim.city import plan as plans
from sim.city import town
from sim.city.district import BOOT_MS, HOUR_MS, District
from sim.metro import plan as metros
from sim.metro import rides
from sim.metro.camera import Camera
from sim.metro.crowd import RiderCard, crowd_of
from sim.metro.faults import CLOCKS
from sim.metro.unit import StationUnit

FLEET = """fare_fen: 1
same_card_s: 0
torn_window_s: 60
clock_from_year: 2025
ceiling_fen: 5000
extended: require
"""
FIRST_H, LAST_H, PEAK_H = 5.3, 9.5, 7.7  # at which riders come

# trips: Counter of states in the ledger; settled: (sales, fen) of the business days
Report = namedtuple(
    "Report",
    ("metro", "balance", "counts", "drawn", "camera", "trips", "settled", "seconds", "cpu_s",
     "frames", "digest"),
)  # fmt: skip


class Morning(District):
    """`places`: {(station, what): [StationUnit]}; `camera`: Camera."""

    def __init__(self, metro, plan, share):
        self.metro, self.posts = metro, metros.posts(metro)
        self.crowd = crowd_of(metro.seed)
        self.fleet_lines = FLEET + "\n".join(self.crowd.parameters()) + "\n"
        self.camera = Camera()
        super().__init__(plan, share)
        self.fares = files.built(source.parse(metros.fares_text(metro)), None)
        self.places = {}
        for unit in self.units:
            self.places.setdefault((unit.station, unit.what), []).append(unit)

    def _unit(self, place):
        station, what = self.posts[place]
        unit = StationUnit(self.share.first + place, station, what, self.plan.blocks, self)
        if self.draws.hits("clock"):
            how, unit.off_s = self.draws.pick("clock", CLOCKS)
            self.draws.note("clock", how)
        return unit

    def people(self, begins):
        for number in range(self.metro.riders):
            hostile = self.draws.hits("cards")
            card = RiderCard(self.crowd, number, self.metro.seed, hostile)
            if hostile:
                self.draws.note("cards")
            self.purses[number] = card
            todo = rides.drawn(self.dice, self.draws, self.metro.stations)
            rider = rides.Rider(self, number, card, todo)
            hour = self.dice.triangular(FIRST_H, LAST_H, PEAK_H)
            self.at(begins + int(hour * HOUR_MS) + BOOT_MS, rider.begin)


def run(metro, heard=lambda taps: None, plant=""):
    """Report of a morning. heard(taps so far), each simulated hour; plant: of town.PLANTS, a loss
    to be found. FormatError where the ledger is in use.
    """
    began = time.monotonic()
    plan = metros.city_plan(metro)
    (share,) = plans.shares(plan)
    town.enrol(plan, [share])
    morning = Morning(metro, plan, share)
    morning.told = heard
    try:
        morning.day(0)
        morning.close()
    finally:
        morning.desk.stop()
    ledger = Ledger(plan.url, time_utc_s=lambda: plans.FIRST_DAY_UTC_S + town.END_S)
    try:
        return _report(morning, ledger, plant, began)
    finally:
        ledger.close()


def _report(morning, ledger, plant, began):
    if plant:
        town.PLANTS[plant](morning, ledger)
    balance = morning.balance(ledger)
    balance.faults += morning.camera.broken
    trips = stamps.trips(ledger.engine)
    balance.faults += morning.camera.against(trips)
    settlement.cut(ledger, ledger.calendar.today(plans.FIRST_DAY_UTC_S + 2 * plans.DAY_S))
    rows = [
        row
        for one in settlement.overview(ledger, 1000)
        for row in settlement.totals(ledger, one.day)
    ]
    settled = (sum(row.sales for row in rows), sum(row.sales_fen for row in rows))
    approved = balance.sum_of("ledger", record.APPROVED)
    if settled != approved and not balance.marks:
        balance.faults.append(f"days settle {settled}, the ledger has {approved}")
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return Report(
        morning.metro, balance, morning.counts, morning.draws.counts, morning.camera,
        Counter(one.state for one in trips), settled, time.monotonic() - began,
        sum(one.ru_utime + one.ru_stime for one in used), morning.net.frames, morning.digest(),
    )  # fmt: skip
