# SPDX-License-Identifier: Apache-2.0
"""Kernel and formats on a Cortex-M3 (QEMU): 32 bits, code in flash, tests too. Its 600 KB of heap
are for what the tests build; what a device takes is measured in tests/heap.

That machine has no time, no files and no tasks: what passes here needs none of them. It says
nothing of a board's speed.
"""

import ast
from pathlib import Path

import pytest

from tests.qemu.machine import Machine

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 1800  # of a folder; a minute on a machine that has nothing else to do
SLOW = "a minute and more there; tests/heap runs it on 32 bits"
NOT_HERE = {
    "tests.kernel.test_capp_commit": SLOW,
    "tests.kernel.test_capp_cuts": SLOW,
    "tests.kernel.test_capp_update": SLOW,
    "tests.kernel.test_played_sessions test_sessions_should_be_there": "wants files",
}


def modules(folder):
    return sorted(f"tests.{folder}.{path.stem}" for path in ROOT.glob(f"tests/{folder}/test_*.py"))


@pytest.mark.parametrize("folder", ["kernel", "formats"])
def test_it_should_pass_on_a_cortex_m3(image, folder, capsys):
    """The shared tests; what cannot pass there is told with the reason and counts for nothing."""
    wanted = [name for name in modules(folder) if name not in NOT_HERE]
    program = f"import tests.micropython as runner\nprint(runner.run({wanted!r}))"
    with Machine(image) as machine:
        said = machine.run(program, LIMIT_S)
    *lines, counts = said.splitlines()
    passed, failed, skipped = ast.literal_eval(counts)
    fallen = [line[5:] for line in lines if line.startswith("FAIL ")]
    assert set(fallen) <= set(NOT_HERE) and failed == len(fallen), said
    assert passed > len(wanted), said
    with capsys.disabled():
        print(f"\nQEMU, Cortex-M3, {folder}: {passed} passed, {skipped} want files")
        for name, why in NOT_HERE.items():
            if name.startswith(f"tests.{folder}."):
                print(f"  not run there, or cannot pass: {name}: {why}")
