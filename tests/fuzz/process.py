# SPDX-License-Identifier: Apache-2.0
"""The process of one target: `python -m tests.fuzz.process NAME [options of libFuzzer]`.

Only `firmware` is instrumented: what harness and judge do is no progress. Nothing of it may be
imported before the hook stands, so this file imports nothing of ours at its head.
"""

import gc
import sys

import atheris

# Long loops of numbers, in which nothing is decided by a card's bytes
ARITHMETIC = ["firmware.kernel." + name for name in ("sm2_base", "sm2_comb", "sm2_window", "sm3")]
MEASURE_EACH = 16  # memory is counted for one input in so many


def main(name, options):
    """Never returns: libFuzzer ends the process."""
    with atheris.instrument_imports(include=["firmware"], exclude=ARITHMETIC):
        from tests.fuzz import bounds, table
    target, count = table.named(name), 0
    gc.freeze()  # tests/stand.py collects at each start, as a board needs it

    def one(data):
        nonlocal count
        count += 1
        measured = count % MEASURE_EACH == 0
        bounds.held(target.run, data, target.memory, measured, bounds.FUZZED_CPU_S)

    atheris.Setup([name, *options], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
