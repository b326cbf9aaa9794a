# SPDX-License-Identifier: Apache-2.0
"""The hub of many lanes (`faretap lanes`) as a process in lock step with a stage.

    python -m sim.hub_process STORE LANES      LANES: a letter each, e an entry, x an exit

Hub and its file are those of the command; lines and time are the stage's, one line in, one out:

    LANE NOW_MS HEX     bytes of a lane, at a moment
    HEX                 what that lane is told now
"""

import subprocess
import sys
from pathlib import Path

from host_tools.lanes.entries import Entries
from host_tools.lanes.hub import Hub

ROOT = Path(__file__).parents[1]
TICK_MS = 20  # so often the command looks at a line that says nothing


class HubProcess:
    """store: path of its file; lanes: letters. start() and kill() as often as you like."""

    def __init__(self, store, lanes):
        self.argv = [sys.executable, "-m", "sim.hub_process", str(store), lanes]
        self.process: subprocess.Popen | None = None
        self.starts = 0
        self.start()

    def start(self):
        """On the same file."""
        self.starts += 1
        self.process = subprocess.Popen(
            self.argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def kill(self):
        """SIGKILL: nothing is flushed."""
        if self.process:
            self.process.kill()
            self.process.communicate()
        self.process = None

    def ask(self, lane, now_ms, data=b""):
        """What a lane is told that has said this; nothing while the hub is away."""
        if self.process is None:
            return b""
        assert self.process.stdin and self.process.stdout  # PIPE was asked for
        self.process.stdin.write(f"{lane} {now_ms} {data.hex()}\n".encode())
        self.process.stdin.flush()
        return bytes.fromhex(self.process.stdout.readline().decode())


class HubPort:
    """A machine of world_lines.py: the hub's end of the line to a lane."""

    def __init__(self, hub, lane):
        self.hub, self.lane = hub, lane
        self.said, self.asked_ms = b"", 0

    def feed(self, data, now_ms):
        """From the terminal."""
        self.said += self.hub.ask(self.lane, now_ms, data)

    def outgoing(self, now_ms):
        """To the terminal."""
        if now_ms - self.asked_ms >= TICK_MS:
            self.asked_ms = now_ms
            self.said += self.hub.ask(self.lane, now_ms)
        data, self.said = self.said, b""
        return data


def serve(store, lanes):
    """Until the other end closes the pipe."""
    hub = Hub(Entries(store), lambda text: None)
    ports = [hub.add(f"lane {at}", one == "x") for at, one in enumerate(lanes)]
    for line in sys.stdin:
        lane, now_ms, data = line[:-1].split(" ")
        hub.feed(ports[int(lane)], bytes.fromhex(data), int(now_ms))
        sys.stdout.write(hub.outgoing(ports[int(lane)], int(now_ms)).hex() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2])
