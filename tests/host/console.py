# SPDX-License-Identifier: Apache-2.0
"""Runs `faretap` as a user would: a process of its own, its output and status."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from host_tools.cli.runtime import find_program

ROOT = Path(__file__).resolve().parents[2]
SESSIONS = sorted((ROOT / "sim" / "sessions").glob("*.session"))
SHARED = sorted((ROOT.parent / "shared" / "sessions").glob("*.session"))

needs_micropython = pytest.mark.skipif(
    find_program("micropython") is None, reason="no MicroPython for this machine"
)
PATIENCE_S = 30
RUNTIMES = [pytest.param("micropython", marks=needs_micropython), "cpython"]


def command(*arguments):
    """argv of a faretap command."""
    return [sys.executable, "-m", "host_tools.cli.main", *map(str, arguments)]


def environment():
    """The environment of a user in this checkout."""
    return dict(os.environ, PYTHONPATH=str(ROOT), COLUMNS="160", NO_COLOR="1")


def faretap(*arguments, timeout_s=120):
    """The finished process of a faretap command; text in stdout and stderr."""
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        env=environment(),
        check=False,
    )


def started(*arguments):
    return subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
    )


def stopped(process):
    """Ctrl-C; what the process had said and its status."""
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=PATIENCE_S)
    return said, process.returncode
