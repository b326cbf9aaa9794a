# SPDX-License-Identifier: Apache-2.0
"""faretap metro: small mornings balance, with none and with many faults; losses and wrong prices
are found.
"""

from types import SimpleNamespace

import pytest

from firmware.errors import FormatError
from sim.metro import camera, faults, morning
from sim.metro.plan import ENTRY, EXIT, INSIDE, LONGEST_S, OUTSIDE, Metro
from tests.host.console import faretap

OFTEN = (
    "default,torn=0.2,power=0.05,module=0.06,cards=0.1,in=0.08,out=0.08,overtime=0.08,clock=0.4"
)


def played(folder, riders, text, plant="", seed=1):
    url = f"sqlite:///{folder / 'metro.db'}"
    return morning.run(Metro(3, riders, 1, seed, faults.read(text), url), plant=plant)


def test_morning_should_balance_with_everything_going_wrong(tmp_path):
    """QX-035, QX-040, QX-044..046: to the fen, and trip by trip with the camera."""
    report = played(tmp_path, 110, OFTEN)
    assert report.balance.faults == []
    lost_fen = report.balance.issued_fen - report.balance.now_fen
    assert lost_fen == report.balance.debits[1] > 10000
    for name in ("torn", "power", "module", "link", "cards", "in", "out", "overtime", "same"):
        assert report.drawn[name] > 0, name
    assert report.counts["put right at a kiosk"] > 3 and report.trips["adjusted"] > 0
    assert report.camera.counts["trips compared"] > 50


@pytest.mark.parametrize("plant", ["record", "card-fen"])
def test_morning_should_find_a_planted_loss(tmp_path, plant):
    assert played(tmp_path, 6, "none", plant).balance.faults != []


def test_camera_should_find_a_price_that_is_not_the_operators(tmp_path, monkeypatch):
    """The judge must be able to say no: the table's prices are not the camera's any more."""
    monkeypatch.setattr(camera, "fare_fen", lambda origin, destination: 200)
    found = played(tmp_path, 8, "none").balance.faults
    assert any("the camera says 200" in one for one in found)


class At:
    """A terminal as the camera sees it."""

    number = 7

    def __init__(self, what, station):
        self.what, self.station = what, station


@pytest.mark.parametrize(
    ("what", "station", "passed_s", "adjusted", "due"),
    [
        (EXIT, 3, 1800, False, {400}),
        (EXIT, 1, 600, False, {0}),
        (EXIT, 1, 1000, False, {200}),
        (EXIT, 1, 1100, True, {0}),
        (EXIT, 1, 1300, True, {200}),
        (EXIT, 2, 11000, False, {900}),
        (EXIT, 3, 11000, False, set()),
        (EXIT, 3, -100, False, set()),
        (INSIDE, 3, 11000, False, {900}),
        (INSIDE, 3, 1800, False, set()),
        (OUTSIDE, 3, 1800, False, {900}),
        (OUTSIDE, 1, 600, False, {0}),
        (ENTRY, 3, 1800, False, set()),
    ],
)
def test_camera_should_know_the_rules(what, station, passed_s, adjusted, due):
    stamp = camera.Stamp(1, 0, (5, 1), adjusted)
    assert camera.wanted(At(what, station), stamp, passed_s) == due


def test_camera_should_give_what_a_kiosk_took_to_its_trip():
    """For an entry that was missing: to the trip that begins; for overtime: to the one that is
    over. Who is let through by a stamp before is not taken for settled.
    """
    seen, units = camera.Camera(), {}
    for number, what in ((5, INSIDE), (6, EXIT), (7, ENTRY)):
        units[what] = SimpleNamespace(number=number, what=what, station=1)
    for rider, rows in (
        (1, {(5, 1): ["closed", 1, 1, 900, (6, 1)]}),
        (2, {(7, 2): ["adjusted", 1, 1, 900, (5, 2)], (5, 2): ["closed", 1, 1, 0, (6, 2)]}),
    ):
        seen.rows = {}
        if rider == 2:
            seen.tapped(rider, units[ENTRY], 0, [0], rider, True)
        late_s = LONGEST_S + 60
        seen.tapped(rider, units[INSIDE], late_s, [900], rider, False)
        seen.tapped(rider, units[EXIT], late_s + 60, [0], rider, False)
        assert seen.rows == rows and seen.broken == []
        seen.tapped(rider, units[EXIT], late_s + 90, [], 0, True, again=True)
        assert (6, rider) in seen.unsure
        seen.tapped(rider, units[EXIT], late_s + 95, [], 0, True)
        assert (6, rider) not in seen.unsure


def test_command_should_say_that_it_balances_and_name_a_loss():
    small = ("metro", "--stations", 2, "--riders", 5, "--gates", 1, "--faults", "none")
    done = faretap(*small)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "agree to the fen" in done.stdout and "10 full taps" in done.stdout
    done = faretap(*small, "--plant", "card-fen")
    assert done.returncode == 1 and "it does not balance; once more: faretap metro" in done.stdout


def test_wrong_faults_should_be_said():
    with pytest.raises(FormatError, match="names are torn, power, module"):
        faults.read("twin=0.1")
