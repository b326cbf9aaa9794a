# SPDX-License-Identifier: Apache-2.0
"""Conformance: requirement -> clause -> code -> tests, printed from docs/requirements.md, the
citations in the product and those in the tests.

    python tools/conformance.py             runs the cited tests, prints all (`make conformance`)
    python tools/conformance.py --static    runs nothing: table, code and tests among each other
    python tools/conformance.py --gaps      only the requirements that lack code or a test

Exit status 1 when a requirement of the terminal has no code or no test, when its test failed or
only skipped, when a number is cited that the table lacks, or when the table differs from the
specification (only where that lies beside the checkout; else the comparison is skipped, and said
so). What is not met yet is reported and is no failure: it is in plain sight.
"""

import argparse
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools import citations, conformance_page, conformance_run, requirements  # noqa: E402

PRODUCT = ("firmware", "sim", "host_tools")
TABLE = "docs/requirements.md"
SPEC = "../shared/spec/qpboc.md"


@cache
def gathered(root=ROOT):
    """(table, titles, product citations, test citations) of a checkout."""
    table, titles = requirements.parse((root / TABLE).read_text(encoding="utf-8"))
    return (
        table,
        titles,
        citations.of_files(root, PRODUCT),
        citations.of_files(root, ("tests",)),
    )


def static_faults(table, product, tests, root=ROOT):
    """(what is wrong without running anything, True when the specification was there)."""
    found = requirements.carried(product, tests)
    wrong = requirements.wrong_rows(table)
    wrong += requirements.unknown_numbers(table, product, tests)
    wrong += ["%s: no %s" % (one.number, what) for one, what in requirements.gaps(table, found)]
    spec = root / SPEC
    if spec.exists():
        wrong += requirements.against_spec(table, spec.read_text(encoding="utf-8"))
    return wrong, spec.exists()


def page(part):
    """A part of docs/conformance.md: "summary", "not_met" or "sections" of conformance_page.py."""
    table, titles, product, tests = gathered()
    found = requirements.carried(product, tests)
    return getattr(conformance_page, part)(table, titles, found)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--static", action="store_true", help="run no tests")
    parser.add_argument("--gaps", action="store_true", help="only what lacks code or a test")
    parser.add_argument(
        "--no-micropython", action="store_true", help="shared tests on CPython only"
    )
    return parser.parse_args()


def main():
    """Exit status."""
    asked = arguments()
    table, titles, product, tests = gathered()
    found = requirements.carried(product, tests)
    if asked.gaps:
        print("\n".join(conformance_page.gap_lines(table, titles, found)))
        return 0
    wrong, compared = static_faults(table, product, tests)
    results, portable = {}, {}
    if not asked.static:
        results, portable = conformance_run.run(ROOT, found, not asked.no_micropython)
        wrong += requirements.unproven(table, found, results)
    lines = conformance_page.report(table, titles, found, results, portable)
    lines += conformance_page.verdict(table, found, wrong, compared, SPEC)
    print("\n".join(lines))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
