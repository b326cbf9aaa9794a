# SPDX-License-Identifier: Apache-2.0
"""What conformance.py prints: lines for a terminal, and the tables of docs/conformance.md.

The page holds nothing that depends on a run and no line numbers; names are links to files.
"""

from pathlib import Path

from tools.conformance_run import is_shared
from tools.requirements import CODE_OF, TESTED, gaps, lacking

# heading of the summary -> kinds that count in it
COLUMNS = (
    ("shown by tests", TESTED),
    ("by the chip", ("chip",)),
    ("other device", ("other device",)),
    ("**not met yet**", ("not met yet",)),
)


def table(head, rows):
    """Markdown of rows of texts; a bar inside a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| %s |\n" % " | ".join(c.replace("|", "\\|") for c in row) for row in lines)


def short(path, name):
    """`transaction.gate` of firmware/kernel/transaction.py."""
    stem = Path(path).stem
    return "%s.%s" % (Path(path).parent.name if stem == "__init__" else stem, name)


def counts(requirements, found):
    """Rows by section, then all: letter, number of requirements, COLUMNS, gaps."""
    sections = sorted({one.section for one in requirements})
    rows = []
    for letters in [[one] for one in sections] + [sections]:
        chosen = [one for one in requirements if one.section in letters]
        row = ["" if letters == sections else letters[0], len(chosen)]
        for _, kinds in COLUMNS:
            row.append(sum(one.kind in kinds and not lacking(one, found) for one in chosen))
        row.append(sum(bool(lacking(one, found)) for one in chosen))
        rows.append(row)
    return rows


def summary(requirements, titles, found):
    """The table by section; a column of gaps only while there are any."""
    rows, with_gaps = [], bool(gaps(requirements, found))
    for letter, *numbers in counts(requirements, found):
        title = "%s. %s" % (letter, titles[letter]) if letter else "**all**"
        shown = [str(one) if one else "" for one in numbers]
        rows.append([title, *shown[: None if with_gaps else -1]])
    head = ["section", "requirements", *[name for name, _ in COLUMNS]]
    return table(head + ["**without code or test**"] * with_gaps, rows)


def links(places, folder=".."):
    """Names as links to their files, one file after the other."""
    return ", ".join("[`%s`](%s/%s)" % (short(*at), folder, at[0]) for at in sorted(places))


def test_links(places):
    """Tests as links; (c) behind those that run on CPython alone."""
    return ", ".join(
        "[%s](../%s)%s" % (name, path, "" if is_shared(path) else " (c)")
        for path, name in sorted(places)
    )


def code_of(one, found):
    """Places of the code that carries a requirement: in the room of its kind, else anywhere."""
    places = found.code.get(one.number, [])
    room = CODE_OF.get(one.kind, "")
    return [place for place in places if place[0].startswith(room)]


def who(one):
    """Who carries it, with the remark."""
    return one.kind + (": " + one.remark if one.remark else "")


def sections(requirements, titles, found):
    """The long tables, one a section."""
    head = ["id", "what has to be", "clause", "carried by", "code", "tests"]
    parts = []
    for letter in sorted(titles):
        rows = [
            [
                one.number,
                one.words,
                one.clause,
                who(one),
                links(code_of(one, found)),
                test_links(found.tests.get(one.number, ())),
            ]
            for one in requirements
            if one.section == letter
        ]
        parts.append("## %s. %s\n\n%s" % (letter, titles[letter], table(head, rows)))
    return "\n".join(parts)


def not_met(requirements, titles, found):
    """The table of what is not met yet, or a sentence."""
    rows = [
        [one.number, one.words, one.remark] for one in requirements if one.kind == "not met yet"
    ]
    return table(["id", "what has to be", "what is missing"], rows) if rows else "Nothing.\n"


def gap_lines(requirements, titles, found):
    """What lacks code or a test, by section, for people."""
    lines = []
    for letter in sorted(titles):
        there = [(one, what) for one, what in gaps(requirements, found) if one.section == letter]
        if there:
            lines += ["", "%s. %s: %d" % (letter, titles[letter], len(there))]
        for one, what in there:
            lines.append("  %s  no %-13s %s" % (one.number, what, one.words))
    return lines[1:] or ["no gaps"]


def report(requirements, titles, found, results, portable):
    """Lines: each requirement with clause, code and tests, then the sections."""
    lines = []
    for one in requirements:
        lines.append("%s  %s  [%s]  %s" % (one.number, one.words, one.clause, one.kind))
        if one.remark:
            lines.append("    " + one.remark)
        lines += ["    code  %s %s" % place for place in sorted(code_of(one, found))]
        for place in sorted(found.tests.get(one.number, ())):
            lines.append("    test  %s::%s %s" % (*place, ended(place, results, portable)))
    lines += ["", *text_summary(requirements, titles, found)]
    return lines


def ended(place, results, portable):
    """How a test ended on CPython, and how its file did on MicroPython if it is shared."""
    word = results.get(place, "not run")
    if is_shared(place[0]):
        word += ", MicroPython: " + portable.get(place[0], "not run")
    return word


def text_summary(requirements, titles, found):
    """The table by section for a terminal."""
    names = [name.strip("*") for name, _ in COLUMNS] + ["gaps"]
    lines = ["%-42s %5s" % ("section", "all") + "".join("%16s" % one for one in names)]
    for letter, *numbers in counts(requirements, found):
        title = "%s. %s" % (letter, titles[letter]) if letter else "all"
        lines.append(
            "%-42s %5d" % (title[:42], numbers[0]) + "".join("%16d" % n for n in numbers[1:])
        )
    return lines


def verdict(requirements, found, wrong, compared, spec):
    """The last lines: stray citations, what is not met yet, what is wrong."""
    lines = [""]
    if found.stray:
        lines.append("these stand in no test and count for nothing:")
        lines += ["    %s:%d %s" % one for one in found.stray]
    if not compared:
        lines.append("SKIPPED: the table was not compared with %s, which is not there" % spec)
    for one in requirements:
        if one.kind == "not met yet":
            lines.append("NOT MET YET %s: %s (%s)" % (one.number, one.words, one.remark))
    lines += ["WRONG %s" % one for one in wrong]
    lines.append("%d wrong" % len(wrong) if wrong else "nothing wrong")
    return lines
