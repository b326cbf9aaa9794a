# SPDX-License-Identifier: Apache-2.0
"""The image of these tests, built where it is not there: tools/micropython.sh pico."""

import subprocess
from pathlib import Path

import pytest

BUILDER = Path(__file__).resolve().parents[2] / "tools/micropython.sh"
NOT_TO_BE_HAD = 3  # its status when neither sources nor compiler can be fetched


@pytest.fixture(scope="session", autouse=True)
def image():
    """Of this checkout. Skips only where its sources cannot be had."""
    done = subprocess.run([BUILDER, "pico"], capture_output=True, text=True, check=False)
    if done.returncode == NOT_TO_BE_HAD:
        pytest.skip("no image of a Pico: " + (done.stderr.strip().splitlines() or ["?"])[-1])
    assert done.returncode == 0, done.stdout + done.stderr
    return BUILDER.parents[1] / "build/micropython/pico.uf2"
