# SPDX-License-Identifier: Apache-2.0
"""Door: access and attendance by card number, no GPO, nothing ever debited (terminals.md 6).

The number is read freely and proves nothing: who can copy a number can enter. A card that hides
its number stays outside. Whoever is let in or out stands in the journal as an EVENT, direction 1
in or 2 out, before the strike opens (TD-001, TD-022).

| setting | value |
|---|---|
| allow | path of the allow list (formats/allow_list.py); signed where `authority` is set |
| door | output of the strike (docs/porting.md) |
| lane | in (default) or out |
| pulse_ms | how long the strike is held, 100..10000; 3000 |
| passback_s | the same card is not let in twice within so many seconds (TD-067); 0: no such rule |
"""

from firmware.devices import options, window
from firmware.devices.trade import Charge, Offer, Trade
from firmware.errors import FormatError
from firmware.fares import calendar
from firmware.formats import record
from firmware.formats.allow_list import AllowList
from firmware.neighbours.relay import Relay

MOST_REMEMBERED = 64
NOTHING = Charge(0, 0, "", "", 0)


class Access(Trade):
    """One side of a door."""

    name, code, pays = "access", 0, False
    lanes = ("in", "out")  # the first one is the default
    first_direction = 1  # of the first one
    words = """
door_ready|blue||请刷卡|Present card|
access_granted|green|double|请进|Door is open|120
not_listed|red|no|无权限|No access: not on the list|121
outside_hours|red|no|非开放时间|No access at this hour|122
passed_already|red|no|已通过 请勿重复刷卡|Has passed already|123
door_fault|red|no|门禁故障|Door out of order|124
"""

    def __init__(self, settings, parameters, allowed, relay, clock):
        Trade.__init__(self, settings, parameters)
        self.allowed, self.relay, self.clock = allowed, relay, clock
        lane = options.word(settings.more, "lane", self.lanes[0], self.lanes)
        self.direction = self.first_direction + self.lanes.index(lane)
        self.passback_s = options.number(settings.more, "passback_s", 0, 0, 86400)
        self.passed = []  # (pan, window) of who went through here, oldest first (TD-067)

    def restore(self, recent):
        """A restart lets nobody in twice."""
        trusted, found = self.house.stamp.trusted(), []
        for _, values in recent(MOST_REMEMBERED) if self.passback_s else ():
            if values["reason"] == "access_granted" and values["direction"] == self.direction:
                since = window.opened_before(
                    self.clock, self.passback_s, values["time_utc_s"], trusted
                )
                found.append((record.pan_digits(values["pan"]), since))
        for pan, since in reversed(found):  # the records themselves would fill a board's memory
            self._remember(pan, since)

    def turn(self):
        self.relay.turn()

    def offer(self):
        return Offer(
            "door_fault" if self.relay.fault else "door_ready", None, not self.relay.fault
        )

    def charge(self, pan):
        return NOTHING

    def refuse(self, pan, psn):
        now = self.clock.local_now()
        try:
            zone = self.allowed.zone_of(pan)
        except (OSError, FormatError):
            return "door_fault"
        if not zone:
            return "not_listed"
        if not self.allowed.is_open(zone, calendar.day_number(*now[:3]), now[3] * 60 + now[4]):
            return "outside_hours"
        return "passed_already" if self._has_passed(pan) else "access_granted"

    def onto(self, values):
        Trade.onto(self, values)
        values["direction"] = self.direction
        values["reference"] = self.allowed.version

    def after(self, sold):
        if sold.message == "access_granted" and sold.sequence:
            self._remember(sold.pan, window.opened(self.clock, self.passback_s))
            if not self.relay.pulse():
                self.house.show("door_fault")

    def close(self):
        self.relay.close()

    def _has_passed(self, pan):
        return any(
            one == pan and window.left_ms(self.clock, since) > 0 for one, since in self.passed
        )

    def _remember(self, pan, since):
        if self.passback_s:
            self.passed = self.passed[1 - MOST_REMEMBERED :] + [(pan, since)]


def make(settings, parameters, hal, clock, report):
    """Trade of a door. FormatError for a list that is none, or that the authority did not sign."""
    return Access(
        settings, parameters, open_list(settings, hal), open_relay(settings, hal, clock), clock
    )


def open_list(settings, hal):
    """AllowList of the setting `allow`. FormatError, OSError."""
    if settings.authority or settings.authority_sm2:
        from firmware.devices import next_files  # for units whose settings name an authority
        from firmware.formats import signed  # likewise

        next_files.take_list(settings, hal, settings.more["allow"])
    blob = hal.open_blob(settings.more["allow"])
    if settings.authority or settings.authority_sm2:
        authority = signed.Authority(settings.authority, settings.authority_sm2)
        blob = signed.opened(blob, authority, (signed.ALLOW_LIST,))[1]
    return AllowList(blob)


def open_relay(settings, hal, clock):
    """Relay of the settings `door` and `pulse_ms`."""
    pulse_ms = options.number(settings.more, "pulse_ms", 3000, 100, 10000)
    return Relay(lambda: hal.open_output(settings.more["door"]), pulse_ms, clock)
