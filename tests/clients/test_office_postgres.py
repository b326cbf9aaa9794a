# SPDX-License-Identifier: Apache-2.0
"""The operator's pages over a real PostgreSQL: tests of tests/host once more, and its clock."""

import pytest
import sqlalchemy as sa

from host_tools.office import limits
from host_tools.office.pages import PAGES
from sim.database import Database, server_programs
from tests.host.office_stand import Stand, digest_of
from tests.host.test_office import (  # noqa: F401 - run again, with the `stand` of this file
    path_of,
    test_hostile_text_is_shown_as_what_it_is,
    test_sessions_end,
    test_signing_out_stopping_and_another_role_end_sessions,
)
from tests.host.test_office_pages import (  # noqa: F401
    test_a_day_is_cut_by_who_types_it_once_more,
    test_a_day_is_the_settlement_of_the_ledger,
    test_a_doubtful_debit_is_decided_and_stays_what_it_is,
    test_a_file_goes_out_in_waves_with_a_halt,
    test_lists_come_in_pages,
    test_open_trips_and_frozen_sums_should_be_listed_with_their_age,
    test_overview_says_what_settlement_says,
    test_the_story_of_a_record_and_of_a_batch,
    test_what_terminals_say_is_shown_and_orders_them,
)

pytestmark = pytest.mark.skipif(
    server_programs() is None, reason="no PostgreSQL: tools/clients.sh database"
)


@pytest.fixture(scope="module")
def database():
    with Database() as running:
        yield running


@pytest.fixture
def stand(database, tmp_path):
    made = Stand(tmp_path, url=database.fresh(), metrics_token="let-me-read")
    yield made
    made.close()


def test_every_page_is_answered(stand):
    client = stand.browser("admin")
    for page in PAGES:
        if page.method == "GET" and page.path not in ("/login", "/metrics"):
            answer = client.get(path_of(page, digest_of(stand)[0]))
            assert answer.status_code in (200, 404), page.path
            assert answer.status_code == 200 or page.path in ("/days/go", "/rollouts/{rollout}")


def test_a_question_that_takes_long_is_ended_by_the_server(stand):
    with (
        limits.within(0.2),
        pytest.raises(sa.exc.DBAPIError) as over,
        stand.ledger.engine.connect() as connection,
    ):
        connection.exec_driver_sql("SELECT pg_sleep(30)")
    assert limits.is_over(over.value)
    with limits.within(5), stand.ledger.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT pg_sleep(0.3)").first() is not None
