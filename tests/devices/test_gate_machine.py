# SPDX-License-Identifier: Apache-2.0
"""The lane as a table: every event in every state, stories of people, time that stands still."""

from firmware.devices import gate_machine
from firmware.devices.gate_machine import ACTIONS, EVENTS, STATES, Machine, row_of


def alone():
    """[(state, event)] of LEFT_ALONE."""
    pairs = []
    for line in gate_machine.LEFT_ALONE.strip().split("\n"):
        words = line.split()
        pairs += [(words[0], one) for one in words[1:]]
    return pairs


def a_lane(*events):
    """A machine behind IDLE and what is fed to it, 100 ms apart: (Machine, now_ms)."""
    machine, now_ms = Machine(), 0
    machine.feed("closed", 0)
    assert machine.state == "IDLE"
    for event in events:
        now_ms += 100
        machine.feed(event, now_ms)
    return machine, now_ms


def test_every_event_in_every_state_should_be_defined():
    """TD-002: a row of its own, one for all states, or named as nothing; never two of them."""
    left = alone()
    assert len(left) == len(set(left))
    rows = [line.split() for line in gate_machine.TABLE.strip().split("\n")]
    pairs = [(row[0], row[1]) for row in rows]
    assert len(pairs) == len(set(pairs))
    for row in rows:
        assert row[0] in STATES + ("*",) and row[1] in EVENTS and row[2] in STATES + ("=",), row
        assert not [one for one in (row[3:] and row[3].split(",")) if one not in ACTIONS], row
    for state in STATES:
        for event in EVENTS:
            pair = (state, event)
            ruled = (row_of(state, event) is not None) and pair not in left
            assert ruled or pair in left, pair
            assert not (pair in left and row_of(state, event)), pair


def test_no_state_should_be_a_dead_end():
    """Out of each state there is a way back to IDLE, by events of people or of the attendant."""
    for start in STATES:
        reached, todo = set(), [start]
        while todo:
            state = todo.pop()
            if state not in reached:
                reached.add(state)
                for event in EVENTS:
                    row = row_of(state, event)
                    if row and row[0] != "=":
                        todo.append(row[0])
        assert "IDLE" in reached, start


STORIES = (
    # what happens, state at the end, what was done
    ("tap approved entered cleared closed", "IDLE", "open passed close"),
    ("tap refused", "IDLE", ""),
    ("tap torn", "WAIT_SAME", ""),
    ("tap torn tap approved entered cleared closed", "IDLE", "open passed close"),
    ("tap torn tap refused", "IDLE", ""),
    ("tap approved reverse", "ALARM", "open alarm"),
    ("tap approved entered second", "ALARM", "open alarm"),
    ("tap approved entered second cleared", "ALARM", "open alarm passed"),
    ("tap approved entered retreated entered cleared closed", "IDLE", "open passed close"),
    ("tap approved approved cleared cleared", "CLOSE", "open open passed passed close"),
    ("tap approved cleared closed", "IDLE", "open passed close"),  # a board that counts only
    ("entered", "ALARM", "alarm"),
    ("reverse", "ALARM", "alarm"),
    ("cleared", "IDLE", "stray"),
    ("tap approved entered cleared blocked", "PASSING", "open passed close open"),
    ("tap approved entered cleared cleared", "CLOSE", "open passed close passed"),
    ("fire", "EMERGENCY", "unknown release fire"),
    ("tap approved fire cleared cleared", "EMERGENCY", "open unknown release fire stray stray"),
    ("fire operator", "EMERGENCY", "unknown release fire"),
    ("fire fire_over operator closed", "IDLE", "unknown release fire fire_over quiet close"),
    ("fire fire_over fire", "EMERGENCY", "unknown release fire fire_over unknown release fire"),
    ("silent healed closed", "IDLE", "unknown fault close"),
    ("silent fire", "EMERGENCY", "unknown fault unknown release fire"),
    ("fire silent", "EMERGENCY", "unknown release fire"),
)  # fmt: skip


def test_people_should_be_let_through_as_the_table_says():
    """TD-061, TD-062, TD-064, TD-065: stories of people in the lane."""
    for events, state, done in STORIES:
        machine, now_ms = a_lane()
        actions = []
        for event in events.split():
            now_ms += 100
            actions += machine.feed(event, now_ms)
        assert (machine.state, " ".join(actions)) == (state, done), events


def test_time_should_end_what_nobody_ends():
    """TD-063: nobody came through; TD-061: an alarm ends in closed arms."""
    for events, seconds, state, done in (
        ("tap approved", 5, "CLOSE", ["not_passed", "close"]),
        ("tap torn", 10, "IDLE", []),
        ("tap approved entered", 30, "ALARM", ["alarm"]),
        ("entered", 5, "CLOSE", ["unknown", "quiet", "close"]),
        ("tap approved entered cleared", 3, "FAULT", ["fault"]),
        ("tap", 10, "IDLE", []),
    ):
        machine, now_ms = a_lane(*events.split())
        assert machine.turn(now_ms + seconds * 1000 - 1) == [], events
        assert machine.turn(now_ms + seconds * 1000) == done, events
        assert machine.state == state, events


def test_arms_should_never_close_on_a_body():
    """TD-062: the beam pauses every timer, and who stood there has the whole time anew."""
    machine, now_ms = a_lane("tap", "approved", "entered", "blocked")
    assert machine.turn(now_ms + 3600000) == [] and machine.left_ms(now_ms) is None
    now_ms += 3600000
    machine.feed("freed", now_ms)
    assert machine.turn(now_ms + 29999) == [] and machine.state == "PASSING"
    assert machine.feed("cleared", now_ms + 30000) == ["passed", "close"]
    assert machine.feed("blocked", now_ms + 30100) == ["open"] and machine.state == "PASSING"
    assert machine.turn(now_ms + 9999999) == []


def test_people_should_be_counted_and_bounded():
    """TD-064: n let in, n through; no approval opens for more than its bound."""
    machine, now_ms = a_lane("tap")
    machine.feed("approved", now_ms, 3)
    for left, state in ((2, "OPEN"), (1, "OPEN"), (0, "CLOSE")):
        machine.feed("entered", now_ms)
        machine.feed("cleared", now_ms)
        assert (machine.let_in, machine.state) == (left, state)
    machine.feed("closed", now_ms)
    machine.feed("approved", now_ms, 1000)
    assert machine.let_in == gate_machine.MOST_PERSONS
    machine.feed("fire", now_ms)
    assert machine.let_in == 0


def test_any_order_of_events_should_keep_the_machine_whole():
    """No event, however wrong its moment, breaks it or lets somebody in without approval."""
    machine, seed, now_ms = Machine(), 7, 0
    for _ in range(3000):
        seed = (seed * 1103515245 + 12345) % 2147483648
        event = EVENTS[(seed >> 8) % len(EVENTS)]
        if event == "cleared_more":
            continue
        before = machine.let_in
        now_ms += seed % 4000
        actions = machine.turn(now_ms) + machine.feed(event, now_ms)
        assert machine.state in STATES and machine.let_in >= 0
        assert machine.let_in <= before or (event == "approved" and "open" in actions)
        assert "passed" not in actions or machine.state != "IDLE"
