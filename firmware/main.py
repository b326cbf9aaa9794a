# SPDX-License-Identifier: Apache-2.0
"""The root on a board and on a Raspberry Pi: `python -m firmware.main SETTINGS`.

Takes the parts from hal, runs until it is told to stop, writes what happens as one JSON object a
line. Ends with status 0 when it was stopped, the field off (QT-070); with 2 when settings,
parameters, reader or journal cannot be used, with 3 when the storage fails in service; whoever
started it starts it again. `python -m firmware.main SETTINGS test` tests its parts instead: 0
when all are well, 1 when one is not.
"""

import json
import sys

from firmware import hal
from firmware.errors import FormatError, JournalFull, LinkLost


def report(event):
    """One JSON object a line on standard output: what simulator, demo and bench read.

    A reader of it that is gone, or a full disk, must not stop sales.
    """
    try:
        hal.write_line(json.dumps(event))
    except OSError:
        pass


WATCHED_MS = 8000  # until the settings are read; an RP2 knows no more than 8388
DARK_MS = 10  # between two turns while the field is off: no look for a card takes their time
READERS = (  # modules that are done when the terminal runs
    "firmware.settings",
    "firmware.formats.parameters",
    "firmware.formats.ca_keys",
    "firmware.formats.lines",
)


def start(path, hal=hal, report=report, dog=None):
    """(Terminal or Inspector, who may ask for a new start or None) of a settings file.

    hal, report: the board's, or those of a stage (sim/stage.py); dog: its Watchdog, fed between
    the steps.

    What reads the two texts is 20 KB of a board's heap: it is loaded first, and dropped before the
    rest is loaded.
    """
    from firmware import settings  # dropped below
    from firmware.formats import parameters  # dropped below

    unit = settings.parse(hal.read_text(path), path)
    if dog:
        dog.limit(unit.watchdog_ms)
    where, judged = unit.parameters, b""
    if unit.device == "inspector" and not where:
        fleet = parameters.parse(parameters.NO_SALES)
    elif unit.authority:
        from firmware import renewal  # for units whose parameters are sealed

        fleet, where, judged = renewal.choose(unit, hal, parameters.parse)
    else:
        fleet = parameters.parse(hal.read_text(where), where)
    hal.unload(READERS)

    if unit.device == "inspector":
        from firmware.assemble import assemble_inspector  # into the room that they leave

        return assemble_inspector(unit, fleet, hal, report), None

    from firmware.assemble import assemble  # into the room that they leave

    terminal = assemble(unit, fleet, hal, report, dog.feed if dog else None)
    watch = None
    if unit.authority:
        watch = renewal.Renewal(unit, terminal, hal, judged)
        watch.begin(where)
    if (unit.authority or unit.authority_sm2) and ("fares" in unit.more or "allow" in unit.more):
        from firmware.assemble import watch_files  # for files that are read at the start

        watch = watch_files(terminal, unit, hal, watch)
    return terminal, watch


def main(path, test=False):
    """Run the terminal of a settings file until it is stopped; test: its self-test alone."""
    dog = hal.watchdog(WATCHED_MS)
    try:
        terminal, renewal = start(path, hal, report, dog)
    except (FormatError, JournalFull, LinkLost, OSError, ValueError) as wrong:
        report({"event": "stopped", "text": str(wrong)})
        sys.exit(2)
    if test:
        from firmware.assemble import self_test  # on demand (TD-017)

        sys.exit(0 if self_test(terminal) else 1)
    tidy()
    told = []

    def stop():
        told.append(True)
        terminal.stop()

    hal.on_stop(stop)
    report({"event": "watchdog", "kind": dog.kind, "timeout_ms": dog.timeout_ms})
    dog.ready("in service")
    renewed = False
    try:
        while not terminal.closed:
            dog.feed()
            if terminal.turn():
                tidy()
            elif renewal and not renewed and terminal.is_idle() and renewal.due():
                renewed = True
                terminal.stop()
            elif not terminal.powered:
                hal.sleep_ms(DARK_MS)
    except (JournalFull, OSError) as failed:
        # MP-7: what could not be written is not written. Nothing is sold on such a storage; the
        # next start recovers what there is, and an open entry stays open.
        terminal.show("storage_fault")
        report({"event": "stopped", "text": "storage: %s" % failed})
        sys.exit(3)
    dog.stopping()
    report({"event": "watchdog", "kind": dog.kind, "longest_ms": dog.longest_ms})
    if renewed and not told:
        hal.restart()  # QT-011: with the set that is due now


def tidy():
    """Collect garbage and report the heap, where the interpreter tells it."""
    hal.collect()
    used, total = hal.heap()
    if used is not None:
        report({"event": "heap", "live": used, "total": total})


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "settings.txt", sys.argv[2:] == ["test"])
