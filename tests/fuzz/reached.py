# SPDX-License-Identifier: Apache-2.0
"""Which lines of the firmware inputs run through, and in which order: sys.settrace counts them."""

import sys
from pathlib import Path

from tests.fuzz import seeds

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = str(ROOT / "firmware") + "/"


def report(targets):
    """Print a line a file that was reached at all, and a sum. Returns 0."""
    lines = {}
    for target in targets:
        grown = ROOT / "build" / "fuzz" / "corpus" / target.name
        inputs = seeds.made(target.name) + [data for _, data in seeds.kept(target.name)]
        inputs += [path.read_bytes() for path in sorted(grown.glob("*"))]
        _count(target.run, inputs, lines)
    total = hit = 0
    for path in sorted(lines):
        wanted = _lines_of_functions(path)
        got = len(wanted & lines[path])
        total, hit = total + len(wanted), hit + got
        print("%4d of %4d lines  %s" % (got, len(wanted), Path(path).relative_to(ROOT)))
    print("%4d of %4d lines in all, %.1f %%" % (hit, total, 100 * hit / max(1, total)))
    return 0


def arcs(run, data):
    """Set of (file, line, next line of the same call) that one input goes through."""
    found = set()

    def entered(frame):
        before = 0

        def local(frame, event, argument):
            nonlocal before
            if event == "line":
                found.add((frame.f_code.co_filename, before, frame.f_lineno))
                before = frame.f_lineno
            return local

        return local

    _traced(lambda: run(data), entered)
    return found


def _count(run, inputs, lines):
    def entered(frame):
        return local

    def local(frame, event, argument):
        if event == "line":
            lines.setdefault(frame.f_code.co_filename, set()).add(frame.f_lineno)
        return local

    _traced(lambda: [run(data) for data in inputs], entered)


def _traced(act, entered):
    """act() with entered(frame) -> local trace function at each call into the firmware."""

    def trace(frame, event, argument):
        path = frame.f_code.co_filename
        return entered(frame) if path.startswith(FIRMWARE) else None

    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(None)


def _lines_of_functions(path):
    """Numbers of the lines with code inside functions; a module's own run when it is imported."""
    found, waiting = set(), [compile(Path(path).read_text(encoding="utf-8"), path, "exec")]
    while waiting:
        code = waiting.pop()
        waiting += [one for one in code.co_consts if hasattr(one, "co_lines")]
        if code.co_name[0] != "<" and code.co_flags & 2:  # CO_NEWLOCALS: no module, no class body
            numbers = {line for _, _, line in code.co_lines() if line}
            found |= numbers - {code.co_firstlineno}
    return found
