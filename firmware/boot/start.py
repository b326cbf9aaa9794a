# SPDX-License-Identifier: Apache-2.0
"""Start: from power to service. What is frozen or installed runs this before anything else.

    power -> boot record -> slot chosen, the start counted -> its modules first -> firmware.main
              |                                                 |
              | so many starts in a row not come to good        | a part without which nobody can
              v                                                 v be served: a code
             safe mode (safe.py) <------------------------------+
              |
              +-- after a while, or by its console -> a start anew

`run` returns an exit status: 0 stopped by who asked for it; 1 the program failed; 3 the storage
failed in service; 4 a new start is wanted. Who called it starts it again but for 0. A crash, and
a watchdog that had to act, are in the record with a short text: five of a release on trial, and
the old one comes back (slots.py).

places: where the record and the releases are (places.py).
"""

import sys

from firmware.boot import slots
from firmware.boot.record import FACTORY, FAULTS, SLOTS
from firmware.errors import FormatError

WATCHED_MS = 8000
WATCHDOG = 4  # of RESETS in formats/status.py
CRASH_LOOP, MOUNT, PROGRAM = 93, 95, 96  # codes of devices/selftest.py
STOPPED, CRASHED, NO_START, STORAGE, AGAIN = 0, 1, 2, 3, 4  # exit statuses of firmware.main


class Ear:
    """A report that keeps the last fault: what a program that ends says of itself."""

    def __init__(self, report):
        self.inner = report
        self.code = 0
        self.text = ""

    def report(self, event):
        """Pass it on."""
        if event["event"] == "self_test" and event.get("code"):
            self.code, self.text = event["code"], event["text"]
        elif event["event"] == "stopped":
            self.text = event["text"]
        self.inner(event)


def choose(places, cause, report):
    """The Start of this start, counted and kept, and why it came to it (TD-018)."""
    record = places.record
    begun = slots.begin(record.values, cause, places.is_whole, places.factory)
    values = begun.values
    if cause == WATCHDOG:
        values = slots.failed(values, "watchdog: the loop hung; before: " + values["text"])
    slot = begun.slot
    if not record.save(values):
        # what cannot be counted must not be a trial: it would be tried for ever
        report({"event": "boot", "text": "the boot record cannot be written"})
        slot = values["active"]
    event = {
        "event": "boot",
        "slot": dict(SLOTS)[slot],
        "release": slots.running(values) or places.factory,
        "starts": values["starts"],
        "cause": cause,
        "text": values["text"],
    }
    if values["returned"]:
        event["left"] = values["returned"]
        event["why"] = dict(FAULTS)[values["why"]]
    report(event)
    return slots.Start(slot, values, begun.safe)


def drop(modules):
    """Forget the modules of the package, so that the next import takes those of a slot."""
    for name in [one for one in modules if one.partition(".")[0] == "firmware"]:
        del modules[name]


def load():
    """main() of the release whose modules come first."""
    return __import__("firmware.main", None, None, ("main",)).main


def mend(path, places, hal, report, fault):
    """Safe mode, until it asks for a start: an exit status."""
    from firmware.boot import mend as mending  # the modules of the slot, where one was mounted

    # and their hal: what it raises are their exceptions, not those of the modules before
    board = __import__("firmware.hal", None, None, ("hal",))
    return mending.run(path, places, board, report, fault)


def run(path, places, hal, report, load=load, mend=mend):
    """One start with the settings at `path`; the exit status.

    load() -> main(path, report=, boot=) of the release; mend(path, places, hal, report,
    (code, text)) -> exit status: safe mode.
    """
    hal.watchdog(WATCHED_MS)
    begun = choose(places, hal.reset_cause(), report)
    return go(begun, path, places, hal, report, load, mend)


def go(begun, path, places, hal, report, load=load, mend=mend):
    """The same, chosen and counted already: begun, a Start."""
    dog = hal.watchdog(WATCHED_MS)
    record = places.record
    if begun.safe:
        text = "%d starts; last error: %s" % (begun.values["starts"], begun.values["text"])
        return mend(path, places, hal, report, (CRASH_LOOP, text))
    ear = Ear(report)
    status = CRASHED
    if mounted(places, begun.slot, ear.report):
        dog.feed()
        status = call(load, path, hal, places, ear.report)
    if status in (STOPPED, AGAIN):
        record.save(slots.steady(record.values))
        return status
    record.save(slots.failed(record.values, "%d %s" % (ear.code, ear.text)))
    if status == NO_START:
        hal.unload(("firmware.main",))
        return mend(path, places, hal, report, (ear.code or PROGRAM, ear.text))
    return status


def mounted(places, slot, report):
    """Whether the modules of the slot come first; what is frozen needs nothing."""
    if slot == FACTORY:
        return True
    try:
        places.mount(slot)
    except (FormatError, OSError) as wrong:
        report({"event": "self_test", "code": MOUNT, "text": str(wrong)})
        return False
    drop(sys.modules)
    return True


def call(load, path, hal, places, report):
    """Exit status of the chosen release's program."""
    try:
        load()(path, report=report, boot=places)
    except SystemExit as ended:
        return ended.args[0] if ended.args else STOPPED
    except KeyboardInterrupt:
        hal.hold_watchdog()  # somebody works at the console
        raise
    except Exception as wrong:  # whatever a release does: it is kept, and counts against it
        said = "%s: %s" % (type(wrong).__name__, wrong)
        report({"event": "self_test", "code": PROGRAM, "text": said})
        report({"event": "stopped", "text": said})
        return CRASHED
    return STOPPED
