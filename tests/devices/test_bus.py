# SPDX-License-Identifier: Apache-2.0
"""A bus with a driver: nobody signed on, signed on, cut off; what stands in the records."""

from tests.crew import a_crew


def test_nobody_should_pay_before_a_driver_is_signed_on():
    """TD-030, TD-039: before, after, and behind a restart; the field is off; versions are told."""
    crew = a_crew()
    assert crew.tap() is None and crew.stand.reader.powered is False
    assert ("show", "Driver: please sign in", 0) in crew.stand.log
    assert crew.key("on 4711") == [
        "  parameters 1 fares 0 list 0",
        "ok driver 4711 shift 1, line 5 out stop 0",
    ]
    assert crew.tap() == "ok" and crew.stand.reader.powered is True
    crew.stand.restart()
    crew.stand.clock.advance(61)
    assert crew.tap() == "ok"
    assert crew.key("off")[-1] == "ok signed off, line 5 out stop 0"
    crew.stand.restart()
    assert crew.tap(2) is None and crew.stand.reader.powered is False


def test_record_should_say_who_drove_where():
    """TD-021, TD-032: driver, shift, line, direction, stop, trade."""
    crew = a_crew()
    crew.key("on 4711 8")
    crew.key("line 12 back")
    crew.key("stop 7")
    assert crew.tap() == "ok"
    values = crew.last()
    names = ("device", "trade", "driver", "shift", "line", "direction", "stop", "riders", "rule")
    assert [values[name] for name in names] == ["bus", 2, 4711, 8, 12, 2, 7, 1, "flat"]


def test_trip_should_outlast_a_restart():
    crew = a_crew()
    for line in ("on 4711", "line 12 back", "stop 7"):
        crew.key(line)
    crew.tap()
    crew.stand.restart()
    assert crew.key("state") == ["ok driver 4711 shift 1, line 12 back stop 7"]


def test_statement_should_be_the_sum_of_the_records():
    """TD-032: sign-off prints what the records of the shift add up to."""
    crew = a_crew()
    crew.key("on 4711")
    for number in range(3):
        assert crew.tap(number) == "ok"
    sales = [one["amount_fen"] for kind, one in crew.stand.records() if kind == "approved"]
    assert sum(sales) == 600
    assert crew.key("statement")[-2:] == [
        "  合计 Total: 6.00",
        "ok driver 4711 shift 1, line 5 out stop 0",
    ]
    assert "  合计 Total: 6.00" in crew.key("off")
    assert crew.key("off") == ["error nobody is signed on"]
    assert "  合计 Total: 6.00" in crew.key("statement")


def test_minimum_interval_should_be_kept():
    """TD-035: 0, interval - 1, interval."""
    crew = a_crew()
    crew.key("on 4711")
    assert crew.tap() == "ok" and crew.tap() == "already_paid"
    crew.stand.clock.advance(59)
    assert crew.tap() == "already_paid"
    crew.stand.clock.advance(1)
    assert crew.tap() == "ok"
