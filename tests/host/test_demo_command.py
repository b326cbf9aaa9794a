# SPDX-License-Identifier: Apache-2.0
"""`faretap demo`: a morning that balances to the fen, also when the plug is pulled."""

import re

import pytest

from firmware import settings
from host_tools.cli.demo import STORIES
from sim import scenario
from tests.host.console import RUNTIMES, faretap

FEWEST = 24  # presentations of a morning


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_morning_balances(runtime, tmp_path):
    done = faretap("demo", "--fast", "--runtime", runtime, "--folder", tmp_path / "day")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "balanced to the fen" in done.stdout
    taps = re.findall(r"^● ", done.stdout, re.MULTILINE)
    assert len(taps) >= FEWEST
    for words in ("Not done: same card again", "One card only", "Already paid", "refunded"):
        assert words in done.stdout


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_morning_with_the_plug_pulled_balances(seed, tmp_path):
    done = faretap(
        "demo", "--fast", "--pull-plug", 12, "--seed", seed, "--folder", tmp_path / "day"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "balanced to the fen" in done.stdout
    assert "plug pulled" in done.stdout


def test_a_second_day_goes_on_with_the_same_cards(tmp_path):
    for _ in range(2):
        done = faretap("demo", "--fast", "--runtime", "cpython", "--folder", tmp_path / "day")
        assert "balanced to the fen" in done.stdout, done.stdout + done.stderr


def test_a_folder_may_be_named_from_where_one_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = faretap("demo", "--fast", "--runtime", "cpython", "--folder", "day1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "day1" / "ledger.db").exists()


def test_devices_should_be_listed_and_told_at_simulated_time(tmp_path):
    listed = faretap("demo", "--list-devices").stdout
    assert {line.split()[0] for line in listed.splitlines()} == set(settings.DEVICES)
    told = {device: scenario.read(scenario.find(name)) for device, name in STORIES.items()}
    assert [one.device for one in told.values()] == list(told)
    assert set(settings.DEVICES) - set(told) == {"inspector"}
    done = faretap("demo", "--device", "shop", "--runtime", "cpython")
    assert done.returncode == 0, done.stdout + done.stderr
    for words in ("simulated time", "The owner is back", "console  > refund", "balanced to the"):
        assert words in done.stdout
    told_nothing = faretap("demo", "--device", "inspector")
    assert told_nothing.returncode == 2 and "faretap inspect" in told_nothing.stderr
    wrong = faretap("demo", "--device", "tram")
    assert wrong.returncode == 2 and "no device 'tram'" in wrong.stderr
