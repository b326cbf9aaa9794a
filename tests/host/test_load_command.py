# SPDX-License-Identifier: Apache-2.0
"""`faretap load`: what a load test sends, and that it notices what is missing."""

import pytest
from click.testing import CliRunner

from firmware.formats import batch, record
from host_tools.cli import load
from host_tools.cli.load_day import Day
from host_tools.ledger import Ledger


def test_a_day_is_the_same_each_time_and_no_sale_comes_twice():
    day = Day(600, terminals=3, each=50)
    frames = [list(day.frames(terminal)) for terminal in (1, 2, 3)]
    assert frames == [list(day.frames(terminal)) for terminal in (1, 2, 3)]
    sales = [
        record.unpack(raw)
        for own in frames
        for frame in own
        for _, raw in batch.unseal(frame)[1]["items"]
    ]
    assert len(sales) == day.count == 600
    assert sum(one["amount_fen"] for one in sales) == day.fen
    assert len({record.business_key(one) for one in sales}) == 600


def test_a_day_is_sent_twice_and_its_totals_stay(tmp_path):
    # CL-006, CL-007
    asked = ["--records", "300", "--terminals", "3", "--database", str(tmp_path / "day.db")]
    told = CliRunner().invoke(load.command, asked)
    assert told.exit_code == 0, told.output
    assert "totals: 300 sales, 55,800 fen, the same" in told.output
    ledger = Ledger(f"sqlite:///{tmp_path}/day.db")
    assert ledger.totals() == {"approved": (300, 55800)}
    ledger.close()
    again = CliRunner().invoke(load.command, asked)
    assert again.exit_code == 1 and "choose a new one" in again.output


@pytest.mark.parametrize("asked", [["--postgresql", "--database", "x.db"], ["--each", "101"]])
def test_what_cannot_be_is_refused(asked):
    assert CliRunner().invoke(load.command, asked).exit_code == 2
