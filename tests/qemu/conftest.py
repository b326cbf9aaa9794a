# SPDX-License-Identifier: Apache-2.0
"""The program of that machine, built where it is not there: tools/micropython.sh qemu."""

import subprocess
from pathlib import Path

import pytest

BUILDER = Path(__file__).resolve().parents[2] / "tools/micropython.sh"
NOT_TO_BE_HAD = 3  # its status when sources, compiler or QEMU cannot be fetched


@pytest.fixture(scope="session", autouse=True)
def image():
    """Holds kernel, formats and their tests of this checkout."""
    done = subprocess.run([BUILDER, "qemu"], capture_output=True, text=True, check=False)
    if done.returncode == NOT_TO_BE_HAD:
        pytest.skip("no QEMU: " + (done.stderr.strip().splitlines() or ["?"])[-1])
    assert done.returncode == 0, done.stdout + done.stderr
    return BUILDER.parents[1] / "build/micropython/qemu.elf"
