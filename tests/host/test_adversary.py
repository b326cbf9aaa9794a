# SPDX-License-Identifier: Apache-2.0
"""The random adversary against devices that keep their state on cards (tests/adversary), with
fixed numbers; `python -m tests.adversary` plays others for as long as it is let.
"""

import pytest

from firmware.capp import trip
from tests.adversary.kinds import FAMILIES
from tests.adversary.play import Case, drawn, play, smaller

CASES = 160
GOOD = {"r_mac": False, "offset_fen": None, "withheld": "absent", "on_pass": None}
CARD = dict(GOOD, balance_fen=60000)
TORN = (-1, True)  # at the last record, when the card has acted
# family, events of what was found, made small
FOUND = {
    "two lanes": ("parking", (("tap", 1, 0, TORN), ("tap", 2, 0, None))),
    "clock behind": ("parking", (("tap", 1, 0, TORN), ("clock", 2, -300), ("tap", 2, 0, None))),
    "kiosk behind a gate": (
        "metro", (("tap", 3, 0, None), ("tap", 1, 0, TORN), ("tap", 3, 0, None)),
    ),
    "too late": ("metro", (("tap", 1, 0, TORN), ("wait", 200), ("tap", 1, 0, None))),
    "deposit without a bike": ("bike", (("tap", 1, 0, TORN),)),
    "nobody took the bike, journal full": ("bike", (("tap", 1, 0, None), ("full", 1))),
}  # fmt: skip


def case_of(family, events):
    return Case(0, family, "3des", (CARD, CARD), None, events)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_nobody_should_lose_a_fen(family):
    """QX-033..042, QX-049..055: what cards have lost is what the journals say, nobody pays twice,
    who was charged is let through or known, sums that are frozen stand open or are freed.
    """
    for case in [drawn(number) for number in range(1, CASES)]:
        if case.family == family:
            assert play(case) == [], case


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_should_stay_mended(name):
    assert play(case_of(*FOUND[name])) == []


def test_a_fault_should_be_seen_and_made_small(monkeypatch):
    """A gate that takes a card which was torn at the next one for one without an entry."""
    monkeypatch.setattr(trip, "has_left", lambda *asked: False)
    family, events = FOUND["two lanes"]
    noise = (("off", 0), ("wait", 5), ("tap", 0, 1, None))
    case = case_of(family, noise + events + noise)
    (fault,) = play(case)
    assert fault.startswith("paid twice: park out")
    assert smaller(case, fault).events == events
