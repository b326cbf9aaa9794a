# SPDX-License-Identifier: Apache-2.0
"""A small city on a real PostgreSQL: two collectors at once, killed and without a database."""

import pytest

from sim.city import faults, town
from sim.city.plan import Plan
from sim.database import Database, server_programs

pytestmark = pytest.mark.skipif(server_programs() is None, reason="no PostgreSQL on this machine")


def test_city_should_balance_in_postgres():
    rates = faults.read("default,collector=0.1,database=0.05")
    with Database() as database:
        plan = Plan(6, 60, 2, 1, rates, 900, 64, database.fresh(), district=3)
        report = town.run(plan, jobs=2)
    assert report.balance.faults == []
    assert report.drawn["collector"] > 0 and report.drawn["database"] > 0
    assert report.counts["paid"] > 100
