# SPDX-License-Identifier: Apache-2.0
"""Safe mode put together: what of a terminal can be had is taken, the rest is left out (safe.py).

Nothing here stops for a part that is broken; each says in an event why it is not there.
"""

from firmware.boot import safe
from firmware.devices import selftest
from firmware.devices.panel import ReportPanel

LOOP = 93  # code of devices/selftest.py


def run(path, places, hal, report, fault):
    """Safe mode with the settings at `path`, until a start is wanted: its exit status.

    fault: (code, text), why nobody is served.
    """
    dog = hal.watchdog(8000)
    report({"event": "safe", "code": fault[0], "text": fault[1]})
    parts = gather(path, hal, report, fault, dog.feed)
    again_ms = safe.LOOP_MS if fault[0] == LOOP else safe.AGAIN_MS
    mode = safe.Safe(parts, places.record, places.is_whole, fault, hal, report, again_ms)
    dog.ready("safe mode, code %d: %s" % fault)
    stopped = []
    hal.on_stop(lambda: stopped.append(True))
    while not mode.ended and not stopped:
        dog.feed()
        mode.turn()
        parts["panel"].refresh()
        hal.sleep_ms(safe.TURN_MS)
    return 0 if stopped else safe.AGAIN


def gather(path, hal, report, fault, feed):
    """The parts of Safe that can be had, and `panel`, which says the code."""
    parts: dict = {"panel": ReportPanel(report)}

    def have(name, opener):
        feed()
        try:
            parts[name] = opener()
        except safe.WRONG as wrong:
            parts["no_" + name] = "%s: %s" % (name, wrong)
            report({"event": "safe", "text": parts["no_" + name]})
        return parts.get(name)

    unit = have("settings", lambda: read_settings(path, hal))
    if unit:
        from firmware import assemble  # where there is something to assemble

        have("panel", lambda: assemble.open_panel(unit, hal, hal, report))
        selftest.show(parts["panel"], (fault[0],))
        if have("reader", lambda: assemble.open_reader(unit, hal, hal, report)):
            have("dark", lambda: parts["reader"].power(False))
        if unit.journal:
            have("journal", lambda: assemble.open_journal(unit, hal))
        if unit.link and "journal" in parts:
            have("uploader", lambda: assemble.open_uploader(unit, hal, parts["journal"]))
    else:
        selftest.show(parts["panel"], (fault[0],))
    have("stream", hal.open_console)
    parts["tests"] = lambda: looked(parts)
    return parts


def read_settings(path, hal):
    from firmware.settings import parse  # dropped behind it

    unit = parse(hal.read_text(path), path)
    hal.unload(("firmware.settings", "firmware.formats.lines"))
    return unit


def looked(parts):
    """(code, text) of each part that is there, and of what needs none."""
    for name, code in (("settings", 90), ("reader", 10), ("journal", 20)):
        if "no_" + name in parts:
            yield code, parts["no_" + name]
    if "reader" in parts:
        yield selftest.reader(parts["reader"], True)
    if "journal" in parts:
        yield selftest.journal(parts["journal"])
    from firmware.devices import known_answers  # on demand

    yield from known_answers.checks()
