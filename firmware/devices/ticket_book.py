# SPDX-License-Identifier: Apache-2.0
"""E-tickets wherever they are checked: genuine, of this place and hour, entries left (TD-070).

What it means to be let in knows the device: a gate (gate_tickets.py) moves its arms, a coach
(coach_tickets.py) shows the attendant a verdict. A book never writes a record and opens nothing.
"""

from firmware.errors import FormatError
from firmware.fares import calendar
from firmware.formats import record, ticket

RESTORED = 4096  # records read at the start


def open_keys(settings, hal):
    """Dict of the issuers' keys in the file `ticket_keys`; FormatError."""
    keys = ticket.read_keys(hal.read_text(settings.more.get("ticket_keys", "")), "ticket_keys")
    hal.unload(("firmware.formats.lines",))  # it has done its part
    return keys


class TicketBook:
    """keys: of open_keys(); used: UsedTickets (gate_used.py); group: 1..16, this place."""

    def __init__(self, keys, used, group=1):
        self.keys = keys
        self.used = used
        self.group = group

    def read(self, text):
        """(values of the ticket or None, message that keeps it out or ""): is it genuine?"""
        try:
            found = ticket.read(text, self.keys)
        except FormatError:
            return None, "ticket_unread"
        try:
            ticket.verify(found, self.keys)
        except FormatError:
            return found.values, "ticket_forged"
        return found.values, ""

    def place_and_time(self, values, stamp, mode=""):
        """Message of a genuine ticket at the wrong place or hour, "" else; mode: TD-066."""
        if not values["groups"] >> (self.group - 1) & 1:
            return "ticket_gate"
        now = calendar.moment(stamp.clock.local_now())
        if now is None or not stamp.trusted():
            return "clock_not_set"
        refusal, doubt_s = window_refusal(values, now, mode), stamp.doubt_s()
        for seconds in (-doubt_s, doubt_s) if refusal and doubt_s else ():
            # TD-008: a clock in doubt keeps nobody out whose hour it may be
            if not window_refusal(values, calendar.shifted(now, seconds), mode):
                return ""
        return refusal

    def entries_left(self, values, today):
        """Message of a ticket whose entries are used up, "" of one that may come in."""
        entries, day = self.used.entries(values["id"])
        if values["entries"] and entries >= values["entries"]:
            return "ticket_used"
        if values["daily"] and entries and day == today & 0x1FF:
            return "ticket_today"
        return "" if self.used.has_room(values["id"], today) else "ticket_list_full"

    def restore(self, recent, entry_of):
        """Entries as far as the journal reaches; entry_of(trade_data): (number, entries), None for
        what is no entry.
        """
        for _, values in recent(RESTORED):
            if values["kind"] != record.EVENT or values["reason"] != "ticket_ok":
                continue
            found, date = entry_of(values["trade_data"]), values["date"]
            if found:
                day = calendar.day_number(2000 + int(date[:2]), int(date[2:4]), int(date[4:6]))
                self.used.note(found[0], found[1], day, values["reference"])


def window_refusal(values, now, mode):
    """Message of a ticket outside its days or hours; now: (day, second); mode: TD-066."""
    if mode == "date_waived":
        return ""
    day, minute = now[0], now[1] // 60
    if day < values["first_day"]:
        return "ticket_early"
    if day > values["last_day"]:
        return "ticket_expired"
    if mode == "time_waived":
        return ""
    if minute > values["closes"] and day == values["last_day"]:
        return "ticket_expired"
    return "" if values["opens"] <= minute <= values["closes"] else "ticket_early"
