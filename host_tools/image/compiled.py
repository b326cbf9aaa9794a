# SPDX-License-Identifier: Apache-2.0
"""Files of firmware/ as .mpy, for one processor. The same sources and the same compiler give the
same bytes in any folder: names in tracebacks are those below the checkout.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from firmware.errors import FormatError
from host_tools.image import modules


class Compiled(NamedTuple):
    """name: "firmware/main.mpy"; data: its bytes; source: those it was made of."""

    name: str
    data: bytes
    source: bytes


def compile_files(
    paths: Iterable[Path],
    march: str,
    compiler: str,
    done: Callable[[], None] = lambda: None,
    root: Path = modules.ROOT,
) -> list[Compiled]:
    """Compile, in the order given; done() is called after each. FormatError: mpy-cross's words."""
    with tempfile.TemporaryDirectory() as folder:

        def one(numbered: tuple[int, Path]) -> Compiled:
            number, path = numbered
            name = path.relative_to(root).as_posix()
            into = Path(folder) / ("%d.mpy" % number)
            data = _compile(compiler, march, path, name, into)
            done()
            return Compiled(name.removesuffix(".py") + ".mpy", data, path.read_bytes())

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(one, enumerate(paths)))


def _compile(compiler: str, march: str, path: Path, name: str, into: Path) -> bytes:
    argv = [compiler, "-march=" + march, "-s", name, "-o", str(into), str(path)]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise FormatError("mpy-cross: %s\n%s" % (name, (ran.stderr or ran.stdout).strip()))
    return into.read_bytes()


def compiler_version(compiler: str) -> str:
    """What mpy-cross says of itself."""
    ran = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=False)
    return ran.stdout.strip()
