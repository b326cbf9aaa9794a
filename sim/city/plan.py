# SPDX-License-Identifier: Apache-2.0
"""What is simulated: sizes, seed, faults; how the city is cut into districts.

A district is a part of the city that no rider leaves: some forty terminals, their riders, dice of
its own. Nothing of it depends on any other, so districts run on any number of processes, and one
alone can be played again.
"""

import hashlib
from collections import namedtuple

DISTRICT = 40  # terminals of one, at most
FIRST_DAY_UTC_S = 1795363200  # 2026-11-23 00:00 in China, a Monday
DAY_S = 86400
LOCAL_S = 8 * 3600  # China has one time zone and no summer time
SPARE_NUMBERS = 1000000  # behind the terminals' numbers: of those that replace others
LINES = ("1", "2", "3")  # products of fares.toml

# taps: of the whole city a day; faults: {name: rate}; upload_s: radios come up so often, 0:
# always on; blocks: of a journal, 4 KiB each; district: terminals of one, at most
Plan = namedtuple(
    "Plan",
    ("terminals", "taps", "days", "seed", "faults", "upload_s", "blocks", "url", "district"),
    defaults=(DISTRICT,),
)
# number: of the district, from 0; first: number of its first terminal; terminals, taps: its share
Share = namedtuple("Share", ("number", "first", "terminals", "taps"))


def shares(plan):
    """The Share of each district, in order; together they are the plan."""
    count = -(-plan.terminals // plan.district)
    found = []
    for number in range(count):
        first = number * plan.terminals // count
        last = (number + 1) * plan.terminals // count
        before = number * plan.taps // count
        taps = (number + 1) * plan.taps // count - before
        found.append(Share(number, first + 1, last - first, taps))
    return found


def seed_of(plan, share, purpose):
    """Text that seeds the dice of a district for a purpose."""
    return f"{plan.seed}/{share.number}/{purpose}"


def secret_of(plan, number):
    """The 32 bytes that a terminal's number shares with the collector."""
    return hashlib.sha256(f"{plan.seed}/upload key {number}".encode()).digest()


def day_begins_ms(day):
    """Milliseconds of simulated time at midnight of day 0, 1 .."""
    return day * DAY_S * 1000
