# SPDX-License-Identifier: Apache-2.0
"""python -m tests.adversary [--seconds N] [--first SEED] [--family NAME] [--show SEED]"""

import argparse
import sys
import time
import traceback

from tests.adversary.play import Play, drawn, play, smaller, word_of


def main():
    """Status 1 where something was found."""
    words = argparse.ArgumentParser(prog="python -m tests.adversary", description=__doc__)
    words.add_argument("--seconds", type=float, default=20)
    words.add_argument("--first", type=int, default=1, help="number of the first case")
    words.add_argument("--family", default="", help="cases of this family alone")
    words.add_argument("--show", type=int, help="play one case, smaller where it fails")
    words.add_argument("--most", type=int, default=1, help="findings before it stops")
    given = words.parse_args()
    if given.show is not None:
        return show(given.show)
    ends, number, cases, found = time.monotonic() + given.seconds, given.first, 0, set()
    while time.monotonic() < ends and len(found) < given.most:
        case, number = drawn(number), number + 1
        if given.family not in ("", case.family):
            continue
        cases += 1
        faults = faults_of(case)
        if faults and word_of(faults[0]) + case.family not in found:
            found.add(word_of(faults[0]) + case.family)
            tell(case, faults)
    print(f"{cases} cases, the last one {number - 1}; {len(found)} findings")
    return int(bool(found))


def faults_of(case):
    """Faults; an exception is one."""
    try:
        return play(case)
    except Exception:  # noqa: BLE001 - the finding
        last = traceback.format_exc().splitlines()[-7:]
        return ["raised " + last[-1] + ": " + " ".join(last)]


def tell(case, faults):
    """The case made smaller, and what is wrong with it."""
    less = smaller(case, faults[0])
    print(f"case {case.seed}, {case.family}, {case.cipher}: {faults_of(less)}")
    print(f"  cards {less.cards}, liar {less.liar}")
    one = Play(less)
    try:
        one.run()
    except Exception as why:  # noqa: BLE001 - the finding
        print("  raised", why)
    for event in less.events:
        print("  ", event)
    for told in one.told:
        print("  told", told)
    sys.stdout.flush()


def show(number):
    """One case again."""
    case = drawn(number)
    faults = faults_of(case)
    print(faults)
    if faults:
        tell(case, faults)
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
