# SPDX-License-Identifier: Apache-2.0
"""The shared tests under MicroPython: one item a file, in a fresh process.

Firmware comes compiled, as on a board; the test file itself, with the machines that stand around
it, is compiled in that heap, which a board never does. Its heap is therefore larger than a board's
and no measure of one.
"""

import importlib.util
import os
import subprocess
from pathlib import Path

import pytest

from host_tools.cli.runtime import compiled_tree, find_program

ROOT = Path(__file__).resolve().parents[2]
RUNNER = ROOT / "tests/micropython.py"
MICROPYTHON = find_program("micropython")
HEAP_KIB = 640  # on 64 bits; what a board has is held by tests/heap, on 32


def load_runner():
    spec = importlib.util.spec_from_file_location("runner_of_shared_tests", RUNNER)
    runner = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(runner)
    return runner


SHARED = sorted(load_runner().shared_modules(str(ROOT / "tests")))


def run(runner, *arguments, **environment):
    return subprocess.run(
        [MICROPYTHON, "-X", "heapsize=%dK" % HEAP_KIB, str(runner), *arguments],
        env=dict(os.environ, **environment),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.skipif(not MICROPYTHON, reason="no MicroPython for this machine")
@pytest.mark.parametrize("module", SHARED)
def test_shared_tests_should_pass_under_micropython(module, record_property):
    """PD-36: compiled by mpy-cross, and the same files that pytest runs."""
    tree = compiled_tree()
    done = run(RUNNER, module.replace(".", "/") + ".py", MICROPYPATH=str(tree))
    assert done.returncode == 0, done.stdout + done.stderr
    passed, failed, skipped = (
        int(part.split()[0]) for part in done.stdout.splitlines()[-1].split(",")
    )
    assert failed == 0 and passed + skipped > 0, done.stdout
    said = [line.split() for line in done.stdout.splitlines() if line.startswith("SKIP ")]
    record_property("skipped", [words[2] for words in said])  # tools/conformance_run.py
    if not passed:
        pytest.skip(done.stdout.splitlines()[0])


@pytest.mark.skipif(not MICROPYTHON, reason="no MicroPython for this machine")
def test_runner_should_count_and_fail(tmp_path):
    folder = tmp_path / "tests"
    folder.mkdir()
    runner = folder / "micropython.py"
    runner.write_text(RUNNER.read_text())
    (folder / "skip.py").write_text((ROOT / "tests/skip.py").read_text())
    (folder / "test_mixed.py").write_text(
        "from tests.skip import SkipTest\n"
        "def test_good(): assert 1\n"
        "def test_bad(): assert 0\n"
        "def test_skipped(): raise SkipTest('why')\n"
    )
    (folder / "test_broken.py").write_text("import no_such_module\n")
    done = run(runner, MICROPYPATH="")
    assert done.stdout.splitlines()[-1] == "1 passed, 2 failed, 1 skipped", done.stdout
    assert done.returncode == 1
    assert (
        "FAIL tests.test_mixed test_bad" in done.stdout and "FAIL tests.test_broken" in done.stdout
    )
