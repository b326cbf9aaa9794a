# SPDX-License-Identifier: Apache-2.0
"""Timekeeper: the clock of a terminal that asks its host for the time (TD-008).

It stands in the place of hal as the clock of all parts. The wall clock below it is never set; what
the host says becomes an offset, in steps that are limited, so that a host that lies or a line that
is forged cannot carry a terminal into another fare or past the expiry of a key. Numbers of records
come from the journal and windows from the ticks: neither hangs on any of this.

How wrong the clock may be is always known as a bound: what the last answer of the host left open,
what the clock may have drifted since, every step of the wall clock that nobody announced. Beyond
`bound_s` the time is in doubt: sales go on, records say so, fares take what is best for the rider.
"""

from firmware.formats import batch

PPM = 12  # drift of a clock that nobody has measured: 1 s a day
ASK_MS = 3600000  # the host is asked so often
RETRY_MS = 60000  # where it did not answer
ROUND_MS = 4000  # an answer that took longer says too little
MEASURE_MS = 3600000  # a drift is measured over so long at least: 1 s in it is 280 ppm
STEP_S = 3  # the wall clock against the ticks: less is rounding
REBASE_MS = 600000  # drift between wall clock and ticks is no step


class Timekeeper:
    """hal: the clock below. step_s: a host that differs by more is not followed. bound_s: see
    above; 0: never in doubt. terminal: its number, for the frames.
    """

    def __init__(self, hal, step_s, bound_s, terminal):
        self.hal = hal
        self.step_s, self.bound_s = step_s, bound_s
        self.terminal = terminal
        self.ticks_ms, self.ticks_us, self.ticks_diff = hal.ticks_ms, hal.ticks_us, hal.ticks_diff
        self.offset_s = 0
        self.confirmed = False  # whether the host was heard since the start
        self.open_s = 0  # of the bound: what is not drift
        self.ppm = None  # drift as measured, positive: too fast
        self.said = []  # what happened, for the journal: at most one entry a cause
        self.last_ticks = hal.ticks_ms()
        self.age_ms = 0  # since the host's time was taken, or since the start
        self.pause_ms = 0  # until the host is asked again
        self.base_s, self.base_ms = hal.time_utc_s(), 0  # wall clock, and ms of ticks since

    # --- the clock --------------------------------------------------------------------------

    def time_utc_s(self):
        """Seconds since 1970-01-01 UTC."""
        return self.hal.time_utc_s() + self.offset_s

    def local_now(self):
        """(year, month, day, hour, minute, second)."""
        now = self.hal.local_now()
        if not self.offset_s:
            return now
        from firmware.fares import calendar  # for clocks that were put right: memory is small

        at = calendar.moment(now)
        if at is None:
            return now  # a clock that was never set
        day, second = calendar.shifted(at, self.offset_s)
        return calendar.date_of(day) + (second // 3600, second // 60 % 60, second % 60)

    def error_s(self):
        """How far from the host's time this one may be, if it is as good as TD-008 wants it."""
        ppm = max(PPM, abs(self.ppm or 0))
        return self.open_s + self.age_ms // 1000 * ppm // 1000000

    def in_doubt(self):
        """True when that is more than the operator allows."""
        return bool(self.bound_s) and self.error_s() > self.bound_s

    # --- between cards ----------------------------------------------------------------------

    def turn(self):
        """Count the ticks, look for a step of the wall clock; what to write down, or ""."""
        ticks = self.hal.ticks_ms()
        spent_ms = max(0, self.hal.ticks_diff(ticks, self.last_ticks))
        self.last_ticks = ticks
        self.age_ms += spent_ms
        self.base_ms += spent_ms
        self.pause_ms = max(0, self.pause_ms - spent_ms)
        now_s = self.hal.time_utc_s()
        step_s = now_s - self.base_s - self.base_ms // 1000
        if abs(step_s) >= STEP_S:
            self.open_s += abs(step_s)
            self.pause_ms = 0  # the host will know
            self._say("clock_stepped", step_s)
        if abs(step_s) >= STEP_S or self.base_ms >= REBASE_MS:
            self.base_s, self.base_ms = now_s, 0
        return self.said.pop(0) if self.said else ""

    def due(self):
        """True when the host is to be asked; the next time in RETRY_MS, if it does not answer."""
        if self.pause_ms:
            return False
        self.pause_ms = RETRY_MS
        return True

    def ask(self):
        """Steps for the uploader: one unsigned question to the host; None while none is due."""
        return self._asking() if self.due() else None

    def _asking(self):
        began = self.hal.ticks_ms()
        request = batch.pack_ask_time(self.terminal, began & 0xFFFFFFFF)
        answer = yield request
        round_ms = self.hal.ticks_diff(self.hal.ticks_ms(), began)
        host_s = batch.time_of(answer, request, self.terminal)
        if host_s is not None:
            self.heard(host_s, round_ms)

    def heard(self, host_s, round_ms):
        """The host's time, asked for `round_ms` ago; what took too long is not used."""
        if not 0 <= round_ms <= ROUND_MS:
            return
        self.pause_ms = ASK_MS
        gap_s = host_s - self.time_utc_s()
        if abs(gap_s) > self.step_s:
            self.open_s = max(self.open_s, abs(gap_s))
            self._say("clock_refused", gap_s)
            return
        if self.age_ms >= MEASURE_MS and not self.open_s // STEP_S:
            self.ppm = -gap_s * 1000000 // (self.age_ms // 1000)
        self.offset_s += gap_s
        self.confirmed = True
        self.open_s = 1 + round_ms // 1000
        self.age_ms = 0
        if gap_s:
            self._say("clock_set", gap_s)

    def _say(self, what, seconds):
        """At most so many wait: a wall clock that jumps for ever fills no memory."""
        if len(self.said) < 4:
            self.said.append("%s %+d" % (what, max(-(10**9), min(10**9, seconds))))
