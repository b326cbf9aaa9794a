# SPDX-License-Identifier: Apache-2.0
"""The host's time, drift and doubt (TD-008): steps that are limited, a bound that is never too
small.
"""

from firmware.devices.timekeeper import ASK_MS, PPM, Timekeeper
from firmware.formats import batch

NOON = (2028, 2, 28, 23, 59, 50)
DAY_MS = 86400000


class Wall:
    """hal's clock: ticks, and a wall clock that goes `ppm` too fast."""

    def __init__(self, now=NOON):
        self.ms = 0
        self.wrong_s = 0
        self.ppm = 0
        self.now = now

    def ticks_ms(self):
        return self.ms % (1 << 30)

    def ticks_us(self):
        return self.ms * 1000

    def ticks_diff(self, later, earlier):
        half = 1 << 29
        return (later - earlier + half) % (1 << 30) - half

    def time_utc_s(self):
        return 1800000000 + self.wrong_s + (self.ms + self.ms * self.ppm // 1000000) // 1000

    def local_now(self):
        return self.now


def keeper(wall, step_s=300, bound_s=30):
    return Timekeeper(wall, step_s, bound_s, 7)


def let_pass(one, wall, ms):
    """What was said meanwhile; ticks wrap at 2^30 ms, so a loop must look more often."""
    said = []
    while ms > 0:
        wall.ms += min(ms, 60000)
        ms -= 60000
        text = one.turn()
        if text:
            said.append(text)
    return said


def true_s(wall):
    return 1800000000 + wall.ms // 1000


def test_doubt_should_grow_with_time_and_end_with_the_host():
    """TD-008: 1 s a day where nobody has measured; beyond the bound the time is in doubt."""
    wall = Wall()
    one = keeper(wall, bound_s=5)
    assert not one.in_doubt()
    assert let_pass(one, wall, 5 * DAY_MS) == []
    assert one.error_s() == 5 * 86400 * PPM // 1000000 == 5 and not one.in_doubt()
    let_pass(one, wall, DAY_MS)
    assert one.in_doubt()
    one.heard(true_s(wall), 100)
    assert not one.in_doubt() and one.turn() == ""
    free = keeper(wall, bound_s=0)
    let_pass(free, wall, 90 * DAY_MS)
    assert not free.in_doubt()


def test_host_should_put_the_clock_right_in_limited_steps():
    """TD-008: within the step it is followed, also backward; beyond it is not, and that is
    doubt.
    """
    for wrong_s, followed in ((-300, True), (300, True), (-301, False), (301, False)):
        wall = Wall()
        one = keeper(wall)
        wall.wrong_s = 0
        one.heard(true_s(wall) + wrong_s, 200)
        assert one.turn() == "%s %+d" % ("clock_set" if followed else "clock_refused", wrong_s)
        assert one.time_utc_s() == true_s(wall) + (wrong_s if followed else 0)
        assert one.in_doubt() is not followed
        one.heard(true_s(wall), 200)  # the host finds back to what the clock shows
        assert one.time_utc_s() == true_s(wall) and not one.in_doubt()


def test_drift_should_be_measured_and_counted():
    """A clock 500 ppm too fast: after one measurement its bound grows by 43 s a day."""
    wall = Wall()
    wall.ppm = 500
    one = keeper(wall, bound_s=30)
    one.heard(true_s(wall), 100)
    let_pass(one, wall, DAY_MS // 2)
    one.heard(true_s(wall), 100)
    assert 450 <= one.ppm <= 550
    assert one.time_utc_s() - true_s(wall) in (0, 1)
    let_pass(one, wall, DAY_MS // 2)
    assert not one.in_doubt() and 20 <= one.error_s() <= 25
    let_pass(one, wall, DAY_MS // 2)
    assert one.in_doubt()


def test_step_of_the_wall_clock_should_be_doubt_until_the_host_knows():
    for step_s in (-86400, -40, 40, 10**7):
        wall = Wall()
        one = keeper(wall)
        let_pass(one, wall, DAY_MS)
        wall.wrong_s += step_s
        assert let_pass(one, wall, 60000) == ["clock_stepped %+d" % step_s]
        assert one.in_doubt() and let_pass(one, wall, DAY_MS) == []
        assert one.ask() is not None, "asked at once"


def test_slow_drift_should_be_no_step():
    wall = Wall()
    one = keeper(wall)
    wall.ppm = 2000  # 1.2 s in ten minutes
    assert let_pass(one, wall, DAY_MS) == []


def test_local_time_should_follow_over_day_month_and_leap_year():
    """TD-009: 29 February, the end of a month, of a year, 2038; and back."""
    for now, step_s, expected in (
        ((2028, 2, 28, 23, 59, 50), 20, (2028, 2, 29, 0, 0, 10)),
        ((2026, 2, 28, 23, 59, 50), 20, (2026, 3, 1, 0, 0, 10)),
        ((2028, 3, 1, 0, 0, 10), -20, (2028, 2, 29, 23, 59, 50)),
        ((2026, 4, 30, 23, 59, 59), 1, (2026, 5, 1, 0, 0, 0)),
        ((2026, 12, 31, 23, 59, 50), 20, (2027, 1, 1, 0, 0, 10)),
        ((2027, 1, 1, 0, 0, 10), -20, (2026, 12, 31, 23, 59, 50)),
        ((2038, 1, 19, 11, 14, 7), 1, (2038, 1, 19, 11, 14, 8)),
        ((2038, 1, 19, 3, 14, 7), 60, (2038, 1, 19, 3, 15, 7)),
        ((2100, 2, 28, 23, 59, 59), 1, (2100, 3, 1, 0, 0, 0)),
        ((1970, 1, 1, 0, 0, 10), 60, (1970, 1, 1, 0, 0, 10)),  # never set: left alone
    ):
        one = keeper(Wall(now))
        one.heard(one.time_utc_s() + step_s, 0)
        assert one.local_now() == expected, now


def test_question_should_be_asked_each_hour_and_answered_once():
    wall = Wall()
    one = keeper(wall)
    steps = one.ask()
    request = next(steps)
    assert one.ask() is None
    answer = batch.pack_time(7, batch.crc_of(request), true_s(wall) + 10)
    finish(steps, answer)
    assert one.turn() == "clock_set +10"
    let_pass(one, wall, ASK_MS - 60000)
    assert one.ask() is None
    let_pass(one, wall, 60000)
    assert one.ask() is not None


def test_answer_that_is_late_foreign_or_to_another_question_should_change_nothing():
    for terminal, other, wait_ms in ((7, b"", 5000), (8, b"", 0), (7, b"another", 0)):
        wall = Wall()
        one = keeper(wall)
        steps = one.ask()
        request = next(steps)
        wall.ms += wait_ms
        crc = batch.crc_of(other or request)
        finish(steps, batch.pack_time(terminal, crc, true_s(wall) + 10))
        assert one.turn() == "" and one.offset_s == 0
    for answer in (b"", b"FT", batch.pack_ack(7, 1, 1), batch.pack_reject(7, 3, 0, "no")):
        one = keeper(Wall())
        steps = one.ask()
        next(steps)
        finish(steps, answer)
        assert one.offset_s == 0 and one.pause_ms, "asked again a minute later"


def finish(steps, answer):
    try:
        steps.send(answer)
    except StopIteration:
        return
    raise AssertionError("one question, one answer")
