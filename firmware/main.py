# SPDX-License-Identifier: Apache-2.0
"""The root on a board and on a Raspberry Pi: `python -m firmware.main SETTINGS`.

Takes the parts from hal, runs until it is told to stop, writes what happens as one JSON object a
line. Ends with status 0 when it was stopped, the field off (QT-070); with 2 when settings,
parameters, reader or journal cannot be used, with 3 when the storage fails in service, with 4
where a new start is wanted and boot/start.py is there to do it; whoever started it starts it
again. `python -m firmware.main SETTINGS test` tests its parts instead: 0 when all are well, 1 when
one is not.
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
AGAIN = 4  # exit status: start me again
STOPS = (FormatError, JournalFull, LinkLost, OSError, ValueError)
DARK_MS = 10  # between two turns while the field is off: no look for a card takes their time
NO_DEVICE = 19  # errno
LOW_PERCENT = 10  # of the heap
LATE = (  # modules of the tests in idle time
    "firmware.devices.late_tests",
    "firmware.devices.selftest",
    "firmware.devices.known_answers",
)
READERS = (  # modules that are done when the terminal runs
    "firmware.settings",
    "firmware.formats.parameters",
    "firmware.formats.ca_keys",
    "firmware.formats.lines",
)


def start(path, hal=hal, report=report, dog=None, boot=None):
    """(Terminal or Inspector, who may ask for a new start or None) of a settings file.

    hal, report: the board's, or those of a stage (sim/stage.py); dog: its Watchdog, fed between
    the steps.

    What reads the two texts is 20 KB of a board's heap: it is loaded first, and dropped before the
    rest is loaded.
    """
    from firmware import settings  # dropped below
    from firmware.formats import parameters  # dropped below

    unit = named(90, report, lambda: settings.parse(hal.read_text(path), path))
    if dog:
        dog.limit(unit.watchdog_ms)
    fleet, where, judged = named(91, report, lambda: read_fleet(unit, hal, parameters))
    hal.unload(READERS)

    if unit.device == "inspector":
        from firmware.assemble import assemble_inspector  # into the room that they leave

        return assemble_inspector(unit, fleet, hal, report), None

    from firmware.assemble import assemble  # into the room that they leave

    terminal = assemble(unit, fleet, hal, report, dog.feed if dog else None)
    watch = None
    if unit.authority:
        from firmware import renewal  # likewise

        watch = renewal.Renewal(unit, terminal, hal, judged)
        watch.begin(where)
    if (unit.authority or unit.authority_sm2) and ("fares" in unit.more or "allow" in unit.more):
        from firmware.assemble import watch_files  # for files that are read at the start

        watch = watch_files(terminal, unit, hal, watch)
    if boot and (unit.authority or unit.authority_sm2):
        from firmware.assemble import watch_releases  # where a start is counted

        watch = watch_releases(terminal, unit, hal, watch, boot)
    return terminal, watch


def read_fleet(unit, hal, parameters):
    """(Parameters, path, digest) as of renewal.choose, b"" for units without a seal."""
    where = unit.parameters
    if unit.device == "inspector" and not where:
        return parameters.parse(parameters.NO_SALES), where, b""
    if unit.authority:
        from firmware import renewal  # for units whose parameters are sealed

        return renewal.choose(unit, hal, parameters.parse)
    return parameters.parse(hal.read_text(where), where), where, b""


def named(code, report, opener):
    """What opener() gives; what keeps the terminal from starting has a code (selftest.py)."""
    try:
        return opener()
    except STOPS as wrong:
        if getattr(wrong, "errno", 0) == NO_DEVICE:
            code = 92  # a board whose files cannot be mounted (boot/files.py)
        report({"event": "self_test", "code": code, "text": str(wrong)})
        raise


def main(path, test=False, report=report, boot=None):
    """Run the terminal of a settings file until it is stopped; test: its self-test alone.

    boot: the Places of a counted start (boot/places.py), or None: its record is told when the
    release has shown itself.
    """
    dog = hal.watchdog(WATCHED_MS)
    witness = None
    if boot:
        from firmware.boot.witness import Witness  # where a start is counted

        witness = Witness(report, boot.record, hal)
        report = witness.report
    try:
        terminal, renewal = start(path, hal, report, dog, boot)
    except STOPS as wrong:
        report({"event": "stopped", "text": str(wrong)})
        sys.exit(2)
    if test:
        from firmware.assemble import self_test  # on demand (TD-017)

        sys.exit(0 if self_test(terminal, known(boot)) else 1)
    tidy()
    told = []

    def stop():
        told.append(True)
        terminal.stop()

    hal.on_stop(stop)
    report({"event": "watchdog", "kind": dog.kind, "timeout_ms": dog.timeout_ms})
    dog.ready("in service")
    try:
        renewed = serve(terminal, dog, renewal, witness, late(terminal, known(boot)))
    except (JournalFull, OSError) as failed:
        # MP-7: what could not be written is not written. Nothing is sold on such a storage; the
        # next start recovers what there is, and an open entry stays open.
        terminal.show("storage_fault")
        report({"event": "stopped", "text": "storage: %s" % failed})
        sys.exit(3)
    dog.stopping()
    report({"event": "watchdog", "kind": dog.kind, "longest_ms": dog.longest_ms})
    if renewed and not told:  # QT-011: with the set that is due now
        sys.exit(AGAIN) if boot else hal.restart()


def known(boot):
    """[(code, text)] of what the start has found out: memory, and whether its record is kept."""
    hal.collect()
    used, total = hal.heap()
    said = []
    if total:
        low = (total - used) * 100 < LOW_PERCENT * total
        said.append((85 if low else 0, "heap: %d of %d bytes in use" % (used, total)))
    if boot:
        kept = boot.record.kept
        said.append((0, "boot record") if kept else (25, "boot record not kept"))
    return said


def late(terminal, said):
    """Generator of the tests that wait for idle time; those of an inspector are none."""
    if not hasattr(terminal, "sale"):
        return iter(())
    from firmware.assemble import late_tests  # where there is something to sell

    return late_tests(terminal, said)


def serve(terminal, dog, renewal, witness, tests):
    """Turns until the terminal is closed; True when a set that is due wants a new start.

    tests: those that have time until nobody is there, a slice a turn.
    """
    renewed = False
    while not terminal.closed:
        dog.feed()  # TD-018
        if terminal.turn():
            tidy()
        elif renewal and not renewed and terminal.is_idle() and renewal.due():
            renewed = True
            terminal.stop()
        elif not terminal.powered:
            hal.sleep_ms(DARK_MS)
        if witness or tests:
            tests = idle(terminal, witness, tests)
    return renewed


def idle(terminal, witness, tests):
    """What waits until nobody is there; the tests that are left, None behind the last."""
    if hasattr(terminal, "is_idle") and not terminal.is_idle():
        return tests
    if tests and next(tests, tests) is tests:
        hal.unload(LATE)
        tests = None
    if witness and not tests:
        witness.turn(terminal)
    return tests


def tidy():
    """Collect garbage and report the heap, where the interpreter tells it."""
    hal.collect()
    used, total = hal.heap()
    if used is not None:
        report({"event": "heap", "live": used, "total": total})


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "settings.txt", sys.argv[2:] == ["test"])
