# SPDX-License-Identifier: Apache-2.0
"""A table of requirements (docs/requirements*.md), read; and what is wrong when table, code,
tests and the specification are held against each other.

Pure: texts in, lists of sentences out. An empty list means that nothing is wrong.
"""

import re
from collections import namedtuple

from tools.citations import is_test, test_name

# number "QT-138"; section its letter; words, clause, kind, remark: cells of the table
Requirement = namedtuple("Requirement", ("number", "section", "words", "clause", "kind", "remark"))
# code: dict number -> [(path, name)] of the product; tests: likewise
# stray: [(path, line, number)] of citations in test files that stand in no test
Carried = namedtuple("Carried", ("code", "tests", "stray"))

CODE_OF = {"terminal": "firmware/", "simulator": "sim/", "host": "host_tools/"}
TESTED = (*CODE_OF, "absent on purpose", "all together")
REASONED = ("chip", "other device", "not met yet")
KINDS = (*TESTED, *REASONED)

SECTION = re.compile(r"## ([A-Z])\. (.+)")
CELL = r"(?:[^|\\]|\\.)*"
ROW = re.compile(r"\| (?:(?:QT|TD|QX)-\d{3}|P[DS]-\d\d) \|")
# a row with a clause, or an item of a list without one
SPEC_ROW = re.compile(r"^\| ((?:QT|TD|QX)-\d{3}) \|%s\| (%s) \|" % (CELL, CELL), re.M)
SPEC_ITEM = re.compile(r"^- \*\*(P[DS]-\d\d)\*\*()", re.M)


def parse(text):
    """(list of Requirement, dict section letter -> title). ValueError names the wrong line."""
    found, titles, section = [], {}, ""
    for line in text.split("\n"):
        heading = SECTION.fullmatch(line)
        if heading:
            section = heading[1]
            titles[section] = heading[2]
        if not ROW.match(line):
            continue
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) != 5:
            raise ValueError("%s: five cells, not %d" % (cells[0], len(cells)))
        number, words, clause, kind, remark = cells
        found.append(Requirement(number, section, words, clause, kind, remark))
    return found, titles


def wrong_rows(table):
    """What is wrong with the table by itself."""
    wrong, seen = [], set()
    for one in table:
        if one.number in seen:
            wrong.append("%s stands in the table twice" % one.number)
        seen.add(one.number)
        if one.kind not in KINDS:
            wrong.append("%s: carried by `%s`, which is no word of ours" % (one.number, one.kind))
        if one.kind in REASONED and not one.remark:
            wrong.append("%s: %s without a reason" % (one.number, one.kind))
        if not (one.words and one.clause and one.section):
            wrong.append("%s: words, clause or section missing" % one.number)
    return wrong


def against_spec(table, spec):
    """Where the table and the text of the specification differ, in numbers and in clauses."""
    clauses = dict(SPEC_ROW.findall(spec) + SPEC_ITEM.findall(spec))
    ours = {one.number: one.clause for one in table}
    wrong = ["%s is missing in the table" % one for one in sorted(set(clauses) - set(ours))]
    wrong += ["%s is not in the specification" % one for one in sorted(set(ours) - set(clauses))]
    for number in sorted(set(ours) & set(clauses)):
        if clauses[number] and ours[number] != clauses[number]:
            wrong.append("%s: clause differs from the specification's" % number)
    return wrong


def carried(product, tests):
    """Carried of the citations by path (citations.of_files) in the product and in the tests."""
    code, shown, stray = {}, {}, []
    for path, found in product.items():
        for one in found:
            if one.name:
                _add(code, one.number, (path, one.name))
    for path, found in tests.items():
        for one in found:
            if is_test(path, one.name):
                _add(shown, one.number, (path, test_name(one.name)))
            else:
                stray.append((path, one.line, one.number))
    return Carried(code, shown, stray)


def _add(table, number, place):
    places = table.setdefault(number, [])
    if place not in places:
        places.append(place)


def unknown_numbers(table, product, tests):
    """Citations of numbers that are not in the table, wherever they stand."""
    known = {one.number for one in table}
    return [
        "%s:%d cites %s, which is not in the table" % (path, one.line, one.number)
        for path, found in {**product, **tests}.items()
        for one in found
        if one.number not in known
    ]


def lacking(one, found):
    """What a Requirement lacks: "", "code", "test" or "code and test"."""
    missing = []
    room = CODE_OF.get(one.kind)
    if room and not any(path.startswith(room) for path, _ in found.code.get(one.number, ())):
        missing.append("code")
    if one.kind in TESTED and not found.tests.get(one.number):
        missing.append("test")
    return " and ".join(missing)


def gaps(table, found):
    """[(Requirement, what it lacks)] of those that lack something."""
    return [(one, lacking(one, found)) for one in table if lacking(one, found)]


def unproven(table, found, results):
    """Requirements whose tests ran and did not show them: a failure, or nothing but skips.

    results: dict (path, test) -> "passed", "failed" or "skipped"; absent: it did not run.
    """
    wrong = []
    for one in table:
        places = found.tests.get(one.number, ())
        ends = [results.get(place, "did not run") for place in places]
        bad = [place for place, end in zip(places, ends, strict=True) if end != "passed"]
        hidden = one.kind in TESTED and places and "passed" not in ends
        if "failed" in ends or hidden:
            said = ", ".join("%s %s" % (results.get(at, "did not run"), at[1]) for at in bad)
            wrong.append("%s: %s" % (one.number, said))
    return wrong
