# SPDX-License-Identifier: Apache-2.0
"""What each module of firmware/ takes: bytes of its .mpy in flash, bytes of heap by its import.

Heap is measured on the MicroPython with 32 bits that has firmware/ frozen (tools/micropython.sh):
code lies in flash as on a board, so it is what names, constants and classes take. Each module is
imported behind those it imports at its head, so what it costs is its own.

    python -m host_tools.image.sizes FOLDER      of compiled files: make size
"""

import ast
import json
import subprocess
import sys
from pathlib import Path

from firmware.errors import FormatError
from host_tools.image import modules

HEAP_KIB = 4096
MEASURE = """import gc, json, sys
told = []
for name in json.loads(%r):
    gc.collect()
    before = gc.mem_alloc()
    try:
        __import__(name)
    except ImportError:
        continue
    gc.collect()
    told.append([name, gc.mem_alloc() - before])
print(json.dumps(told))
"""
NO_HEAP = "no heap: %s"


def in_order(there: dict[str, Path]) -> list[str]:
    """Modules, each behind its packages and behind what it imports at its head."""
    order: list[str] = []

    def visit(name: str) -> None:
        if name in seen:
            return
        seen.add(name)
        for first in (name.rpartition(".")[0], *at_head(there[name], there)):
            if first:
                visit(first)
        order.append(name)

    seen: set[str] = set()
    for name in there:
        visit(name)
    return order


def at_head(path: Path, there: dict[str, Path]) -> list[str]:
    """What a file imports when it is imported, in the order of its lines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    head = ast.Module([node for node in tree.body if not isinstance(node, ast.FunctionDef)], [])
    return list(modules.imports_of(head, there))


def heap_bytes(interpreter: list[str], names: list[str]) -> dict[str, int]:
    """Bytes of heap by the import of each; those that cannot be imported there are absent."""
    code = MEASURE % json.dumps(names)
    ran = subprocess.run([*interpreter, "-c", code], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise FormatError(ran.stderr.strip())
    return dict(json.loads(ran.stdout))


def report(folder: Path, heap: dict[str, int], why_not: str = "") -> list[str]:
    """Lines: flash, heap, module; then sums. `-` where the module cannot be imported on a PC."""
    lines, flash = [], 0
    there = modules.sources()
    for name, path in there.items():
        size = (folder / path.relative_to(modules.ROOT)).with_suffix(".mpy").stat().st_size
        flash += size
        told = str(heap.get(name, "-"))
        lines.append("%7d %6s  %s" % (size, told, name))
    lines.insert(0, "  flash   heap  module")
    lines.append("%7d %6d  in all" % (flash, sum(heap.values())))
    for device in modules.DEVICES:
        paths = modules.needed([device])
        size = sum(
            (folder / path.relative_to(modules.ROOT)).with_suffix(".mpy").stat().st_size
            for path in paths
        )
        lines.append("%7d %6s  a %s's, %d files" % (size, "", device, len(paths)))
    return lines + [NO_HEAP % why_not] * bool(why_not)


def main(folder: Path) -> int:
    """Print them; the heap where its interpreter is built and holds these sources."""
    interpreter = modules.ROOT / "build/micropython/micropython32"
    builder = modules.ROOT / "tools/micropython.sh"
    stale = subprocess.run([str(builder), "fresh"], capture_output=True, text=True, check=False)
    heap, why_not = {}, ""
    if stale.returncode:
        why_not = "no 32-bit MicroPython with these sources: make micropython"
    else:
        heap = heap_bytes(
            [str(interpreter), "-X", "heapsize=%dK" % HEAP_KIB], in_order(modules.sources())
        )
    print("\n".join(report(folder, heap, why_not)))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
