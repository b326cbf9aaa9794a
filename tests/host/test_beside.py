# SPDX-License-Identifier: Apache-2.0
"""tools/beside.py: two commands at once, of which nothing is lost and nothing is left."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools/beside.py"
PATIENCE_S = 30
# Says it is there, holds a child, and would stay for ever.
STAYS = "sleep 1000 & echo $$ $! >%s.new; mv %s.new %s; wait"


def beside(log, behind, command):
    return subprocess.Popen(
        [sys.executable, TOOL, log, "sh", "-c", behind, "--", "sh", "-c", command],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def stays(path):
    return STAYS % (path, path, path)


def pids(path):
    """Of a command that stays, once it does."""
    end_s = time.monotonic() + PATIENCE_S
    while not path.exists():
        assert time.monotonic() < end_s
        time.sleep(0.02)
    return [int(word) for word in path.read_text().split()]


def alive(numbers):
    """Those that run."""
    return [number for number in numbers if state(number) not in ("Z", "gone")]


def state(number):
    """Its letter in /proc; Z has ended, and somebody else is to take its status."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "gone"


@pytest.mark.parametrize(
    "behind, command, status",
    [
        ("echo behind", "echo front", 0),
        ("echo behind; exit 3", "sleep 1; echo front", 3),
        ("echo behind; sleep 1; exit 3", "echo front", 3),
    ],
)
def test_both_are_told_one_behind_the_other(tmp_path, behind, command, status):
    running = beside(tmp_path / "new" / "log", behind, command)
    said = running.communicate(timeout=PATIENCE_S)[0].splitlines()
    assert [one for one in said if not one.startswith("beside: ")] == ["front", "behind"]
    assert running.returncode == status


def test_a_failure_ends_what_runs_behind(tmp_path):
    there = tmp_path / "there"
    running = beside(
        tmp_path / "log", stays(there), f"while ! [ -e {there} ]; do sleep 0.1; done; exit 4"
    )
    said = running.communicate(timeout=PATIENCE_S)[0]
    assert running.returncode == 4 and "failure above" in said
    assert alive(pids(there)) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_no_process(tmp_path, number):
    behind, front = tmp_path / "behind", tmp_path / "front"
    running = beside(tmp_path / "log", stays(behind), stays(front))
    started = pids(behind) + pids(front)
    assert alive(started) == started
    running.send_signal(number)
    running.communicate(timeout=2 * PATIENCE_S)
    assert running.returncode == 128 + number
    assert alive(started) == []


def test_who_does_not_listen_is_killed(tmp_path):
    there = tmp_path / "there"
    deaf = "trap '' TERM; " + stays(there)
    running = beside(tmp_path / "log", deaf, "true")
    started = pids(there)
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=2 * PATIENCE_S)
    assert alive(started) == []
