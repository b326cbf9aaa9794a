# SPDX-License-Identifier: Apache-2.0
"""Which files of firmware/ a board with MicroPython needs, for all devices or for some.

Read from the imports of the sources, those inside functions too; what is imported by a name that
is put together stands in BY_NAME, which a test compares with the sources.

    python -m host_tools.image.modules [_DEVICE]     the files of an image that names no device,
                                                     or of that one's, one a line: what
                                                     tools/micropython.sh freezes
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from firmware.errors import FormatError
from firmware.settings import DEVICES

# An image that names no device has no room for these: theirs is made with --device
APART = (
    "adjust", "attendance", "bike", "canteen", "coach", "fuel", "kiosk", "lift", "metro",
    "parking", "stage", "toll", "utilities",
)  # fmt: skip
TOGETHER = tuple(one for one in DEVICES if one not in APART)
ROOT = Path(__file__).resolve().parents[2]
ROOTS = ("firmware.main", "firmware.boot")  # with all that lies below
# of PCs and Raspberry Pis: libraries, files and sockets that a board has not
ELSEWHERE = (
    "firmware.devices.adjust_store",  # a slot has room for one kind of kiosk
    "firmware.devices.inspector_records",  # nor for what only a bench asks for
    "firmware.hal.ciphers_cpython", "firmware.hal.cpython",
    "firmware.hal.display_cpython", "firmware.hal.fileflash",
    "firmware.hal.libraries", "firmware.hal.pcsc_cpython", "firmware.hal.pins_cpython",
    "firmware.hal.pins_gpiod",
    "firmware.hal.pins_pty", "firmware.hal.tls_cpython", "firmware.hal.unix",
    "firmware.hal.systemd", "firmware.reader.borrowed", "firmware.module.keyed",
    "firmware.module.sealed", "firmware.module.software",
)  # fmt: skip
# what only a device whose trade `uses_records` loads: keys and memory of cards (JR/T 0025.14)
OF_RECORDS = (
    "firmware.devices.card_records", "firmware.kernel.capp", "firmware.kernel.capp_offset",
    "firmware.kernel.capp_torn", "firmware.kernel.capp_update", "firmware.module",
)  # fmt: skip
ASSEMBLE = "firmware.assemble"  # that puts every device together
USES_RECORDS = "uses_records = True"
# importer -> modules it loads by a name put together; None: a device, as asked for
BY_NAME: dict[str, tuple[str, ...] | None] = {
    ASSEMBLE: None,
    "firmware.boot.start": ("firmware.main",),
    "firmware.devices.taxi": (
        "firmware.devices.taxi_keys", "firmware.devices.taxi_shift",
        "firmware.neighbours.meter_bf", "firmware.neighbours.meter_jtt905",
    ),
}  # fmt: skip


def sources(root: Path = ROOT) -> dict[str, Path]:
    """Every module of firmware/ and its file."""
    found = {}
    for path in sorted((root / "firmware").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def needed(devices: Iterable[str] = TOGETHER, root: Path = ROOT) -> list[Path]:
    """The files of an image for these devices, in a fixed order. FormatError: no such device."""
    devices = tuple(devices)
    there = sources(root)
    wanted = []
    for device in devices:
        if device not in DEVICES:
            raise FormatError("no device %r: say %s" % (device, ", ".join(DEVICES)))
        wanted.append("firmware.devices." + device)
    wanted += [name for name in there if _is_within(name, ROOTS)]
    others = {"firmware.devices." + one for one in DEVICES if one not in devices}
    left_out = ELSEWHERE + (() if use_records(wanted, there) else OF_RECORDS)
    kept: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in kept or name not in there or _is_within(name, left_out):
            continue
        kept.add(name)
        wanted.append(name.rpartition(".")[0])
        more = list(imported(there[name], there, name not in others))
        # the root imports the inspector where it is asked for: not an image of another device
        wanted += [one for one in more if name != ASSEMBLE or one not in others]
        wanted += BY_NAME.get(name) or ()
    return [path for name, path in there.items() if name in kept]


def use_records(names: Iterable[str], there: dict[str, Path]) -> bool:
    """Whether one of these devices, or a trade it imports, keeps its state in cards' records."""
    devices = [one for one in names if one.startswith("firmware.devices.") and one in there]
    trades = {one for device in devices for one in (device, *imported(there[device], there))}
    return any(
        USES_RECORDS in there[one].read_text(encoding="utf-8")
        for one in trades
        if one.startswith("firmware.devices.")
    )


def imported(path: Path, there: dict[str, Path], is_made: bool = True) -> Iterator[str]:
    """Modules of firmware/ that a file imports, at whatever depth; is_made False: of a device that
    is there for others to derive from, whose make() nobody calls.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if not is_made:
        tree.body = [one for one in tree.body if not _is_make(one)]
    return imports_of(tree, there)


def _is_make(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "make"


def imports_of(tree: ast.AST, there: dict[str, Path]) -> Iterator[str]:
    """The same of a syntax tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in (node.module, *(f"{node.module}.{one.name}" for one in node.names)):
                if name in there:
                    yield name
        elif isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name in there)


def _is_within(name: str, rooms: Iterable[str]) -> bool:
    return any(name == room or name.startswith(room + ".") for room in rooms)


if __name__ == "__main__":
    named = [word.lstrip("_") for word in sys.argv[1:]]
    print("\n".join(str(path.relative_to(ROOT)) for path in needed(named or TOGETHER)))
