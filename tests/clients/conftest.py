# SPDX-License-Identifier: Apache-2.0
"""Says at the end of a run which foreign clients took part, and what was done again.

pn532pi waits 10 ms for an ACK and adafruit 100 ms for bytes, on a clock that does not stop while
the machine is busy elsewhere. A test marked `own_clock` is asked of a run that nothing disturbed:
when it fails it is tried again, TRIES times in all, and the summary names it.
"""

import pytest
import sqlalchemy as sa
from _pytest.runner import runtestprotocol

from host_tools.ledger import Ledger, postgres
from host_tools.ledger.engine import durable_engine
from host_tools.ledger.schema import METADATA
from sim.database import Database
from tests.clients import clients


@pytest.fixture(scope="session")
def database():
    """One PostgreSQL server for all files."""
    with Database() as running:
        yield running


@pytest.fixture(scope="session")
def place(database):
    """An engine of a place that is migrated once: that takes as long as all else in a test."""
    engine = durable_engine(database.fresh())
    yield engine
    engine.dispose()


@pytest.fixture
def url(place):
    """The URL of that place, with every table, and empty."""
    shown = place.url.render_as_string(hide_password=False)
    names = {table.name for table in METADATA.sorted_tables}
    with place.begin() as connection:
        there = set(sa.inspect(connection).get_table_names())
        if names <= there:
            for day in postgres.partitions(connection):
                connection.exec_driver_sql(f"DROP TABLE records_{day}")
            for table in METADATA.sorted_tables:
                connection.execute(sa.delete(table))
            return shown
        for name in there:  # none at first; a test has dropped some
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name} CASCADE")
    Ledger(shown).close()
    with place.begin() as connection:
        connection.exec_driver_sql("DELETE FROM books")  # each test makes its own, with its key
    return shown


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    if item.get_closest_marker("own_clock") is None:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for left in reversed(range(clients.TRIES)):
        item._initrequest()  # fixtures of the test are made anew
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        if not left or not any(report.failed for report in reports):
            break
        clients.AGAIN.append(item.name)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_terminal_summary(terminalreporter):
    if clients.RAN or clients.ABSENT or clients.AGAIN:
        for line in clients.summary(clients.RAN, clients.ABSENT, clients.AGAIN):
            terminalreporter.write_line(line)
