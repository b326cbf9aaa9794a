# SPDX-License-Identifier: Apache-2.0
"""What an employer or a school asks the ledger: subsidies by class, and who was there."""

from datetime import datetime, timedelta, timezone

import pytest

from firmware.formats import record
from host_tools.ledger import Ledger, campus
from tests.host.console import faretap

CHINA = timezone(timedelta(hours=8))
NOW = datetime(2026, 11, 26, tzinfo=CHINA)


def values_of(kind, moment, number, **more):
    values = record.blank(kind)
    local = datetime.fromisoformat(moment).replace(tzinfo=CHINA)
    values["time_utc_s"] = int(local.timestamp())
    values["date"], values["time"] = f"{local:%y%m%d}", f"{local:%H%M%S}"
    values["pan"] = record.pan_bytes(f"62280001{number:08d}")
    values.update(more)
    return values


@pytest.fixture
def ledger(tmp_path):
    path = f"sqlite:///{tmp_path / 'ledger.db'}"
    return Ledger(path, time_utc_s=lambda: NOW.timestamp())  # what is dated later is doubted


def fill(ledger, terminal, rows):
    ledger.commit(terminal, [(number + 1, record.pack(one)) for number, one in enumerate(rows)])


def test_subsidy_should_be_full_less_paid_by_class_of_sales_alone(ledger, tmp_path):
    meal = {"device": "canteen", "full_fare_fen": 1200}

    def sold(number, fen, name, atc, day=21, kind=record.APPROVED, **more):
        return values_of(
            kind, f"2026-11-{day}T12:00:00", number, amount_fen=fen, fare_class=name, atc=atc,
            tc=atc.to_bytes(8, "big"), **{**meal, **more},
        )  # fmt: skip

    fill(ledger, 1, [
        sold(1, 700, "staff", 1), sold(1, 1200, "staff", 2), sold(2, 700, "staff", 3),
        sold(3, 840, "teacher", 4), sold(4, 1200, "adult", 5),
        sold(5, 700, "staff", 6, kind=record.PENDING), sold(6, 700, "staff", 7, day=22),
        sold(7, 600, "staff", 8, device="shop"),
    ])  # fmt: skip
    found = campus.subsidies(ledger, 20261121, 20261121)
    assert found == [("staff", 2, 2, 2400, 1400, 1000), ("teacher", 1, 1, 1200, 840, 360)]
    assert campus.subsidies(ledger, 20261121, 20261122)[0].subsidy_fen == 1500
    path = f"sqlite:///{tmp_path / 'ledger.db'}"
    done = faretap("ledger", "subsidy", "261121", "--database", path, "--csv", "-")
    assert done.returncode == 0 and "staff,2,2,2400,1400,1000" in done.stdout
    done = faretap("ledger", "subsidy", "261123", "--database", path)
    assert "nobody paid less" in done.stdout


def event(moment, number, reason, direction, minutes=0):
    data = b"\x01" + minutes.to_bytes(2, "big") if minutes else b""
    return values_of(
        record.EVENT, moment, number, reason=reason, direction=direction, trade_data=data,
        device="attendance",
    )  # fmt: skip


def test_day_sheet_should_join_two_readers_and_a_night(ledger, tmp_path):
    fill(ledger, 1, [
        event("2026-11-24T07:50:00", 1, "came_in", 1),
        event("2026-11-24T08:20:00", 2, "came_late", 1, 20),
        event("2026-11-24T13:00:00", 1, "came_in", 1),
        event("2026-11-24T22:00:00", 3, "came_in", 1),
        event("2026-11-25T08:00:00", 1, "came_in", 1),
    ])  # fmt: skip
    fill(ledger, 2, [
        event("2026-11-24T12:00:00", 1, "left_early", 2, 300),
        event("2026-11-24T16:30:00", 1, "left_early", 2, 30),
        event("2026-11-24T09:00:00", 4, "went_out", 2),
        event("2026-11-25T06:00:00", 3, "went_out", 2),
    ])  # fmt: skip
    rows = {one.card[-4:]: tuple(one)[1:] for one in campus.attendance(ledger, 20261124)}
    assert rows == {
        "0001": ("07:50", "16:30", 250 + 210, 4, 0, 30, "left"),
        "0002": ("08:20", "", 0, 1, 20, 0, "open"),
        "0003": ("22:00", "06:00", 480, 2, 0, 0, "left"),
        "0004": ("", "09:00", 0, 1, 0, 0, "no entry"),
    }
    next_day = campus.attendance(ledger, 20261125)
    assert [one.card[-4:] for one in next_day] == ["0001"]
    assert [one.state for one in campus.attendance(ledger, 20261124, (2,))] == ["no entry"] * 2
    path = f"sqlite:///{tmp_path / 'ledger.db'}"
    done = faretap("ledger", "attendance", "261124", "--database", path)
    assert done.returncode == 0 and "622800******0001" in done.stdout
    assert "6228000100000001" not in done.stdout
