# SPDX-License-Identifier: Apache-2.0
"""The process of one target: `python -m tests.fuzz.process NAME [options of libFuzzer]`.

Only `firmware` is instrumented: what harness and judge do is no progress. Nothing of it may be
imported before the hook stands, so this file imports nothing of ours at its head.
"""

import gc
import sys

import atheris

MEASURE_EACH = 16  # memory is counted for one input in so many


def main(name, options):
    """Never returns: libFuzzer ends the process."""
    with atheris.instrument_imports(include=["firmware"]):
        from tests.fuzz import bounds, table
    target, count = table.named(name), 0
    gc.freeze()  # tests/stand.py collects at each start, as a board needs it

    def one(data):
        nonlocal count
        count += 1
        bounds.held(target.run, data, target.memory, count % MEASURE_EACH == 0)

    atheris.Setup([name, *options], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
