# SPDX-License-Identifier: Apache-2.0
"""The conformance tool: what it binds a number to, and what it holds against table and tests."""

import json
import subprocess
import sys

import pytest

from tools import citations, conformance, conformance_page, conformance_run, requirements

SOURCE = '''"""About QT-001: the head of a file binds nothing."""
# QT-002 stands at the table

TABLE = (  # QT-003
    1,
    # QT-004
    2,
)
# QT-005
import os

# QT-006, QT-007
@decorated
def outer():
    """QT-010..012, and QT-020, 021."""
    text = "QT-030 in a string binds nothing"

    def inner():
        return text  # QT-013


class Kind:
    """QT-040."""

    first = 1  # QT-041

    def method(self):  # QT-042
        return 5


NAME, OTHER = 1, 2  # QT-050
'''
TABLE = """# Requirements
## A. First
| id | the terminal | clause | carried by | remark |
|---|---|---|---|---|
| QT-001 | does \\| does not | JR/T 1 | terminal | |
| QT-002 | is quick | assumption | chip | it is hardware |
## B. Second
| QT-003 | never pays twice | JR/T 2; .3 | absent on purpose | |
| QT-004 | counts | JR/T 3 | host | |
"""
SPEC = """| QT-001 | words \\| more | JR/T 1 | x |
| QT-002 | words | assumption | x |
| QT-003 | words | JR/T 2; .3 | x |
| QT-004 | words | JR/T 3 | x |
"""


def bound(source):
    return {(one.number[3:], one.name) for one in citations.citations(source)}


def test_numbers_should_belong_to_what_they_stand_in():
    assert bound(SOURCE) == {
        ("002", ""), ("003", "TABLE"), ("004", "TABLE"), ("005", ""),
        ("006", "outer"), ("007", "outer"), ("010", "outer"), ("011", "outer"),
        ("012", "outer"), ("020", "outer"), ("021", "outer"), ("013", "outer.inner"),
        ("040", "Kind"), ("041", "Kind"), ("042", "Kind.method"), ("050", "NAME"),
    }  # fmt: skip


def test_ranges_should_be_spelt_out():
    assert citations.identifiers("QT-138..140, PD-09 and QT-126, 127; 200 bytes") == {
        "QT-138", "QT-139", "QT-140", "PD-09", "QT-126", "QT-127",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "name", "test"),
    [
        ("tests/test_a.py", "test_b", "test_b"),
        ("tests/test_a.py", "test_b.inner", "test_b"),
        ("tests/host/test_a.py", "TestB.test_c.inner", "TestB.test_c"),
        ("tests/test_a.py", "helper", None),
        ("tests/test_a.py", "TABLE", None),
        ("tests/test_a.py", "", None),
        ("tests/cards.py", "test_b", None),
    ],
)
def test_citations_should_count_inside_tests_only(path, name, test):
    assert citations.is_test(path, name) is (test is not None)
    assert test is None or citations.test_name(name) == test


def table():
    return requirements.parse(TABLE)[0]


def cited(number, name, line=1):
    return [citations.Citation(number, name, line)]


def carried(*code, tests=()):
    """Carried of (path, number, name) rows."""
    return requirements.carried(
        {path: cited(number, name) for path, number, name in code},
        {path: cited(number, name) for path, number, name in tests},
    )


def test_table_should_be_read():
    found, titles = requirements.parse(TABLE)
    assert titles == {"A": "First", "B": "Second"}
    assert found[0] == ("QT-001", "A", "does | does not", "JR/T 1", "terminal", "")
    assert [one.section for one in found] == ["A", "A", "B", "B"]
    assert requirements.wrong_rows(found) == []
    with pytest.raises(ValueError, match="five cells"):
        requirements.parse("| QT-001 | words | clause | terminal |")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("QT-002", "QT-001", "twice"),
        ("terminal | |", "nobody | |", "no word of ours"),
        ("it is hardware", "", "without a reason"),
        ("is quick", "", "missing"),
        ("## A. First", "", "missing"),
    ],
)
def test_wrong_rows_should_be_seen(old, new, said):
    wrong = requirements.wrong_rows(requirements.parse(TABLE.replace(old, new, 1))[0])
    assert wrong and said in wrong[0]


def test_table_should_be_held_against_the_specification():
    assert requirements.against_spec(table(), SPEC) == []
    assert requirements.against_spec(table(), SPEC + "| QT-005 | w | c | x |\n") == [
        "QT-005 is missing in the table"
    ]
    assert requirements.against_spec(table(), SPEC.split("| QT-004")[0]) == [
        "QT-004 is not in the specification"
    ]
    assert requirements.against_spec(table(), SPEC.replace("JR/T 3", "JR/T 4")) == [
        "QT-004: clause differs from the specification's"
    ]


def test_items_of_a_list_should_be_held_by_their_numbers():
    row = "## A. Frames\n| PD-01 | encodes | UM0701-02 | terminal | |\n"
    listed = requirements.parse(row)[0]
    assert requirements.against_spec(listed, "- **PD-01** words - a test\n") == []
    assert requirements.against_spec(listed, "- **PS-02** words - a test\n") == [
        "PS-02 is missing in the table",
        "PD-01 is not in the specification",
    ]


def test_gaps_should_be_named():
    nothing = carried()
    lacks = {one.number: what for one, what in requirements.gaps(table(), nothing)}
    assert lacks == {"QT-001": "code and test", "QT-003": "test", "QT-004": "code and test"}
    full = carried(
        ("firmware/a.py", "QT-001", "f"),
        ("host_tools/b.py", "QT-004", "g"),
        tests=[
            ("tests/test_a.py", "QT-001", "test_a"),
            ("tests/test_b.py", "QT-003", "test_b"),
            ("tests/test_c.py", "QT-004", "test_c"),
        ],
    )
    assert requirements.gaps(table(), full) == []


@pytest.mark.parametrize("place", [("sim/a.py", "f"), ("firmware/a.py", "")])
def test_code_should_stand_in_its_room_and_at_something(place):
    found = carried((place[0], "QT-001", place[1]), tests=[("tests/test_a.py", "QT-001", "test")])
    assert requirements.lacking(table()[0], found) == "code and test"  # `test` is no test either
    assert found.stray == [("tests/test_a.py", 1, "QT-001")]


def test_unknown_numbers_should_be_seen_wherever_they_stand():
    product = {"firmware/a.py": cited("QT-900", "", 7)}
    shown = {"tests/cards.py": cited("QT-901", "", 8)}
    assert requirements.unknown_numbers(table(), product, shown) == [
        "firmware/a.py:7 cites QT-900, which is not in the table",
        "tests/cards.py:8 cites QT-901, which is not in the table",
    ]


@pytest.mark.parametrize(
    ("ends", "wrong"),
    [
        (("passed", "passed"), False),
        (("passed", "skipped"), False),
        (("skipped", "skipped"), True),
        (("passed", "failed"), True),
        (("passed", None), False),
        ((None, None), True),
    ],
)
def test_failures_and_nothing_but_skips_should_show(ends, wrong):
    places = [("tests/test_a.py", "test_a"), ("tests/test_b.py", "test_b")]
    found = carried(tests=[(path, "QT-003", name) for path, name in places])
    results = {place: end for place, end in zip(places, ends, strict=True) if end}
    assert bool(requirements.unproven(table(), found, results)) is wrong


def test_the_worst_case_of_a_test_should_count():
    place = ("tests/host/test_a.py", "test_a")
    other = ("tests/host/test_a.py", "test_ab")
    node = "tests/host/test_a.py::test_a"
    ended = {node + "[1]": "passed", node + "[2]": "skipped", node + "b": "failed"}
    assert conformance_run.by_test(ended, [place, other]) == {place: "skipped", other: "failed"}
    assert conformance_run.by_test({}, [place]) == {}
    assert conformance_run.node_of(("t.py", "TestA.test_b")) == "t.py::TestA::test_b"


RUN = """
import json, sys
from pathlib import Path
from tools import conformance_run, requirements
places = [("tests/host/test_a.py", "test_" + one) for one in sys.argv[2:]]
found = requirements.Carried({}, {"QT-001": places}, [])
results, _ = conformance_run.run(Path(sys.argv[1]), found, True)
print("RESULT" + json.dumps({place[1]: word for place, word in results.items()}))
"""


def test_cited_tests_should_be_run(tmp_path):
    """A real run in a process of its own: passed, failed, skipped, a fixture that breaks."""
    file = tmp_path / "tests/host/test_a.py"
    file.parent.mkdir(parents=True)
    file.write_text(
        "import pytest\n"
        "def test_good(): pass\n"
        "def test_bad(): assert 0\n"
        "def test_skipped(): pytest.skip('why')\n"
        "@pytest.fixture\n"
        "def broken(): raise ValueError\n"
        "def test_broken(broken): pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(tmp_path), "good", "bad", "skipped", "broken"],
        cwd=conformance.ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(done.stdout.partition("RESULT")[2]) == {
        "test_good": "passed",
        "test_bad": "failed",
        "test_skipped": "skipped",
        "test_broken": "failed",
    }


def test_page_should_show_all_and_nothing_of_a_run():
    found = carried(
        ("firmware/kernel/a.py", "QT-001", "f"),
        tests=[
            ("tests/test_a.py", "QT-001", "test_a"),
            ("tests/host/test_b.py", "QT-003", "test_b"),
        ],
    )
    listed, titles = requirements.parse(TABLE)
    text = conformance_page.sections(listed, titles, found)
    assert (
        "| QT-001 | does \\| does not | JR/T 1 | terminal | [`a.f`](../firmware/kernel/a.py) |"
        in text
    )
    assert "[test_b](../tests/host/test_b.py) (c)" in text
    assert "chip: it is hardware" in text
    head, _, first, second, everything = conformance_page.summary(listed, titles, found).split(
        "\n"
    )[:5]
    assert "without code or test" in head  # the last one has neither
    assert first == "| A. First | 2 | 1 | 1 |  |  |  |"
    assert second == "| B. Second | 2 | 1 |  |  |  | 1 |"
    assert everything == "| **all** | 4 | 2 | 1 |  |  | 1 |"


def test_what_is_not_met_should_be_in_plain_sight():
    listed = requirements.parse(TABLE.replace("chip | it is hardware", "not met yet | no line"))[0]
    lines = conformance_page.verdict(listed, carried(), [], False, "spec.md")
    assert any(line.startswith("NOT MET YET QT-002") and "no line" in line for line in lines)
    assert any("SKIPPED" in line and "spec.md" in line for line in lines)
    assert lines[-1] == "nothing wrong"
    lines = conformance_page.verdict(listed, carried(), ["QT-001: no test"], True, "spec.md")
    assert lines[-1] == "1 wrong" and "WRONG QT-001: no test" in lines


@pytest.mark.parametrize(
    ("book", "count"), [("qpboc", 286), ("pn532", 67), ("terminals", 55), ("capp", 73)]
)
def test_every_requirement_should_have_its_code_and_its_tests(book, count):
    """Table, citations and, where that is there, the specification; nothing is run for it."""
    assert len(conformance.gathered(book)[0]) == count
    wrong, _ = conformance.static_faults(book)
    assert wrong == []


@pytest.mark.parametrize("book", conformance.BOOKS)
def test_own_table_should_be_that_of_the_specification(book):
    spec = conformance.ROOT / conformance.BOOKS[book].spec
    if not spec.exists():
        pytest.skip("no specification beside the checkout: numbers and clauses not compared")
    listed = conformance.gathered(book)[0]
    assert requirements.against_spec(listed, spec.read_text(encoding="utf-8")) == []
