# SPDX-License-Identifier: Apache-2.0
"""The fuzzer at the console.

    python -m tests.fuzz run [--seconds N] [TARGET ...]   fuzz each for N seconds (needs atheris)
    python -m tests.fuzz replay TARGET FILE|HEX ...       one input again, with its traceback
    python -m tests.fuzz keep [TARGET ...]                distil build/fuzz into tests/fuzz/corpus
    python -m tests.fuzz reached [TARGET ...]             lines of the firmware the corpora reach

`run` ends with status 1 when anything was found, 2 when atheris is not there.
"""

import argparse
import importlib.util
import sys
from pathlib import Path

from tests.fuzz import bounds, fuzzing, reached, seeds, table

NO_WHEEL = (
    "make fuzz: there is no wheel of atheris for this interpreter and machine "
    "(CPython 3.11 to 3.13 on x86-64 Linux): nothing was fuzzed."
)


def main():
    """Status of the process."""
    words = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz the firmware.")
    words.add_argument("verb", choices=("run", "replay", "keep", "reached"))
    words.add_argument("names", nargs="*", metavar="TARGET", help="all by default")
    words.add_argument("--seconds", type=int, default=20, help="for each target")
    words.add_argument("--seed", type=int, default=1, help="of the choices of libFuzzer")
    given = words.parse_intermixed_args()
    if given.verb == "replay":
        return replay(given.names[0], given.names[1:])
    known = [one.name for one in table.TARGETS]
    for name in given.names:
        if name not in known:
            words.error("no target %s; there are %s" % (name, ", ".join(known)))
    targets = [one for one in table.TARGETS if not given.names or one.name in given.names]
    if given.verb == "reached":
        return reached.report(targets)
    if given.verb == "keep":
        return fuzzing.keep(targets)
    if importlib.util.find_spec("atheris") is None:
        print(NO_WHEEL, file=sys.stderr)
        return 2
    return fuzzing.run_all(targets, given.seconds, given.seed)


def replay(name, inputs):
    """Run inputs once more; a file's name, or hex. A fault shows its traceback."""
    target = table.named(name)
    for one in inputs:
        data = Path(one).read_bytes() if Path(one).exists() else bytes.fromhex(one)
        bounds.held(target.run, data, target.memory)
        print("%s: %d bytes, nothing found" % (name, len(data)))
    if not inputs:
        for data in [*seeds.made(name), *[data for _, data in seeds.kept(name)]]:
            bounds.held(target.run, data, target.memory)
        print("%s: the corpus holds" % name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
