# SPDX-License-Identifier: Apache-2.0
"""Runs a command behind another one, for `make test`: a long computation beside what mostly waits.

    tools/beside.py LOG BEHIND .. -- COMMAND ..

COMMAND speaks as ever. What BEHIND says goes into LOG and is shown in one piece when COMMAND has
ended, and as it comes from there on. The status is that of the first of the two that failed.
COMMAND's failure ends BEHIND, and so do Ctrl-C, SIGTERM and SIGHUP both: each is a group of
processes, which is interrupted as by Ctrl-C, then told to end, then killed.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

LOOK_S = 0.2
GRACES = ((signal.SIGINT, 20), (signal.SIGTERM, 2), (signal.SIGKILL, 5))  # seconds behind each


def main(arguments: list[str]) -> int:
    """The status of both."""
    cut = arguments.index("--")
    log, behind_words, words = Path(arguments[0]), arguments[1:cut], arguments[cut + 1 :]
    told: list[int] = []  # signals: looked at between two steps, so that none breaks a start
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: told.append(number))
    log.parent.mkdir(parents=True, exist_ok=True)
    groups = []
    try:
        with log.open("wb") as said:
            groups.append(_started(behind_words, stdout=said, stderr=subprocess.STDOUT))
        groups.append(_started(words))
        return _watched(groups[1], groups[0], log, told)
    finally:
        _end(groups)


def _watched(
    first: subprocess.Popen, behind: subprocess.Popen, log: Path, told: list[int]
) -> int:
    failed = False
    while first.poll() is None:
        if told:
            return 128 + told[0]
        if behind.poll() and not failed:
            failed = True
            print(f"beside: failed, to be shown at the end: {log}", flush=True)
        time.sleep(LOOK_S)
    if first.returncode:
        print(f"beside: ended because of the failure above: {log}", flush=True)
        return first.returncode
    with log.open("rb") as said:
        while not told:
            over = behind.poll() is not None  # asked first: what it said last is read behind that
            sys.stdout.buffer.write(said.read())
            sys.stdout.flush()
            if over:
                return behind.returncode
            time.sleep(LOOK_S)
    return 128 + told[0]


def _started(words: list[str], **options: Any) -> subprocess.Popen:
    return subprocess.Popen(words, stdin=subprocess.DEVNULL, start_new_session=True, **options)


def _end(groups: list[subprocess.Popen]) -> None:
    """Nothing is left of them, nor of what they have started in their groups."""
    for number, grace_s in GRACES:
        end_s = time.monotonic() + grace_s
        for process in groups:
            _sent(process, number)
        while time.monotonic() < end_s:
            going = [one for one in groups if one.poll() is None]
            left = [one for one in groups if _sent(one, 0)]
            if not left:
                return
            if number == signal.SIGINT and not going:
                break  # they have cleaned up, and will clean up no more
            time.sleep(LOOK_S)


def _sent(process: subprocess.Popen, number: int) -> bool:
    """False: there is nobody in its group."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
