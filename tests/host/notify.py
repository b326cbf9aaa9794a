# SPDX-License-Identifier: Apache-2.0
"""A service manager's end of NOTIFY_SOCKET, and its watchdog: who is silent is killed."""

import os
import signal
import socket
import threading
import time


class Supervisor:
    """Hears one process. `said`: lines as they came; `killed`: by its watchdog.

        with Supervisor(tmp_path) as manager:
            process = subprocess.Popen(argv, env={**os.environ, **manager.env()})
            manager.watch(process)

    It waits for WATCHDOG=1 from READY=1 on, as long as WATCHDOG_USEC= says.
    """

    def __init__(self, folder, timeout_ms=3000):
        self.path = str(folder / "notify")
        self.timeout_s = timeout_ms / 1000
        self.said: list[str] = []
        self.killed = False
        self.longest_s = 0.0
        self.process = None
        self.ready_s = None
        self.ended = threading.Event()

    def env(self):
        usec = str(int(self.timeout_s * 1e6))
        return {"NOTIFY_SOCKET": self.path, "WATCHDOG_USEC": usec}

    def __enter__(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(0.05)
        self.thread = threading.Thread(target=self._listen)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self.socket.close()

    def watch(self, process):
        self.process = process

    def until(self, line, limit_s=20):
        """Wait until a line was said that begins so."""
        end_s = time.monotonic() + limit_s
        while not [one for one in self.said if one.startswith(line)]:
            assert time.monotonic() < end_s, (line, self.said)
            time.sleep(0.01)

    def _listen(self):
        fed_s = None
        while not self.ended.is_set():
            try:
                lines = self.socket.recv(4096).decode().split("\n")
            except TimeoutError:
                lines = []
            now_s = time.monotonic()
            self.said += lines
            for line in lines:
                if line.startswith("WATCHDOG_USEC="):
                    self.timeout_s = int(line.partition("=")[2]) / 1e6
                if line in ("READY=1", "WATCHDOG=1"):
                    self.longest_s = max(self.longest_s, now_s - (fed_s or now_s))
                    fed_s = now_s
            watched = "READY=1" in self.said and self.process and not self.killed
            if watched and now_s - fed_s > self.timeout_s and self.process.poll() is None:
                self.killed = True
                os.kill(self.process.pid, signal.SIGABRT)
