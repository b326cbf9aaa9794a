# SPDX-License-Identifier: Apache-2.0
"""Who may import whom: the code against the table in docs/design.md, which is read, not repeated.

A row is `room -> what it may import`, a comment behind two blanks. Every room may import itself; a
name without a folder is one of firmware. What the table's words mean here stands in `read_row`.
"""

import ast
import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
OURS = ("firmware", "sim", "host_tools", "tests")
# Protocol code does no I/O: neither clock, file, hardware nor random source (style of the house).
IO_MODULES = {"io", "machine", "network", "os", "random", "select", "serial", "socket", "time"}


class Row(NamedTuple):
    """What one room may import: `allowed` prefixes (None: anything) without `refused` ones."""

    room: str
    allowed: list[str] | None
    refused: list[str]
    importers: list[str] | None  # the only ones that may import it; None: no such rule
    free: bool = False  # anyone may import it


def full_name(name):
    return name if name.split(".")[0] in OURS else "firmware." + name


def names_in(text):
    return [full_name(one) for one in re.split(r"[,;]\s*|\s+and\s+", text.strip()) if one]


def read_row(line):
    """The rows of one line: the room's own, and those of single modules named in it."""
    room, _, rest = line.partition("->")
    room, rest = room.strip(), rest.strip()
    rule, _, comment = rest.partition("  ")
    rows = []
    rule = re.sub(r"(\S+) \(([\w, ]+): to print\)", spell_out, rule)
    for module, extra in re.findall(r"\((\w+) also (\w+)\)", rule):
        rows.append(Row(room + "." + module, [full_name(extra)], [], None))
    for module, extra in re.findall(r"(\S+) is a root and takes (\w+) too", rule):
        rows.append(Row(module, [full_name(extra)], [], None))
    rule = re.sub(r"\s*\(\w+ also \w+\)", "", rule)
    alone = re.search(r"imported by the roots alone \(([^)]*)\)", rest)
    importers = names_in(alone.group(1)) if alone else [] if "nothing imports" in rest else None
    first = rule.partition(";")[0].strip()
    refused = names_in(first.partition(" but ")[2]) if " but " in first else []
    if first.startswith("anything"):
        allowed = None
    elif first.startswith("all of "):
        allowed = [first.split()[2]]
    elif first == "nothing":
        allowed = []
    else:
        allowed = names_in(first.rpartition("may import ")[2])
    return [Row(room, allowed, refused, importers, "anyone may import it" in rest), *rows]


def spell_out(match):
    """`firmware.kernel (tlv, tags: to print)` as a list of modules."""
    return ", ".join(match.group(1) + "." + one.strip() for one in match.group(2).split(","))


def read_table():
    text = (ROOT / "docs/design.md").read_text(encoding="utf-8")
    table = re.search(r"who may import whom\n+```\n(.*?)\n```", text, re.S)
    assert table, "docs/design.md has lost its import table"
    return [row for line in table.group(1).splitlines() if "->" in line for row in read_row(line)]


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_module(name):
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or path.is_dir()


def imports_of(tree, module, package):
    """(line, full name) of everything a module imports, at whatever depth."""
    here = module if package else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            above = here.rsplit(".", node.level - 1)[0] + "." if node.level else ""
            base = (above + (node.module or "")).rstrip(".")
            for alias in node.names:
                inner = base + "." + alias.name
                yield (
                    node.lineno,
                    inner if base.split(".")[0] in OURS and is_module(inner) else base,
                )


def sources(*tops):
    for top in tops:
        yield from sorted((ROOT / top).rglob("*.py"))


def walk(*tops):
    """(module, line, imported) over whole folders."""
    for path in sources(*tops):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        module = module_name(path)
        for line, name in imports_of(tree, module, path.name == "__init__.py"):
            yield module, line, name


def within(name, prefix):
    return name == prefix or name.startswith(prefix + ".")


def allows(row, name):
    """True when this row names `name`, or the room itself, and does not refuse it."""
    if within(name, row.room):
        return True
    named = row.allowed is None or any(within(name, one) for one in row.allowed)
    return named and not any(within(name, one) for one in row.refused)


def broken_rule(module, name, rows):
    """Why `module` may not import `name`, or None. All rows a module lies in give it rights."""
    mine = [row for row in rows if within(module, row.room)]
    if not mine:
        return "has no row in the table"
    if any(row.allowed is None and not row.refused for row in mine):
        return None  # the tests
    for row in rows:
        foreign = within(name, row.room) and not within(module, row.room)
        guests = row.importers
        if foreign and guests is not None and not any(within(module, one) for one in guests):
            return row.room + " is not for everyone"
    if any(row.free and within(name, row.room) for row in rows):
        return None
    if any(allows(row, name) for row in mine):
        return None
    return "is not in the row of " + mine[0].room


def findings(edges, rows):
    return [
        "%s:%d imports %s: %s" % (module, line, name, why)
        for module, line, name in dict.fromkeys(edges)
        if name.split(".")[0] in OURS and (why := broken_rule(module, name, rows))
    ]


def test_table_should_be_readable():
    rows = {row.room: row for row in read_table()}
    assert rows["firmware.errors"].allowed == []
    benches = ["sim.metered", "sim.bench_peer", "sim.bench_exchange"]
    benches += ["sim.bench_journal", "sim.bench_module"]
    ours = ["firmware.main", "firmware.boot.root", "firmware.stick"]
    tools = ["host_tools.flash.on_board", "host_tools.issue.readers"]
    roots = [*ours, "sim.desk", *benches, "sim.stage", "sim.soak", *tools]
    assert rows["firmware.hal"].importers == roots
    assert "firmware.kernel" in rows["host_tools"].allowed
    assert rows["sim"].allowed is None
    assert rows["sim"].refused == ["firmware.main", "firmware.hal"]
    assert rows["sim.desk"].allowed == ["firmware.hal"]
    assert rows["tests"].importers == []


def test_table_should_refuse_what_it_does_not_name():
    rows = read_table()
    cases = (
        ("firmware.kernel.tlv", "firmware.reader.frame", False),
        ("firmware.kernel.tlv", "firmware.errors", True),
        ("firmware.formats.parameters", "firmware.kernel.tags", True),
        ("firmware.formats.batch", "firmware.kernel.tags", False),
        ("firmware.devices.fare", "firmware.reader.pn532", False),
        ("firmware.assemble", "firmware.reader.pn532", True),
        ("firmware.assemble", "firmware.hal", False),
        ("firmware.assemble", "firmware.main", False),
        ("firmware.main", "firmware.hal", True),
        ("firmware.main", "firmware.errors", True),
        ("host_tools.decode", "firmware.kernel.tlv", True),
        ("host_tools.decode", "firmware.devices.sale", False),
        ("host_tools.ledger", "sim.card", False),
        ("host_tools.cli.demo", "sim.desk", True),
        ("host_tools.ledger", "host_tools.cli.main", False),
        ("sim.desk", "firmware.hal", True),
        ("sim.chip", "firmware.hal", False),
        ("sim.chip", "tests.skip", False),
        ("firmware.unheard_of", "firmware.errors", False),
    )
    for module, name, may in cases:
        assert (broken_rule(module, name, rows) is None) is may, (module, name)


def test_code_should_keep_to_the_table():
    assert findings(walk(*OURS), read_table()) == []


def test_kernel_and_formats_should_do_no_io():
    edges = walk("firmware/kernel", "firmware/formats")
    assert [edge for edge in edges if edge[2].split(".")[0] in IO_MODULES] == []


def test_imports_should_have_no_circle():
    graph = {}
    for module, _, name in walk("firmware", "sim", "host_tools"):
        if name.split(".")[0] in OURS:
            graph.setdefault(module, set()).add(name)
    assert find_circle(graph) is None


def find_circle(graph):
    """The modules of one circle, or None."""
    done = set()

    def visit(module, path):
        if module in path:
            return path[path.index(module) :] + [module]
        if module in done:
            return None
        for name in sorted(graph.get(module, ())):
            if circle := visit(name, path + [module]):
                return circle
        done.add(module)
        return None

    return next((circle for module in sorted(graph) if (circle := visit(module, []))), None)


def test_circle_should_be_found_where_there_is_one():
    assert find_circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]


def is_in_a_small_heap(module):
    """Whether it runs where modules come and go: firmware, and what soaks a board's heap."""
    return within(module, "firmware") or module == "sim.soak"


def test_imports_should_stand_at_the_head_of_the_file():
    """Firmware may import inside a function what few terminals need; a comment there says so."""
    found = []
    for path in sources("firmware", "sim", "host_tools"):
        if within(module_name(path), "host_tools.cli"):
            continue  # a command imports what it needs when it is called
        text = path.read_text(encoding="utf-8")
        lines = text.split("\n")
        for function in ast.walk(ast.parse(text)):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Import | ast.ImportFrom):
                        explained = "  # " in lines[node.lineno - 1]
                        if not (explained and is_in_a_small_heap(module_name(path))):
                            found.append("%s:%d" % (path.relative_to(ROOT), node.lineno))
    assert found == []
