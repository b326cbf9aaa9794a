# SPDX-License-Identifier: Apache-2.0
"""Where the code and the tests cite a requirement: numbers in comments and docstrings, bound to
what they stand in.

`QT-138`, `QT-138..140` and the short list `QT-126, 127` are read. A number belongs to the
innermost function or class around it; a comment right above a definition belongs to that
definition, and one at a table or constant of the module to its name. The docstring of a file
belongs to nobody: it says what the file is about, not what a line does.
"""

import ast
import io
import re
import tokenize
from collections import namedtuple
from pathlib import Path

# number: "QT-138"; name: dotted name in the file, "" when it stands at nothing that has one
Citation = namedtuple("Citation", ("number", "name", "line"))

ONE_ID = re.compile(r"(QT|PD|PS|CL|TD|QX)-(\d+)(?:\.\.(\d+))?((?:, \d{3}\b(?! ?[a-z]))*)")
BODIES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def identifiers(text):
    """Requirement ids in a text, ranges such as QT-171..185 and QT-126, 127 spelt out."""
    found = set()
    for family, first, last, others in ONE_ID.findall(text):
        for number in range(int(first), int(last or first) + 1):
            found.add("%s-%0*d" % (family, len(first), number))
        found.update("%s-%s" % (family, one) for one in re.findall(r"\d+", others))
    return found


def citations(source, families=("QT",)):
    """The Citations of a Python text, in the order of its lines."""
    tree = ast.parse(source)
    spans = _spans(tree, "")
    found = set()
    for first, text, line in _docstrings(tree):
        found.update(Citation(one, _innermost(spans, first), line) for one in identifiers(text))
    for text, line, at in _comments(source):
        found.update(Citation(one, _innermost(spans, at), line) for one in identifiers(text))
    kept = [one for one in found if one.number[:2] in families]
    return sorted(kept, key=lambda one: (one.line, one.number))


def _spans(node, prefix):
    """[(first line, last line, dotted name)] of all that can carry a number; outer ones first."""
    spans = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, BODIES):
            first = min([child.lineno] + [one.lineno for one in child.decorator_list])
            spans.append((first, child.end_lineno, prefix + child.name))
            spans += _spans(child, prefix + child.name + ".")
        elif isinstance(child, ast.Assign | ast.AnnAssign) and not prefix:
            name = _target(child)
            if name:
                spans.append((child.lineno, child.end_lineno, name))
        else:
            spans += _spans(child, prefix)
    return spans


def _target(statement):
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    first = targets[0].elts[0] if isinstance(targets[0], ast.Tuple) else targets[0]
    return first.id if isinstance(first, ast.Name) else ""


def _innermost(spans, line):
    inside = [one for one in spans if one[0] <= line <= one[1]]
    return min(inside, key=lambda one: one[1] - one[0])[2] if inside else ""


def _docstrings(tree):
    """(line to bind by, text, line) of the docstrings of functions and classes."""
    for node in ast.walk(tree):
        if isinstance(node, BODIES) and ast.get_docstring(node):
            line = node.body[0].lineno
            yield line, ast.get_docstring(node), line


def _comments(source):
    """(text, line, line to bind by) of the comments; one that stands alone binds to what follows
    it without a gap.
    """
    lines = source.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        at = token.start[0]
        while lines[at - 1].lstrip().startswith("#") and at < len(lines):
            at += 1
        below = at if lines[at - 1].strip() else token.start[0]
        yield token.string, token.start[0], below


def of_files(root, tops, families=("QT",)):
    """Dict path (relative, posix) -> Citations, of the Python files under `tops` that cite."""
    found = {}
    for top in tops:
        for path in sorted((root / top).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            cites = any(family + "-" in text for family in families)
            cited = citations(text, families) if cites else []
            if cited:
                found[path.relative_to(root).as_posix()] = cited
    return found


def is_test(path, name):
    """True when `name` of a file is a test, or stands inside one."""
    parts = name.split(".")
    test = parts[1] if parts[0].startswith("Test") and len(parts) > 1 else parts[0]
    return Path(path).name.startswith("test_") and test.startswith("test_")


def test_name(name):
    """The test a name stands in: functions inside a test are part of it."""
    parts = name.split(".")
    return ".".join(parts[: 2 if parts[0].startswith("Test") else 1])
