# SPDX-License-Identifier: Apache-2.0
"""The acquirer's side on a real PostgreSQL: accounts side by side, cuts, one process each."""

import threading

import pytest

from firmware.errors import FormatError, LinkLost
from host_tools.acquirer.alone import alone
from host_tools.acquirer.tables import ACKED
from host_tools.ledger import Ledger
from sim.acquirer_faults import Faults
from sim.database import Database, server_programs
from tests.host.acquirer_stand import Cut, Stand, chance
from tests.host.test_acquirer_present import TWO, books_agree, rows

pytestmark = pytest.mark.skipif(
    server_programs() is None, reason="no PostgreSQL: tools/clients.sh database"
)


class PostgresStand(Stand):
    """The stand with its ledger in a schema of its own."""

    def __init__(self, url: str, folder, **more):
        self.url = url
        super().__init__(folder, **more)

    def open(self) -> None:
        self.ledger = Ledger(self.url, workers=3)
        self.ledger.time_utc_s = lambda: self.clock[0]


@pytest.fixture(scope="module")
def database():
    with Database() as running:
        yield running


def test_a_lossy_way_clears_each_sale_once(database, tmp_path):
    seed = 11
    chosen = chance(seed)
    stand = PostgresStand(
        database.fresh(), tmp_path, profile=TWO, faults=Faults(share=0.25, seed=seed)
    )
    stand.enrol([8], "South")
    stand.sell(10)
    stand.sell(6, terminal=8, first=30)
    assert stand.queue().queued == 16 and stand.queue().queued == 0
    for name in ("north", "south"):
        while True:
            at = stand.sent + chosen.randrange(1, 25)
            moment = chosen.choice(["before", "after"])
            try:
                stand.present(name, lambda n, at=at, moment=moment: moment if n == at else "")
            except (Cut, LinkLost):
                stand.clock[0] += 60
                stand.restart()
                continue
            break
    books_agree(stand)
    assert rows(stand) == [ACKED] * 16
    stand.ledger.close()


def test_accounts_work_side_by_side_and_each_alone(database, tmp_path):
    stand = PostgresStand(database.fresh(), tmp_path, profile=TWO)
    stand.enrol([8], "South")
    stand.sell(6)
    stand.sell(6, terminal=8, first=30)
    stand.queue()
    failed = []

    def work(name):
        try:
            with alone(stand.ledger, name):
                stand.present(name)
        except (FormatError, LinkLost) as wrong:
            failed.append(wrong)

    busy = pytest.raises(FormatError, match="another process")
    with alone(stand.ledger, "north"), busy, alone(stand.ledger, "north"):
        pass
    workers = [threading.Thread(target=work, args=(name,)) for name in ("north", "south")]
    for one in workers:
        one.start()
    for one in workers:
        one.join(60)
    assert failed == []
    books_agree(stand)
    assert rows(stand) == [ACKED] * 12
    stand.ledger.close()
