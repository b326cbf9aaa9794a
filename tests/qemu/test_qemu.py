# SPDX-License-Identifier: Apache-2.0
"""Kernel and formats on a Cortex-M3 (QEMU) with 160 KB of heap: 32 bits, code in flash, tests too.

That machine has no time, no files and no tasks: what passes here needs none of them. It says
nothing of a board's speed.
"""

import ast
from pathlib import Path

import pytest

from tests.qemu.machine import Machine

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 1800  # of a folder; a minute on a machine that has nothing else to do
TOO_LARGE = "what the test builds is too large for 160 KB; tests/heap gives it 300"
NOT_HERE = {
    "tests.formats.test_ca_keys test_six_and_more_keys_of_each_rid_should_be_held": TOO_LARGE,
    "tests.formats.test_deny_list": TOO_LARGE,
    "tests.kernel.test_played_sessions test_sessions_should_be_there": "wants files",
    "tests.kernel.test_twins": "imports firmware.devices, which is not in this program",
}


def modules(folder):
    return sorted(f"tests.{folder}.{path.stem}" for path in ROOT.glob(f"tests/{folder}/test_*.py"))


@pytest.mark.parametrize("folder", ["kernel", "formats"])
def test_it_should_pass_on_a_cortex_m3(image, folder, capsys):
    """The shared tests; what cannot pass there is told with the reason and counts for nothing."""
    program = f"import tests.micropython as runner\nprint(runner.run({modules(folder)!r}))"
    with Machine(image) as machine:
        said = machine.run(program, LIMIT_S)
    *lines, counts = said.splitlines()
    passed, failed, skipped = ast.literal_eval(counts)
    fallen = [line[5:] for line in lines if line.startswith("FAIL ")]
    out_of_memory = sum(line.startswith("MemoryError") for line in lines)
    assert set(fallen) <= set(NOT_HERE), said
    assert failed == len(fallen), said
    assert out_of_memory == [NOT_HERE[one] for one in fallen].count(TOO_LARGE), said
    assert passed > len(modules(folder)), said
    with capsys.disabled():
        print(f"\nQEMU, Cortex-M3, 160 KB, {folder}: {passed} passed, {skipped} want files")
        for one in fallen:
            print(f"  cannot run there: {one}: {NOT_HERE[one]}")
