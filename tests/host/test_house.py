# SPDX-License-Identifier: Apache-2.0
"""House rules that a machine can check: heads, sizes, exceptions, sleeps, portability, locks."""

import ast
import re
from pathlib import Path

import pytest

from host_tools.cli.runtime import (
    compile_file,
    compile_tree,
    find_compiler,
    portable_sources,
)

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("firmware", "host_tools", "sim")
MAX_FILE_LINES, MAX_FUNCTION_LINES = 400, 60

# Not there on MicroPython (no error on CPython, and no checker says so).
MISSING_MODULES = {
    "__future__", "abc", "contextlib", "copy", "dataclasses", "datetime", "decimal", "enum",
    "functools", "hmac", "itertools", "logging", "pathlib", "secrets", "typing",
    "unittest", "weakref", "zlib",
}  # fmt: skip
MISSING_METHODS = {
    "bit_count", "bit_length", "casefold", "format_map", "hexdigest", "isalnum", "isascii",
    "isidentifier", "ljust", "rjust", "removeprefix", "removesuffix", "title", "translate",
    "truncate", "zfill", "_asdict", "_replace",
}  # fmt: skip
# the loader of releases: whatever one of them does wrong is kept, and counts against it
CATCH_ALL = ("firmware/boot/start.py",)
SLEEPERS = ("firmware/hal/", "firmware/main.py", "firmware/boot/mend.py")
SLEEPS = {"sleep", "sleep_ms", "sleep_us"}


def sources(*tops):
    for top in tops:
        for path in sorted((ROOT / top).rglob("*.py")):
            yield path, path.read_text(encoding="utf-8")


def trees(*tops):
    for path, text in sources(*tops):
        yield path.relative_to(ROOT).as_posix(), ast.parse(text)


def test_files_should_begin_with_licence_and_docstring():
    wrong = []
    for path, text in sources(*PRODUCT, "tests", "tools"):
        tree = ast.parse(text)
        trivial = path.name == "__init__.py" and not tree.body
        if not text.startswith("# SPDX-License-Identifier: Apache-2.0\n"):
            wrong.append("%s: no SPDX line" % path.relative_to(ROOT))
        if not trivial and not ast.get_docstring(tree):
            wrong.append("%s: no docstring" % path.relative_to(ROOT))
    assert wrong == []


def test_files_and_functions_should_be_short():
    wrong = []
    for path, text in sources(*PRODUCT, "tests", "tools"):
        name = path.relative_to(ROOT)
        if text.count("\n") > MAX_FILE_LINES:
            wrong.append("%s: %d lines" % (name, text.count("\n")))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                count = (node.end_lineno or node.lineno) - node.lineno + 1
                if count > MAX_FUNCTION_LINES:
                    wrong.append("%s:%d %s: %d lines" % (name, node.lineno, node.name, count))
    assert wrong == []


def test_exceptions_should_be_caught_by_name():
    wrong = []
    for name, tree in trees(*PRODUCT):
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler):
                kind = node.type.id if isinstance(node.type, ast.Name) else node.type
                if kind in (None, "Exception", "BaseException") and str(name) not in CATCH_ALL:
                    wrong.append("%s:%d" % (name, node.lineno))
    assert wrong == []


def called_name(node):
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def test_firmware_should_have_no_fixed_sleep():
    """Only hal may sleep, and SLEEPERS while the field is off, never for a constant: waiting is
    for an event, with a limit.
    """
    wrong = []
    for name, tree in trees("firmware"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and called_name(node.func) in SLEEPS:
                fixed = any(isinstance(one, ast.Constant) for one in node.args)
                if fixed or not name.startswith(SLEEPERS):
                    wrong.append("%s:%d" % (name, node.lineno))
    assert wrong == []


def portable_trees():
    for path in portable_sources(ROOT):
        name = path.relative_to(ROOT).as_posix()
        if not re.fullmatch(r"firmware/hal/(\w+_)?cpython\.py", name):
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def lacking(node):
    """What MicroPython does not have in this node, or None."""
    if isinstance(node, ast.Import):
        names = {alias.name.split(".")[0] for alias in node.names}
        return ", ".join(names & MISSING_MODULES) or None
    if isinstance(node, ast.ImportFrom):
        return node.module if (node.module or "").split(".")[0] in MISSING_MODULES else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr if node.func.attr in MISSING_METHODS else None
    if isinstance(node, ast.Raise) and node.cause:
        return "raise .. from"
    if isinstance(node, ast.Delete) and any(
        isinstance(one, ast.Subscript) and isinstance(one.slice, ast.Slice) for one in node.targets
    ):
        return "del of a slice"
    if isinstance(node, ast.arguments) and node.posonlyargs:
        return "positional-only arguments"
    return "match" if isinstance(node, ast.Match) else None


def test_firmware_should_use_only_what_micropython_has():
    wrong = []
    for name, tree in portable_trees():
        for node in ast.walk(tree):
            if what := lacking(node):
                wrong.append("%s:%d %s" % (name, getattr(node, "lineno", 0), what))
    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        "import enum",
        "from functools import reduce",
        "x.bit_length()",
        "raise A from b",
        "del x[:1]",
        "def f(a, /): 0",
    ],
)
def test_portability_check_should_see(text):
    assert any(lacking(node) for node in ast.walk(ast.parse(text)))


@pytest.mark.skipif(find_compiler() is None, reason="no mpy-cross for this machine")
def test_firmware_should_compile_for_micropython(tmp_path):
    assert compile_tree(tmp_path) == len(list((ROOT / "firmware").rglob("*.py")))
    assert compile_tree(tmp_path) == 0, "compiled again without need"
    desk = ROOT / "sim/desk.py"
    compile_file(find_compiler(), desk, tmp_path / "desk.mpy", "sim/desk.py")


LOCKS = [
    "requirements.lock",
    *[path.relative_to(ROOT).as_posix() for path in ROOT.glob("tools/*.lock")],
]


@pytest.mark.parametrize("name", LOCKS)
def test_locks_should_pin_by_hash_and_name_no_host(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text and not re.search(r"^-", text, re.M)
    pinned = re.split(r"^(?=[a-z0-9])", text, flags=re.M | re.I)[1:]
    assert pinned
    for one in pinned:
        assert re.match(r"[\w.-]+==\S+", one) and "--hash=sha256:" in one, one
