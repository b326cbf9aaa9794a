# SPDX-License-Identifier: Apache-2.0
"""Attendance and library: who came and who went, by card number; no GPO, nothing ever debited.

Each tap is an EVENT record (TD-022): `came_in`, `came_late`, `went_out`, `left_early`, direction 1
in or 2 out, durable before the lamp is green. A reader that says `both` takes a card's taps by
turns: in, out, in. The same card again within `passback_s` is a slip of the hand. Late and early
go by the hours of the card's zone; only the first tap of them can be late. A library has seats:
who finds none stays outside; nobody is ever kept inside.

trade_data: version 1 (1), minutes late or early (2).

| setting | value |
|---|---|
| purpose | attendance (default) or library |
| allow | path of the allow list; a library without one takes every card that tells its number |
| lane | both (default), in or out |
| passback_s | 60; the same card again within it changes nothing |
| grace_min | minutes that are not late, nor early; 5 |
| seats | of a library; 0, the default: any number |
| longest_min | who came in so long ago is not inside any more; 960 |
| door, pulse_ms | a turnstile's output, where there is one (access.py) |
| console | serial:PATH: `report` says who is here |
"""

from firmware.devices import options, presence, window
from firmware.devices.access import Access, open_list, open_relay
from firmware.devices.keypad import open_console
from firmware.devices.presence import IN, OUT
from firmware.devices.trade import Trade
from firmware.errors import FormatError
from firmware.formats import record

COMMANDS = "report||who is here\n"
PURPOSES = ("attendance", "library")
CAME, LATE, WENT, EARLY = "came_in", "came_late", "went_out", "left_early"
DIRECTIONS = {CAME: IN, LATE: IN, WENT: OUT, EARLY: OUT}
RULES = {LATE: "late", EARLY: "early"}
VERSION = b"\x01"
MOST = 500  # people who are remembered, more where a library has more seats
RESTORED = 4000  # records that are read again after a start
BOTH = 0
NOBODY = ("", 0)


class NoDoor:
    """In the place of a relay where nothing has to be opened."""

    fault = ""

    def turn(self):
        """Nothing moves."""

    def pulse(self):
        """Nothing has to."""
        return True

    def close(self):
        """Nothing is held."""


class Attendance(Access):
    """One reader."""

    name = "attendance"
    lanes = ("both", "in", "out")  # the first one is the default; directions 0, 1, 2
    first_direction = BOTH
    words = (
        Access.words
        + """came_in|green|double|已签到|You are in|212
came_late|green|double|已签到 迟到|You are in, late|213
went_out|green|double|已签退|You are out|214
left_early|green|double|已签退 早退|You are out, early|215
noted_already|blue|known|已登记 请勿重复刷卡|Noted already|216
seats_full|red|no|座位已满|Full: no seat is free|217
"""
    )

    def __init__(self, settings, parameters, allowed, relay, clock, line=None):
        """allowed: AllowList, None in a library that takes every card; line: Neighbour with
        Console(COMMANDS), None without one.
        """
        more = settings.more
        Access.__init__(self, settings, parameters, allowed, relay, clock)
        self.line = line
        self.is_library = options.word(more, "purpose", PURPOSES[0], PURPOSES) == PURPOSES[1]
        self.passback_s = options.number(more, "passback_s", 60, 0, 86400)
        self.grace_min = options.number(more, "grace_min", 5, 0, 120)
        self.seats = options.number(more, "seats", 0, 0, 2000)
        longest_min = options.number(more, "longest_min", 960, 1, 10080)
        self.inside = presence.Presence(max(MOST, self.seats), longest_min)
        self.judged = NOBODY  # (message, minutes) of the card asked about last: for its record

    def restore(self, recent):
        """Who is inside, and who has just tapped."""
        now, trusted = self._now(), self.house.stamp.trusted()
        slips = []
        for _, values in recent(RESTORED):
            minute = presence.minute_of_record(values)
            if minute is None or now - minute > self.inside.longest_min:
                break
            direction = DIRECTIONS.get(values["reason"])
            if direction and values["kind"] == record.EVENT:
                pan = record.pan_digits(values["pan"])
                self.inside.tapped_before(pan, direction, minute)
                since = window.opened_before(
                    self.clock, self.passback_s, values["time_utc_s"], trusted
                )
                if window.left_ms(self.clock, since) > 0:
                    slips.append((pan, since))
        for pan, since in reversed(slips):
            self._remember(pan, since)

    def turn(self):
        Access.turn(self)
        for _ in self.line.turn() if self.line else ():
            self.line.protocol.ok("", tuple(self.report()))

    def refuse(self, pan, psn):
        self.judged = self._judge(pan)
        return self.judged[0]

    def onto(self, values):
        Trade.onto(self, values)
        message, minutes = self.judged
        values["direction"] = DIRECTIONS.get(message, self.direction)
        values["rule"] = RULES.get(message, "")
        values["reference"] = self.allowed.version if self.allowed else 0
        values["trade_data"] = VERSION + minutes.to_bytes(2, "big") if minutes else b""

    def after(self, sold):
        direction, self.judged = DIRECTIONS.get(sold.message), NOBODY
        if not direction or not sold.sequence:
            return
        self.inside.tapped(sold.pan, direction, self._now())
        self._remember(sold.pan, window.opened(self.clock, self.passback_s))
        if not self.relay.pulse():
            self.house.show("door_fault")

    def close(self):
        Access.close(self)
        if self.line:
            self.line.close()

    def report(self):
        """Lines: who is here, the card masked, and since when."""
        now = self._now()
        of = " of %d" % self.seats if self.seats else ""
        yield "在场 Present: %d%s" % (self.inside.count(now), of)
        for digits, last, first in self.inside.present(now):
            yield "****%s  %s  %s" % (digits, _clock(first), _clock(last))

    def _judge(self, pan):
        """(message, minutes late or early) of a card."""
        zone = self._zone_of(pan)
        if zone is None:
            return "door_fault", 0
        if not zone and self.allowed:
            return "not_listed", 0
        if self._has_passed(pan):
            return "noted_already", 0
        now = self._now()
        direction = self.direction or (OUT if self.inside.is_inside(pan, now) else IN)
        if self.is_library:
            return (WENT if direction == OUT else self._seat(pan, zone, now)), 0
        hours = presence.spans(self.allowed.windows, zone, now // presence.DAY_MIN)
        if direction == IN:
            late = self._late(pan, hours, now)
            return (LATE if late else CAME), late
        early = self._early(hours, now)
        return (EARLY if early else WENT), early

    def _zone_of(self, pan):
        try:
            return self.allowed.zone_of(pan) if self.allowed else 0
        except (OSError, FormatError):
            return None

    def _seat(self, pan, zone, now):
        day, minute = now // presence.DAY_MIN, now % presence.DAY_MIN
        if self.allowed and not self.allowed.is_open(zone, day, minute):
            return "outside_hours"
        is_new = not self.inside.is_inside(pan, now)
        is_full = self.seats and self.inside.count(now) >= self.seats
        return "seats_full" if is_new and is_full else CAME

    def _late(self, pan, hours, now):
        """Minutes behind the beginning of the hours that are on, for who comes the first time."""
        for begins, ends in hours:
            if now < ends:
                late = now - begins
                is_first = not self.inside.was_here(pan, begins, now)
                return min(late, 0xFFFF) if late > self.grace_min and is_first else 0
        return 0

    def _early(self, hours, now):
        """Minutes before the end of the hours that are on."""
        for begins, ends in hours:
            if begins < now < ends:
                return ends - now if ends - now > self.grace_min else 0
        return 0

    def _now(self):
        return presence.minute_of(self.clock.local_now())


def _clock(minute):
    return "%02d:%02d" % (minute % presence.DAY_MIN // 60, minute % 60)


def make(settings, parameters, hal, clock, report):
    """Trade of a reader. FormatError for settings or a list that cannot be used."""
    more = settings.more
    if "allow" not in more and more.get("purpose") != PURPOSES[1]:
        raise FormatError("`allow` is missing: without it nobody has hours")
    allowed = open_list(settings, hal) if "allow" in more else None
    relay = open_relay(settings, hal, clock) if "door" in more else NoDoor()
    line = open_console(settings, hal, clock, COMMANDS) if "console" in more else None
    return Attendance(settings, parameters, allowed, relay, clock, line)
