# SPDX-License-Identifier: Apache-2.0
"""Stamp: when, where and by whose rules, as it stands in every record and pending entry
(TD-021).
"""


class Stamp:
    """Makes the business fields of a record: time, trip and versions."""

    def __init__(self, settings, parameters, clock):
        self.settings = settings
        self.parameters = parameters
        self.clock = clock
        self.trade = None  # writes its own fields, once it is there
        self.deny = None  # the list in force, once it is there
        self.latest_s = 0  # the latest time a trusted clock has shown, records included

    def trusted(self):
        """True when the clock may date a sale: it was set, and has not gone back (QT-015)."""
        if self.clock.local_now()[0] < self.parameters.clock_from_year:
            return False
        now_s, back_s = self.clock.time_utc_s(), self.parameters.clock_back_s
        if back_s and now_s < self.latest_s - back_s:
            return False
        self.latest_s = max(self.latest_s, now_s)
        return True

    def ages(self):
        """True when what was dated before this start may be given an age.

        A clock that the host puts right loses that with the power: what it has dated may look
        hours old a second later, until the host is heard again.
        """
        return self.trusted() and getattr(self.clock, "confirmed", True)  # of a Timekeeper

    def exact(self):
        """True when the time may also decide about a price: trusted, and not in doubt (TD-008)."""
        in_doubt = getattr(self.clock, "in_doubt", None)  # of a Timekeeper
        return self.trusted() and not (in_doubt and in_doubt())

    def doubt_s(self):
        """Seconds by which a time in doubt may be wrong; 0 for an exact one (TD-008)."""
        return 0 if self.exact() or not self.trusted() else self.clock.error_s()

    def today(self):
        """(year, month, day), local."""
        return self.clock.local_now()[:3]

    def digits(self):
        """(YYMMDD, HHMMSS) as text, local (QT-014)."""
        year, month, day, hour, minute, second = self.clock.local_now()
        return (
            "%02d%02d%02d" % (year % 100, month, day),
            "%02d%02d%02d" % (hour, minute, second),
        )

    def onto(self, values):
        """Write the fields into a record or pending dict; returns it."""
        date, time = self.digits()
        values["time_utc_s"] = self.clock.time_utc_s()
        values["date"], values["time"] = date, time
        values["clock_trusted"] = 1 if self.exact() else 0
        values["device"] = self.settings.device
        for name in ("line", "stop", "vehicle", "driver", "shift"):
            values[name] = getattr(self.settings, name)
        values["parameters_version"] = self.parameters.version
        listed = self.deny.version if self.deny else self.parameters.deny_list_version
        values["deny_list_version"] = listed
        if self.trade:
            self.trade.onto(values)
        return values
