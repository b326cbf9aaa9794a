# SPDX-License-Identifier: Apache-2.0
"""Conformance: requirement -> clause -> code -> tests, printed from the tables of BOOKS, the
citations in the product and those in the tests.

    python tools/conformance.py             runs the cited tests, prints all (`make conformance`)
    python tools/conformance.py --static    runs nothing: table, code and tests among each other
    python tools/conformance.py --book pn532    one of them
    python tools/conformance.py --gaps      only the requirements that lack code or a test

Exit status 1 when a requirement of the terminal has no code or no test, when its test failed or
only skipped, when a number is cited that the table lacks, or when the table differs from the
specification (only where that lies beside the checkout; else the comparison is skipped, and said
so). What is not met yet is reported and is no failure: it is in plain sight.
"""

import argparse
import sys
from collections import namedtuple
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools import citations, conformance_page, conformance_run, requirements  # noqa: E402

PRODUCT = ("firmware", "sim", "host_tools")
# families: letters of its numbers; table: ours; spec: where the specification may lie
Book = namedtuple("Book", ("families", "table", "spec"))
BOOKS = {
    "qpboc": Book(("QT",), "docs/requirements.md", "../shared/spec/qpboc.md"),
    "pn532": Book(("PD", "PS"), "docs/requirements_pn532.md", "../shared/spec/pn532.md"),
    "terminals": Book(("TD",), "docs/requirements_terminals.md", "../shared/spec/terminals.md"),
    "capp": Book(("QX",), "docs/requirements_capp.md", "../shared/spec/capp.md"),
}


@cache
def gathered(name, root=ROOT):
    """(table, titles, product citations, test citations) of a book in a checkout."""
    book = BOOKS[name]
    table, titles = requirements.parse((root / book.table).read_text(encoding="utf-8"))
    return (
        table,
        titles,
        citations.of_files(root, PRODUCT, book.families),
        citations.of_files(root, ("tests",), book.families),
    )


def static_faults(name, root=ROOT):
    """(what is wrong without running anything, True when the specification was there)."""
    table, _, product, tests = gathered(name, root)
    found = requirements.carried(product, tests)
    wrong = requirements.wrong_rows(table)
    wrong += requirements.unknown_numbers(table, product, tests)
    wrong += ["%s: no %s" % (one.number, what) for one, what in requirements.gaps(table, found)]
    spec = root / BOOKS[name].spec
    if spec.exists():
        wrong += requirements.against_spec(table, spec.read_text(encoding="utf-8"))
    return wrong, spec.exists()


def page(name, part):
    """A part of a book's page: "summary", "not_met" or "sections" of conformance_page.py."""
    table, titles, product, tests = gathered(name)
    found = requirements.carried(product, tests)
    return getattr(conformance_page, part)(table, titles, found)


# Printed tables (docs.py): name -> what prints it; the name of a book's summary is its head alone
TABLES = {
    (head + "-" + part.replace("_", "-")).replace("-summary", ""): lambda book=book, part=part: (
        page(book, part)
    )
    for book, head in (
        ("qpboc", "conformance"),
        ("pn532", "pn532"),
        ("terminals", "devices"),
        ("capp", "capp"),
    )
    for part in ("summary", "not_met", "sections")
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--book", action="append", choices=BOOKS, help="only this; several go")
    parser.add_argument("--static", action="store_true", help="run no tests")
    parser.add_argument("--gaps", action="store_true", help="only what lacks code or a test")
    parser.add_argument(
        "--no-micropython", action="store_true", help="shared tests on CPython only"
    )
    return parser.parse_args()


def shown(name, asked):
    """True when nothing is wrong with a book; prints what there is to say."""
    table, titles, product, tests = gathered(name)
    found = requirements.carried(product, tests)
    if asked.gaps:
        print("\n".join(conformance_page.gap_lines(table, titles, found)))
        return True
    wrong, compared = static_faults(name)
    results, portable = {}, {}
    if not asked.static:
        results, portable = conformance_run.run(ROOT, found, not asked.no_micropython)
        wrong += requirements.unproven(table, found, results)
    lines = conformance_page.report(table, titles, found, results, portable)
    lines += conformance_page.verdict(table, found, wrong, compared, BOOKS[name].spec)
    print("\n".join(lines))
    return not wrong


def main():
    """Exit status."""
    asked = arguments()
    return 0 if all([shown(name, asked) for name in asked.book or BOOKS]) else 1


if __name__ == "__main__":
    sys.exit(main())
