# SPDX-License-Identifier: Apache-2.0
"""Tries mutants, one process each, one at a time: `python mutation_run.py ORDER` in mutmut's tree.

mutmut's own runner starts pytest for each mutant. The shared tests are plain functions, so here
they are imported once, each mutant is a fork, and a thousand take minutes. ORDER is a JSON file:
`mutants`, list of [name of mutmut, test modules that are asked first]; `modules`, all of them;
`results`, where the dict name -> word goes: "noticed", "late" or "survived".

The limit is processor time of the child, so a busy machine makes nothing late.
"""

import contextlib
import io
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path

from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state

SLOWER, SPARE_S = 4, 1.0  # a test may take so many times its time, and so long beside
MOST_BYTES = 1 << 30


def main(order):
    """Try all mutants of the order."""
    sys.path.insert(0, str(Path.cwd() / "mutants"))
    set_mutant_under_test("stats")
    tests = [one for name in order["modules"] for one in tests_of(name)]
    seconds, touching = {}, {}
    for test in tests:
        for function in clean(test, seconds):
            touching.setdefault(function, []).append(test)
    results = {}
    for at, (name, first) in enumerate(order["mutants"], 1):
        chosen = touching.get(name.rpartition("__mutmut_")[0], [])
        quick = [one for one in chosen if one.__module__ in first]
        slow = [one for one in chosen if one.__module__ not in first]
        chosen = sorted(quick, key=seconds.get) + sorted(slow, key=seconds.get)
        results[name] = tried(name, chosen, seconds)
        Path(order["results"]).write_text(json.dumps(results), encoding="ascii")
        print(at, name, results[name], flush=True)


def tests_of(name):
    """The test functions of a module that is not imported yet."""
    if name in sys.modules:
        return []
    try:
        __import__(name)
    except ModuleNotFoundError as missing:  # mutmut's environment has no packages of ours
        print("left out:", name, missing, flush=True)
        return []
    module = sys.modules[name]
    return [value for key, value in sorted(vars(module).items())
            if key.startswith("test_") and value.__module__ == name]  # fmt: skip


def clean(test, seconds):
    """Run a test on the code as it is; the functions that it touched. A failure ends it all."""
    state()._stats.clear()
    began = time.process_time()
    if not passes(test):
        raise SystemExit("%s.%s fails without a mutant" % (test.__module__, test.__name__))
    seconds[test] = time.process_time() - began
    return list(state()._stats)


def passes(test):
    """True when the test passes or is skipped."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            test()
    except Exception as error:
        return type(error).__name__ == "SkipTest"
    return True


def tried(name, tests, seconds):
    """What becomes of one mutant, in a child of its own."""
    child = os.fork()
    if child == 0:
        noticed = 1  # whatever ends the child, SystemExit too
        try:
            resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
            set_mutant_under_test(name)
            noticed = 0
            for test in tests:
                signal.setitimer(signal.ITIMER_PROF, SLOWER * seconds[test] + SPARE_S)
                if not passes(test):
                    noticed = 1
                    break
        finally:
            os._exit(noticed)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "late" if os.WTERMSIG(status) == signal.SIGPROF else "noticed"
    return "noticed" if os.WEXITSTATUS(status) else "survived"


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="ascii")))
