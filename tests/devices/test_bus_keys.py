# SPDX-License-Identifier: Apache-2.0
"""The keys of a bus driver, at the right and at the wrong moment."""

from tests.crew import a_crew


def test_keys_at_the_wrong_moment_should_say_what_to_do():
    crew = a_crew()
    sign_on = ["error sign on first: on DRIVER"]
    for line in ("group 2", "to 9", "17", "statement"):
        assert crew.key(line) == sign_on, line
    assert crew.key("off") == ["error nobody is signed on"]
    crew.key("on 4711")
    assert crew.key("on 5") == ["error sign off first: driver 4711 is signed on"]
    crew.key("group 2")
    assert crew.key("line 9") == ["error take back what is keyed first: clear"]
    assert crew.key("group 99")[0].startswith("error RIDERS is 2 to 9")
    assert crew.key("clear") == ["ok driver 4711 shift 1, line 5 out stop 0"]
    assert crew.key("line 9") == ["ok driver 4711 shift 1, line 9 out stop 0"]


def test_group_above_the_ceiling_should_be_refused_at_the_key():
    """TD-006."""
    crew = a_crew("ceiling_fen: 500\n")
    crew.key("on 4711")
    assert crew.key("group 3") == ["error no fare for 3 riders by one card: take fewer"]
    assert crew.key("group 2")[0].startswith("ok")


def test_driver_should_read_the_verdict_of_each_tap():
    """TD-003, TD-023: the same as the rider's lamp, the number masked."""
    crew = a_crew()
    crew.key("on 4711")
    crew.tap()
    crew.tap()
    assert crew.key("last") == ["ok KNOWN: Already paid 622800****0001"]


def test_console_that_is_unplugged_should_not_stop_sales():
    crew = a_crew()
    crew.key("on 4711")
    crew.wires["console"].is_gone = True
    assert crew.tap(1) == "ok"
    crew.wires["console"].is_gone = False
    crew.stand.clock.advance(2)
    assert crew.key("state") == ["ok driver 4711 shift 1, line 5 out stop 0"]
