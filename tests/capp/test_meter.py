# SPDX-License-Identifier: Apache-2.0
"""What a card carries home to a meter: rules of its record."""

from firmware.capp import layouts, meter
from firmware.capp.trip import Here

HERE = Here(3100, 7, 0, 0, 41, 9)
NOW = (2026, 11, 21, 9, 0, 0)
LATER = (2026, 11, 21, 9, 2, 0)


def record(**fields):
    return layouts.issued("own", "meter", **dict({"meter": 100234, "meter_kind": 3}, **fields))


def values(**fields):
    return layouts.read(layouts.METER, record(**fields))


def test_purchases_should_add_up_and_number_themselves():
    """QX-024, QX-044: own fields alone; what the meter's office has written stays."""
    data = record()
    for number, units, total in ((1, 500, 500), (2, 1200, 1700)):
        found = layouts.read(layouts.METER, data)
        assert meter.refusal(found, "gas", units, NOW) == ""
        data = layouts.write(
            layouts.METER, data, meter.bought(found, HERE, NOW, units, 263 * units // 100)
        )
        found = layouts.read(layouts.METER, data)
        assert (found["purchase"], found["units"], found["total_units"]) == (number, units, total)
        assert (found["meter"], found["meter_kind"], found["entry_number"]) == (100234, 3, 9)
        assert found["bought_time"] == NOW and found["amount_fen"] == 263 * units // 100
    assert len(data) == 64 and data[:6] == record()[:6]


def test_what_no_meter_would_take_should_not_be_sold():
    """QX-012, QX-016: before the GPO."""
    for fields, expected in (
        ({"valid": 0}, "record_invalid"),
        ({"locked": 1}, "record_locked"),
        ({"kind": 2}, "record_foreign"),
        ({"meter": 0}, "meter_missing"),
        ({"meter_kind": 1}, "meter_other"),
        ({"meter_kind": 0}, "meter_other"),
        ({"meter_kind": 9}, "meter_other"),
        ({"purchase": 1, "bought_time": LATER}, "stamp_ahead"),
        ({"purchase": 1, "bought_time": (2026, 2, 30, 0, 0, 0)}, "stamp_bad"),
        ({"purchase": 1}, "stamp_bad"),
        ({"bought_time": LATER}, ""),  # never bought: its moment says nothing
        ({"total_units": 0xFFFFFFFF - 499}, "meter_full"),
        ({"total_units": 0xFFFFFFFF - 500}, ""),
        ({"purchase": 0xFFFFFFFF, "bought_time": NOW}, "meter_full"),
    ):
        assert meter.refusal(values(**fields), "gas", 500, NOW) == expected, fields
