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
def test_a_morning_balances(runtime, tmp_path, monkeypatch):
    """In a folder that is named from where one stands."""
    monkeypatch.chdir(tmp_path)
    done = faretap("demo", "--fast", "--runtime", runtime, "--folder", "day")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "day" / "ledger.db").exists()
    assert "balanced to the fen" in done.stdout
    taps = re.findall(r"^● ", done.stdout, re.MULTILINE)
    assert len(taps) >= FEWEST
    for words in ("Not done: same card again", "One card only", "Already paid", "refunded"):
        assert words in done.stdout
    if runtime == "cpython":  # a second day goes on with the same cards
        done = faretap("demo", "--fast", "--runtime", runtime, "--folder", "day")
        assert "balanced to the fen" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_morning_with_the_plug_pulled_balances(seed, tmp_path):
    done = faretap(
        "demo", "--fast", "--pull-plug", 12, "--seed", seed, "--folder", tmp_path / "day"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "balanced to the fen" in done.stdout
    assert "plug pulled" in done.stdout


def test_devices_should_be_listed_and_told_at_simulated_time(tmp_path):
    listed = faretap("demo", "--list-devices").stdout
    assert {line.split()[0] for line in listed.splitlines()} == set(settings.DEVICES)
    assert all(len(line.split()) > 3 for line in listed.splitlines())
    told = {device: scenario.read(scenario.find(name)) for device, (name, _) in STORIES.items()}
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
