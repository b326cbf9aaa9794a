# SPDX-License-Identifier: Apache-2.0
"""Degraded modes of every device but the gate, which has its own (gate_modes.py; TD-066).

| mode | cards | each pass |
|---|---|---|
| open | pay as ever | a sale |
| free | read, never debited (TD-022); without a number none opens a door | an event |
| closed | not looked for | none |

Named by `service` of the parameters, for a fleet, or of the settings, for one unit; where the
latter has it, also by the key `service` of a console. What a key has set holds over a restart,
until other parameters come. A taxi has no free mode: its meter names the amount.

A Duty stands before a trade and answers for it what a mode changes; the trade knows nothing of it.
"""

from firmware.devices.trade import PASSES, Offer
from firmware.errors import FormatError, JournalFull
from firmware.formats import record

OPEN, FREE, CLOSED = MODES = ("open", "free", "closed")
KEY = "service|WORD:open/free/closed|nobody pays, or nobody is served, from here on"
RESTORED = 64  # records in which the last key is looked for: as far back as the same-card guard
# The word by which a device lets through where nobody pays; the others say free_ride
LETS = (
    ("parking", "free_exit"),
    ("metro", "free_exit"),
    ("access", "access_granted"),
    ("lift", "access_granted"),
    ("attendance", "came_in"),
)
ROWS = """
service_free|blue||今日免费|Free today|
free_ride|green|double|今日免费 未扣款|Free today, not charged|12
"""
UNREAD = "number_unread|green|double|今日免费 未扣款|Free today, not charged|12\n"


class Duty:
    """What stands between the loop and a trade; the trade's own words but for those here."""

    def __init__(self, trade, mode):
        self.trade = trade
        self.lets = dict(LETS).get(trade.name, "free_ride")
        self.passes = 0  # let through since the mode was set
        self.house = None
        self.mode = self.words = ""
        self._set(mode)

    def __getattr__(self, name):
        return getattr(self.trade, name)

    @property
    def pays(self):
        """Nobody, while the ride is free."""
        return self.mode != FREE and self.trade.pays

    def attach(self, house):
        """The terminal is there; the console, where there is one, has one key more."""
        self.house = house
        self.trade.attach(house)
        line = getattr(self.trade, "line", None) or getattr(self.trade, "console", None)
        console = getattr(line, "protocol", line)
        if console and "service" in self.trade.settings.more:
            console.add(KEY, self.key)

    def restore(self, recent):
        """The mode that a key had set, by these very parameters."""
        self.trade.restore(recent)
        version = self.trade.parameters.version
        for _, values in recent(RESTORED):
            reason = values["reason"]
            free = values["rule"] == FREE
            if free or reason[:8] == "service_":
                if values["parameters_version"] == version:
                    self._set(FREE if free else reason[8:])
                return

    def reads_first(self):
        """In free mode the number is all that is read."""
        return self.mode == FREE or self.trade.reads_first()

    def offer(self):
        """Offer of this moment; a door that cannot open is free for nobody."""
        offer = self.trade.offer()
        if self.mode == CLOSED:
            return Offer("closed", None, False)
        if self.mode == FREE and (offer.sells or self.lets == "free_ride"):
            return Offer("service_free", None, True)
        return offer

    def refuse(self, pan, psn):
        """Nobody pays who need not; a mode that closes is asked up to the gate."""
        if self.mode == CLOSED:
            return "closed"
        return self.lets if self.mode == FREE else self.trade.refuse(pan, psn)

    def onto(self, values):
        """The rule of a free pass stands in its record."""
        self.trade.onto(values)
        if self.mode == FREE:
            values["rule"] = FREE

    def after(self, sold):
        """Count the pass; one without a number has its event here."""
        self.trade.after(sold)
        if self.mode != FREE:
            return
        if sold.message in PASSES and sold.sequence:
            self.passes += 1
        elif sold.message == "number_unread" and self.lets == "free_ride":
            self.passes += self._note("free_ride")

    def key(self, mode):
        """Another mode, written down with the passes of the last one; what to do, "" if done."""
        if self.house.busy():
            return "a card is there: wait until it is taken away"
        if mode == FREE and not _may_be_free(self.trade):
            return "this device has no free service: close it"
        if mode != self.mode:
            passes = self.passes
            self._set(mode)
            self._note("service_" + mode, passes)
            self.house.report({"event": "service", "mode": mode, "passes": passes})
        return ""

    def _set(self, mode):
        self.mode, self.passes = mode, 0
        unread = UNREAD if mode == FREE and self.lets == "free_ride" else ""
        self.words = self.trade.words if mode == OPEN else ROWS + unread + self.trade.words[1:]

    def _note(self, reason, passes=1):
        """True when the event is durable; riders of a mode's event: the passes that ended."""
        values = self.house.stamp.onto(record.blank(record.EVENT))
        values["reason"], values["riders"] = reason, min(255, passes)
        if reason != "free_ride":
            values["rule"], values["reference"] = "", passes
        try:
            self.house.journal.append(record.pack(values))
        except JournalFull:
            return False
        return True


def make(trade, settings, parameters, report):
    """The trade, in the mode that parameters or settings name. FormatError: no such mode."""
    mode = settings.more.get("service", OPEN)
    if mode not in MODES:
        raise FormatError("settings: `service: %s` is not open, free or closed" % mode)
    if parameters.service != OPEN:
        mode = parameters.service
    if settings.device == "gate":  # has modes of its own, which the centre may set as well
        trade.mode = mode if mode != OPEN else trade.mode
        return trade
    if mode == FREE and not _may_be_free(trade):
        report({"event": "service", "mode": OPEN, "text": "a taxi has no free service"})
        mode = OPEN
    return Duty(trade, mode)


def _may_be_free(trade):
    return trade.name != "taxi"
