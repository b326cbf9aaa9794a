# SPDX-License-Identifier: Apache-2.0
"""Which lines of the firmware the corpora run through, counted with sys.settrace."""

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
        _trace(target.run, inputs, lines)
    total = hit = 0
    for path in sorted(lines):
        wanted = _lines_of_functions(path)
        got = len(wanted & lines[path])
        total, hit = total + len(wanted), hit + got
        print("%4d of %4d lines  %s" % (got, len(wanted), Path(path).relative_to(ROOT)))
    print("%4d of %4d lines in all, %.1f %%" % (hit, total, 100 * hit / max(1, total)))
    return 0


def _trace(run, inputs, lines):
    def local(frame, event, argument):
        if event == "line":
            lines[frame.f_code.co_filename].add(frame.f_lineno)
        return local

    def trace(frame, event, argument):
        path = frame.f_code.co_filename
        if not path.startswith(FIRMWARE):
            return None
        lines.setdefault(path, set())
        return local

    sys.settrace(trace)
    try:
        for data in inputs:
            run(data)
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
