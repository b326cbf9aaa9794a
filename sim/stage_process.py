# SPDX-License-Identifier: Apache-2.0
"""The terminal of a stage as a process: two pipes, a line each way."""

import contextlib
import subprocess

from firmware.errors import LinkLost

ENDING_S = 5


class StageProcess:
    """`argv`, `env`, `cwd` of an interpreter; settings: path; seed: text of this start."""

    def __init__(self, argv, env, cwd, settings, seed):
        self.words = []  # lines that were neither event nor call
        self.process = subprocess.Popen(
            [*argv, "-m", "sim.stage", str(settings), seed],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
        )
        assert self.process.stdin and self.process.stdout  # PIPE was asked for
        self.input, self.output = self.process.stdin, self.process.stdout

    def readline(self):
        """The next event or call; "" when it has ended. Other words are kept."""
        while True:
            line = self.output.readline().decode("utf-8", "replace").rstrip("\n")
            if not line and self.process.poll() is not None:
                return ""
            if line[:1] in ("{", "?"):
                return line
            if line:
                self.words.append(line)
            elif self._has_ended():
                return ""

    def _has_ended(self):
        try:
            self.process.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            return False
        return True

    def write(self, line):
        """Answer a call; LinkLost when nobody is there any more."""
        try:
            self.input.write(line.encode())
            self.input.flush()
        except OSError as gone:
            raise LinkLost("the terminal is gone" + self.last_words()) from gone

    def ended_well(self):
        """True for status 0."""
        return self.process.wait(ENDING_S) == 0

    def last_words(self):
        """What it said besides events, for an error message."""
        return ":\n  " + "\n  ".join(self.words[-12:]) if self.words else ""

    def kill(self):
        """SIGKILL: nothing is flushed."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.input, self.output):
            with contextlib.suppress(OSError):  # what it was told last is lost with it
                pipe.close()
