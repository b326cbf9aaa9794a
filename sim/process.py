# SPDX-License-Identifier: Apache-2.0
"""The firmware as a process of its own, and the events it reports, one JSON object a line.

A line that is no JSON object is kept as text: a traceback of the firmware must be seen.
"""

import json
import queue
import subprocess
import threading
import time
from pathlib import Path

from firmware.errors import LinkLost

WORDS_MOST = 50  # lines without an event that are kept


class EventProcess:
    """A running command that reports events. Use as a context manager: it is ended on the way
    out.
    """

    def __init__(self, command, env, cwd):
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
        )
        assert self.process.stdout is not None  # PIPE was asked for
        self.output = self.process.stdout
        self.events: queue.Queue = queue.Queue()
        self.words = []  # lines that were no event
        self.thread = threading.Thread(target=self._listen, name="firmware", daemon=True)
        self.thread.start()

    def _listen(self):
        for line in self.output:
            text = line.decode("utf-8", "replace").rstrip()
            try:
                event = json.loads(text)
            except ValueError:
                event = None
            if isinstance(event, dict) and "event" in event:
                event["at"] = time.monotonic()
                self.events.put(event)
            else:
                self.words = [*self.words[1 - WORDS_MOST :], text]
        self.events.put(None)

    def next_event(self, timeout_s):
        """The next event, None after `timeout_s`. LinkLost when the process has ended."""
        try:
            event = self.events.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if event is None:
            self.events.put(None)
            raise LinkLost("the firmware has ended" + self.last_words())
        return event

    def last_words(self):
        """What it said besides events, for an error message."""
        return ":\n  " + "\n  ".join(self.words[-12:]) if self.words else ""

    def cpu_s(self):
        """Processor time of its one thread so far, in seconds; needs Linux's /proc."""
        stat = Path(f"/proc/{self.process.pid}/schedstat").read_text().split()
        return int(stat[0]) / 1e9

    def kill(self):
        """Pull the plug: SIGKILL, nothing is flushed."""
        self.process.kill()
        self.process.wait()
        self.thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.output.close()


class FirmwareProcess(EventProcess):
    """A running `MODULE ARGUMENTS`; `argv`, `env`, `cwd` say under which interpreter."""

    def __init__(self, argv, env, cwd, module, *arguments):
        command = [*argv, "-m", module, *[str(Path(one).resolve()) for one in arguments]]
        super().__init__(command, env, cwd)
