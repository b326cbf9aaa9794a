# SPDX-License-Identifier: Apache-2.0
"""faretap city as it is typed: its verdict, its status, the command that plays it again."""

from tests.host.console import faretap

SMALL = ("city", "--terminals", 2, "--taps", 12, "--seed", 5, "--faults", "none")


def test_city_should_say_that_it_balances(tmp_path):
    drawn = tmp_path / "city.svg"
    done = faretap(*SMALL, "--svg", drawn)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cards, journals and ledger agree to the fen" in done.stdout
    assert drawn.read_text(encoding="utf-8").startswith("<svg")


def test_city_should_name_a_loss_and_the_command_that_plays_it_again():
    done = faretap(*SMALL, "--plant", "card-fen")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "it does not balance; once more: faretap city --terminals 2" in done.stdout
    assert "and name" in done.stdout  # what the cards have lost, and what their debits come to


def test_city_should_refuse_faults_that_it_does_not_know():
    done = faretap("city", "--faults", "rain=0.1")
    assert done.returncode == 2
    assert "names are torn, power" in done.stderr
