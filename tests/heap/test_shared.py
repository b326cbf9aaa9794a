# SPDX-License-Identifier: Apache-2.0
"""The shared tests of kernel, formats and fares on 32 bits: integers of 2^30 and more are heap
objects there, floats have single precision, and the firmware comes from flash.

The test files are compiled in the same heap, so it is larger than a board's.
"""

import os
import subprocess
from pathlib import Path

import pytest

from host_tools.cli.runtime import FROZEN, runtime_command

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("kernel", "formats", "fares")
FILES = sorted(path for folder in FOLDERS for path in ROOT.glob(f"tests/{folder}/test_*.py"))
HEAP_KIB = 300


@pytest.fixture(scope="module")
def beside(tmp_path_factory):
    """A folder with tests and sim, without firmware/: that is found in the interpreter alone."""
    folder = tmp_path_factory.mktemp("beside")
    for name in ("tests", "sim"):
        (folder / name).symlink_to(ROOT / name)
    return folder


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_shared_tests_should_pass_on_32_bits(path, beside):
    argv, env, _, _ = runtime_command("micropython32", HEAP_KIB)
    done = subprocess.run(
        [*argv, str(ROOT / "tests/micropython.py"), str(path.relative_to(ROOT))],
        env={**env, "MICROPYPATH": f"{beside}{os.pathsep}.frozen"},
        cwd=FROZEN,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout.splitlines()[-1]
    assert ", 0 failed, " in said and not said.startswith("0 passed"), done.stdout
