# SPDX-License-Identifier: Apache-2.0
"""Virtual chips without any delay for the host times of bench_exchange.py, and its processes."""

import contextlib
import json
import subprocess

from firmware.errors import LinkLost
from sim.chip import Chip
from sim.field import Field
from sim.serve import PtyServer
from sim.timing import Timing


class EchoCard:
    """Answers as many bytes as P1 P2 say."""

    kind, uid, ats, busy_ms = (
        "A",
        b"\x04\x11\x22\x33\x44\x55\x66",
        bytes.fromhex("057880A002"),
        0.0,
    )

    def power_up(self):
        pass

    def exchange(self, c_apdu):
        return bytes(int.from_bytes(c_apdu[2:4], "big"))


def measure(runtime, module, names, rounds):
    """[{name, bytes, wall_us, cpu_us}] of the candidates of a module, in one process of (argv,
    env, cwd).
    """
    argv, env, cwd = runtime
    with contextlib.ExitStack() as stack:
        places = []
        for name in names:
            field = Field()
            field.place(EchoCard())
            server = PtyServer(Chip(field, Timing.none(), power="awake"))
            places.append(f"{name}={stack.enter_context(server).path}")
        done = subprocess.run(
            [*argv, "-m", module, str(rounds), *places],
            env=env,
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise LinkLost("the measurement ended: " + (done.stderr or done.stdout)[-400:])
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
