# SPDX-License-Identifier: Apache-2.0
"""Runs the shared tests, plain test_*() functions with bare asserts, under MicroPython or CPython.

    MICROPYPATH=build/mpy micropython -X heapsize=400K tests/micropython.py [FILE ...]

Without files: all of them. The checkout stands last on MicroPython's path, compiled code first.
After each file its modules are dropped, as a board holds one device only. SkipTest (tests/skip.py)
skips. Ends with 'N passed, N failed, N skipped'; exit status 1 when any failed.
"""

import gc
import os
import sys

# The largest first: names stay in memory, so that each file leaves a little less to the next one.
FOLDERS = (
    "devices", "neighbours", "fares", "", "kernel", "formats", "reader", "capp", "outputs", "boot",
    "module",
)  # fmt: skip


def shared_modules(tests):
    """Module names of the shared tests below the folder `tests`: in FOLDERS and directly in it."""
    there = os.listdir(tests)
    for folder in [one for one in FOLDERS if not one or one in there]:
        for name in sorted(os.listdir(tests + "/" + folder)):
            if name.startswith("test_") and name.endswith(".py"):
                yield "tests." + (folder + "." if folder else "") + name[:-3]


def run_test(name, test):
    """0 passed, 1 failed, 2 skipped: its place in the counts."""
    gc.collect()
    try:
        test()
    except Exception as error:
        if type(error).__name__ == "SkipTest":
            print("SKIP", name, error)
            return 2
        print("FAIL", name)
        show = getattr(sys, "print_exception", None)  # MicroPython's
        show(error) if show else sys.excepthook(type(error), error, error.__traceback__)
        return 1
    return 0


def run_module(module):
    """[passed, failed, skipped] of one; a module that cannot be imported is one failed test."""
    counts = [0, 0, 0]
    refused = run_test(module, lambda: __import__(module))
    if refused:
        counts[refused] += 1
        return counts
    tests = sys.modules[module]
    for name in sorted(dir(tests)):
        if name.startswith("test_"):
            counts[run_test(module + " " + name, getattr(tests, name))] += 1
    return counts


def run(modules):
    """[passed, failed, skipped]. Nothing of a module is held here when the next one is loaded."""
    counts = [0, 0, 0]
    kept = list(sys.modules)
    for module in modules:
        counts = [a + b for a, b in zip(counts, run_module(module))]
        for loaded in [one for one in sys.modules if one not in kept]:
            del sys.modules[loaded]
    return counts


if __name__ == "__main__":
    here = (os.getcwd() + "/" if __file__[0] != "/" else "") + __file__.rpartition("/")[0]
    if sys.implementation.name == "micropython":
        gc.threshold(8192)  # compiling leaves a heap in shreds that is collected only when full
    sys.path.pop(0)
    sys.path.insert(len(sys.path) if sys.implementation.name == "micropython" else 0, here + "/..")
    named = [one[one.rfind("tests/") : -3].replace("/", ".") for one in sys.argv[1:]]
    passed, failed, skipped = run(named or shared_modules(here))
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    sys.exit(1 if failed else 0)
