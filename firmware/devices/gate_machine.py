# SPDX-License-Identifier: Apache-2.0
"""The lane of a gate as a table: state, event, next state, what is to be done (terminals.md 5).

Pure: no clock, no wire, no money. Whoever drives it says what happened, with its own `now_ms`, and
does what comes back. Money and motion are kept apart (TD-060): the machine counts people who are
let in and people who went through; whose they are knows gate.py.

    tap                          a card or ticket is being judged
    approved refused torn        how that ended; approved is durable already (TD-001)
    entered cleared retreated    a body came from the side that is let in; left ahead; went back
    second reverse               a body behind the first one; one from the other side
    blocked freed                the safety beam
    closed                       the arms stand closed
    timeout                      this state has lasted its time
    fire fire_over operator      fire input active, released; the attendant's key
    silent healed                the controller does not answer, answers again
"""

from collections import namedtuple

# CLEAR: the fire input is released, the attendant has not said so yet
STATES = (
    "IDLE", "CHECK", "WAIT_SAME", "OPEN", "PASSING", "CLOSE", "ALARM", "EMERGENCY", "CLEAR",
    "FAULT",
)  # fmt: skip
EVENTS = (
    "tap", "approved", "refused", "torn", "entered", "cleared", "cleared_more", "retreated",
    "second", "reverse", "blocked", "freed", "closed", "timeout", "fire", "fire_over", "operator",
    "silent", "healed",
)  # fmt: skip
# open, close, release (everything, for good): of the controller. passed, not_passed, unknown: of
# the people let in. stray: somebody through whom nobody let in. alarm, quiet, fire, fire_over,
# fault: to be shown and written down.
ACTIONS = (
    "open", "close", "release", "passed", "not_passed", "unknown", "stray", "alarm", "quiet",
    "fire", "fire_over", "fault",
)  # fmt: skip

# state event next actions. `cleared_more` is `cleared` while others are let in behind (TD-064).
# A row of * stands for all states without one of their own; `=` keeps state and timer. Where
# neither is, the event says nothing in that state, and LEFT_ALONE names it.
TABLE = """
* fire EMERGENCY unknown,release,fire
* silent FAULT unknown,fault
* operator = quiet
* cleared = stray
* cleared_more = passed
IDLE tap CHECK
IDLE approved OPEN open
IDLE torn WAIT_SAME
IDLE entered ALARM alarm
IDLE second ALARM alarm
IDLE reverse ALARM alarm
IDLE blocked ALARM alarm
CHECK approved OPEN open
CHECK refused IDLE
CHECK torn WAIT_SAME
CHECK timeout IDLE
CHECK reverse ALARM alarm
WAIT_SAME tap CHECK
WAIT_SAME approved OPEN open
WAIT_SAME torn WAIT_SAME
WAIT_SAME timeout IDLE
WAIT_SAME entered ALARM alarm
WAIT_SAME second ALARM alarm
WAIT_SAME reverse ALARM alarm
WAIT_SAME blocked ALARM alarm
OPEN approved OPEN open
OPEN entered PASSING
OPEN blocked PASSING
OPEN cleared CLOSE passed,close
OPEN cleared_more OPEN passed
OPEN second ALARM alarm
OPEN reverse ALARM alarm
OPEN timeout CLOSE not_passed,close
PASSING approved = open
PASSING cleared CLOSE passed,close
PASSING cleared_more OPEN passed
PASSING retreated OPEN
PASSING second ALARM alarm
PASSING reverse ALARM alarm
PASSING timeout ALARM alarm
CLOSE approved OPEN open
CLOSE blocked PASSING open
CLOSE cleared = passed
CLOSE reverse ALARM alarm
CLOSE second ALARM alarm
CLOSE closed IDLE
CLOSE timeout FAULT fault
ALARM approved = open
ALARM cleared = passed
ALARM timeout CLOSE unknown,quiet,close
ALARM operator CLOSE unknown,quiet,close
EMERGENCY approved = unknown
EMERGENCY fire =
EMERGENCY silent =
EMERGENCY operator =
EMERGENCY fire_over CLEAR fire_over
CLEAR approved = unknown
CLEAR operator CLOSE quiet,close
FAULT approved = not_passed
FAULT silent =
FAULT healed CLOSE close
FAULT operator CLOSE close
"""

# What changes nothing, and why that is right.
LEFT_ALONE = """
IDLE refused retreated freed closed timeout fire_over healed
CHECK tap entered retreated second blocked freed closed fire_over healed
WAIT_SAME refused retreated freed closed fire_over healed
OPEN tap refused torn retreated freed closed fire_over healed
PASSING tap refused torn entered blocked freed closed fire_over healed
CLOSE tap refused torn entered retreated freed fire_over healed
ALARM tap refused torn entered retreated second reverse blocked freed closed fire_over healed
EMERGENCY tap refused torn entered retreated second reverse blocked freed closed timeout healed
CLEAR tap refused torn entered retreated second reverse blocked freed closed timeout fire_over
CLEAR healed
FAULT tap refused torn entered retreated second reverse blocked freed closed timeout fire_over
"""

# People of one approval; more would hold a gate open for minutes
MOST_PERSONS = 50
# Seconds that states last. passage_s: nobody came (TD-063); body_s: somebody stands in the lane;
# close_s: the arms move; alarm_s: an alarm sounds; same_s: the card of a torn tap is waited for
Times = namedtuple("Times", ("passage_s", "body_s", "close_s", "alarm_s", "same_s"))
TIMES = Times(5, 30, 3, 5, 10)
LASTS = (
    ("CHECK", 4),
    ("WAIT_SAME", 4),
    ("OPEN", 0),
    ("PASSING", 1),
    ("CLOSE", 2),
    ("ALARM", 3),
)  # state, place in Times


def row_of(state, event):
    """(next state, actions) of the table, None where the event changes nothing."""
    for head in (state, "*"):
        at = TABLE.find("\n%s %s " % (head, event))
        if at >= 0:
            words = TABLE[at + 1 : TABLE.find("\n", at + 1)].split()
            return words[2], words[3].split(",") if len(words) > 3 else []
    return None


class Machine:
    """One lane. `let_in`: people it is open for; `blocked`: the safety beam holds everything."""

    def __init__(self, times=TIMES):
        self.times = times
        self.state = "CLOSE"  # after a start the arms are told to close, and have to say so
        self.since_ms = 0
        self.let_in = 0
        self.blocked = False

    def feed(self, event, now_ms, persons=1):
        """Actions that follow an event, in order; persons: of `approved`."""
        if event in ("blocked", "freed"):
            self.blocked = event == "blocked"
            self.since_ms = now_ms  # whoever stood there has the whole time anew (TD-062)
        if event == "cleared" and self.let_in > 1:
            event = "cleared_more"
        row = row_of(self.state, event)
        if row is None:
            return []
        state, actions = row
        if event == "approved" and "open" in actions:
            self.let_in = min(MOST_PERSONS, self.let_in + persons)
        if state != "=":
            self.state, self.since_ms = state, now_ms
        for action in actions:
            self._count(action)
        return actions

    def turn(self, now_ms):
        """Actions that the time brings."""
        left_ms = self.left_ms(now_ms)
        if left_ms is None or left_ms > 0:
            return []
        return self.feed("timeout", now_ms)

    def left_ms(self, now_ms):
        """What is left of this state's time; None while nothing runs: never close on a body
        (TD-062).
        """
        if self.blocked and self.state != "CHECK":
            return None
        for state, place in LASTS:
            if state == self.state:
                return self.times[place] * 1000 - (now_ms - self.since_ms)
        return None

    def _count(self, action):
        if action == "passed":
            self.let_in = max(0, self.let_in - 1)
        elif action in ("not_passed", "unknown"):
            self.let_in = 0
