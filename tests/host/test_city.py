# SPDX-License-Identifier: Apache-2.0
"""faretap city: small cities balance with each fault alone and with all; planted losses show."""

from xml.etree import ElementTree

import pytest

from firmware.errors import FormatError
from host_tools.ledger import Ledger
from sim.city import drawing, faults, town
from sim.city.district import District
from sim.city.plan import Plan, shares

OFTEN = {  # so often that a small city sees each of them
    "torn": 0.3, "power": 0.15, "link": 0.3, "offline": 0.4, "clock": 0.6, "full": 0.4,
    "twin": 0.4, "replaced": 0.4, "cards": 0.3, "forged": 0.3, "collector": 0.4, "database": 0.2,
}  # fmt: skip


def plan_of(folder, text, terminals=5, taps=40, days=1, upload_s=900):
    url = f"sqlite:///{folder / 'city.db'}"
    return Plan(terminals, taps, days, 1, faults.read(text), upload_s, 64, url)


def played(plan):
    """The one district of a plan, its last evening over."""
    (share,) = shares(plan)
    town.enrol(plan, [share])
    district = District(plan, share)
    for day in range(plan.days):
        district.day(day)
    district.close()
    return district


def balance_of(district, plant=""):
    ledger = Ledger(district.plan.url)
    try:
        if plant:
            town.PLANTS[plant](district, ledger)
        return district.balance(ledger)
    finally:
        ledger.close()


@pytest.mark.parametrize("name", faults.NAMES)
def test_city_should_balance_with_each_fault_alone(tmp_path, name):
    district = played(plan_of(tmp_path, f"{name}={OFTEN[name]}"))
    balance = balance_of(district)
    assert balance.faults == []
    assert district.draws.counts[name] > 0, "it never came to pass"
    assert district.counts["paid"] > 10
    lost_fen = balance.issued_fen - balance.now_fen
    assert lost_fen == balance.debits[1] > 0


def test_city_should_balance_with_all_faults_over_days(tmp_path):
    often = ",".join(f"{name}={rate / 4}" for name, rate in OFTEN.items())
    report = town.run(plan_of(tmp_path, often, 10, 80, days=2), acquirer=True)
    assert report.balance.faults == []
    assert sum(one.sales for one in report.days) == report.balance.sum_of("ledger", 1)[0]
    assert report.presented.sales == sum(one.sales for one in report.days) > 80
    assert len(report.hours) == 2 * 24 + 1
    drawing_should_show(report)


def drawing_should_show(report):
    """The drawing is well-formed, and its hours are those of the report."""
    assert ElementTree.fromstring(drawing.svg(report)).tag.endswith("svg")
    hours = drawing.hours_of(report)
    assert sum(hour.taps for hour in hours) == report.hours[47][0]["taps"] > 80
    page = drawing.page(report, "faretap city <again>")
    assert "faretap city &lt;again&gt;" in page and "agree to the fen" in page


def test_full_journal_should_outlast_power_cuts(tmp_path):
    """QT-155, QT-183: torn ends have cost the last blocks, a torn tap waits for room; the terminal
    starts, uploads, and then closes it.
    """
    text = "torn=0.3,power=0.15,link=0.3,offline=0.3,clock=0.12,twin=0.2,cards=0.2"
    plan = plan_of(tmp_path, text + ",collector=0.09,database=0.06", 2, 90, 2, 1800)
    report = town.run(plan._replace(seed=116, blocks=12))
    assert report.balance.faults == []
    assert report.counts["turned away: journal_full"] > 0


@pytest.mark.parametrize("plant", sorted(town.PLANTS))
def test_balance_should_find_a_planted_loss(tmp_path, plant):
    district = played(plan_of(tmp_path, "none", 2, 16))
    assert balance_of(district).faults == []
    assert balance_of(district, plant).faults != []


def test_same_seed_should_be_the_same_city_on_any_number_of_processes(tmp_path):
    plan = plan_of(tmp_path, "default,link=0.2", 6, 60)._replace(district=3)
    assert len(shares(plan)) == 2
    digests = []
    for jobs in (1, 2):
        url = f"sqlite:///{tmp_path / f'{jobs}.db'}"
        digests.append(town.run(plan._replace(url=url), jobs).digest)
    url = f"sqlite:///{tmp_path / 'other.db'}"
    other = town.run(plan._replace(url=url, seed=2), 2).digest
    assert digests[0] == digests[1] != other


def test_city_should_refuse_a_ledger_that_is_in_use(tmp_path):
    plan = plan_of(tmp_path, "none", 1, 1)
    town.run(plan)
    with pytest.raises(FormatError, match="new database"):
        town.run(plan)


@pytest.mark.parametrize(
    "text", ["default", "none", "power=0.1", "torn=0.5,twin=1", "default,link=0.3"]
)
def test_faults_should_be_said_as_they_are_read(text):
    rates = faults.read(text)
    assert faults.read(faults.shown(rates)) == rates
    assert faults.shown(rates) == text


@pytest.mark.parametrize("text", ["power", "power=2", "power=x", "rain=0.1", "default=1"])
def test_wrong_faults_should_be_said(text):
    with pytest.raises(FormatError, match="--faults"):
        faults.read(text)
