# SPDX-License-Identifier: Apache-2.0
"""The part `queue` of the bench: a queue that balances has a row, any other has none."""

import pytest

from firmware.errors import FormatError
from host_tools.cli import bench_queue
from sim import scenario
from tests.host.console import ROOT


def row(name):
    return bench_queue.row_of(bench_queue.FOLDER / f"{name}.toml", bench_queue.QUICK_SHARE)


def test_a_reader_should_be_faster_than_the_people_before_it():
    """184 ms of card alone for a debit; a door sends no GPO, and is waited for while one walks."""
    bus, door = row("bus"), row("door")
    assert bench_queue.card_ms() == 184
    assert int(bus[1]) > 184 and bus[4] == bench_queue.ALONE
    assert int(door[1]) < 184 and "walks" in door[4]
    for _, tap_ms, step_ms, per_minute, _ in (bus, door):
        assert int(step_ms.replace(",", "")) >= int(tap_ms) + bench_queue.HOLD_MS
        assert int(per_minute) == round(60000 / int(step_ms.replace(",", "")))
    assert int(bus[3]) > int(door[3])


def test_a_queue_that_does_not_balance_should_have_no_row(tmp_path):
    text = (bench_queue.FOLDER / "bus.toml").read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(text + "[expect]\nok = 1000\n", encoding="utf-8")
    with pytest.raises(FormatError, match="ok"):
        bench_queue.row_of(wrong, 1.0)


def test_the_page_should_have_each_queue():
    page = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    for path in bench_queue.FOLDER.glob("*.toml"):
        assert f"| {scenario.read(path).title} |" in page, path.name
