# SPDX-License-Identifier: Apache-2.0
"""Console(port): the prompt of a board, over mpremote's raw REPL.

    with Console("/dev/ttyACM0") as board:
        board.call("identity")          a function of on_board.py; what its JSON says
        board.put("a.txt", b"..")       durable on return; never a file of this name half
        board.restart()

A terminal that runs is interrupted as by a power cut, which its journal is made for. Faults are
those of faults.py.
"""

import contextlib
import io
import json
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import serial
from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from host_tools.flash.faults import Fault

ON_BOARD = Path(__file__).with_name("on_board.py")
CHUNK = 1024  # bytes of a file in one piece: three times that on the board's heap
ANSWER_S = 30.0  # without a byte of an answer
TEST_S = 60.0  # a reader that is not there is given up long before
READ_S = 2.0  # a byte that mpremote waits for without looking at the clock
TRIES = 3
AGAIN_S = 0.3
GONE = (serial.SerialException, OSError, struct.error, TransportError)


class Console:
    """A board that obeys. `port`: a serial port or pty."""

    def __init__(self, port: str, patience: float = 1.0):
        """patience: by how much all times are stretched, for emulated boards."""
        self.port = port
        self.patience = patience
        self.closed = False
        self._line = _opened(port, patience)
        with contextlib.ExitStack() as held:
            held.callback(self.close)
            self._enter()
            held.pop_all()

    def __enter__(self) -> "Console":
        return self

    def __exit__(self, *_) -> None:
        """Whatever happened, the terminal goes on: a board is not left at its prompt."""
        if not self.closed:
            self.restart()

    def close(self) -> None:
        """Let go of the port; the board stays as it is."""
        self.closed = True
        with contextlib.suppress(*GONE):
            self._line.close()
        with contextlib.suppress(*GONE):  # a line that has no RTS is not closed by the above
            self._line.serial.close()

    def call(self, name: str, *arguments) -> Any:
        """The JSON that a function of on_board.py prints, None where it prints nothing."""
        said = b"".join(self.lines(name, *arguments)).strip()
        try:
            return json.loads(said) if said else None
        except ValueError as wrong:
            raise Fault("gone", f"{self.port}: not an answer: {said[:60]!r}") from wrong

    def lines(self, name: str, *arguments) -> list[bytes]:
        """The same as lines of bytes."""
        shown = ", ".join(repr(one) for one in arguments)
        return self._run(f"{name}({shown})", ANSWER_S).splitlines()

    def read(self, path: str) -> bytes:
        """A whole file."""
        with self._watched(path):
            return bytes(self._line.fs_readfile(path, CHUNK))

    def put(self, path: str, data: bytes, told: Callable[[int], None] = lambda _: None) -> None:
        """A file with these bytes; told(bytes written) while it grows. Closed, so durable."""
        with self._watched(path):
            self._line.fs_writefile(path, data, CHUNK, lambda done, _: told(done))
            if not data:
                self._line.exec("f.flush()")

    def events(self, code: str) -> Iterator[dict]:
        """Run a program of the firmware; the JSON objects it printed, one a line."""
        for line in self._run(code, TEST_S).splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and "event" in event:
                yield event

    def restart(self) -> None:
        """Reset the board, without waiting: main.py begins anew."""
        with contextlib.suppress(*GONE):
            self._line.exec_raw_no_follow("import machine\nmachine.reset()")
        self.close()

    def boot_drive(self) -> None:
        """Start the boot ROM instead, which shows a drive (RP2040, RP2350)."""
        with contextlib.suppress(*GONE):
            self._line.exec_raw_no_follow("import machine\nmachine.bootloader()")
        self.close()

    def _enter(self) -> None:
        said: Exception | None = None
        for _ in range(TRIES):
            try:
                with contextlib.redirect_stdout(io.StringIO()):  # mpremote prints what it saw
                    self._line.enter_raw_repl(soft_reset=False, timeout_overall=5 * self.patience)
                self._line.exec(ON_BOARD.read_text(encoding="utf-8"))
                return
            except GONE as wrong:
                said = wrong
                time.sleep(AGAIN_S * self.patience)
        raise Fault("no_answer", f"{self.port}: {said or 'silent'}")

    def _run(self, code: str, limit_s: float) -> bytes:
        with self._watched(code.partition("(")[0]):
            out, wrong = self._line.exec_raw(code, timeout=limit_s * self.patience)
            if wrong:
                raise TransportExecError(1, wrong.decode(errors="replace"))
            return bytes(out)

    @contextlib.contextmanager
    def _watched(self, what: str) -> Iterator[None]:
        """Whatever goes wrong under it has a name."""
        try:
            yield
        except TransportExecError as wrong:
            raise _of_board(what, wrong.error_output) from wrong
        except OSError as wrong:
            if isinstance(wrong, serial.SerialException) or not wrong.errno:
                raise Fault("gone", f"{self.port} is gone: {wrong}") from wrong
            raise _of_board(what, f"OSError: {wrong.errno} ENOSPC" if wrong.errno == 28 else
                            f"OSError: {wrong}") from wrong  # fmt: skip
        except (struct.error, TransportError) as wrong:
            raise Fault(
                "gone", f"{self.port} is gone in the middle of `{what}`: {wrong}"
            ) from wrong


def _of_board(what: str, text: str) -> Fault:
    """What a traceback of the board says."""
    last = (text.strip().splitlines() or ["?"])[-1]
    if "ENOSPC" in last or "Errno 28" in last or last == "OSError: 28":
        return Fault("full", f"the file system of the board is full: {what}")
    return Fault("not_written", f"the board says: {last} ({what})")


class _Line(SerialTransport):
    """mpremote looks at its clock only while nothing comes. A port that never stops talking, a GPS
    receiver or a terminal that cannot be interrupted, would be listened to for ever.
    """

    def read_until(
        self, min_num_bytes, ending, timeout=10, data_consumer=None, timeout_overall=None
    ):
        """As in SerialTransport, but `timeout_overall` holds in any case."""
        if timeout_overall is None:
            return super().read_until(min_num_bytes, ending, timeout, data_consumer)
        end_s = time.monotonic() + timeout_overall
        data = b""
        while not data.endswith(ending) and time.monotonic() < end_s:
            data += self.serial.read(1)
        return data


def _opened(port: str, patience: float) -> SerialTransport:
    """The port, for us alone; another program may hold it for a moment."""
    for left in reversed(range(TRIES)):
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                return _Line(port, timeout=READ_S * patience)
        except (TransportError, OSError, ValueError) as wrong:
            if port.startswith("/") and not Path(port).exists():
                raise Fault("no_board", f"there is no {port}") from wrong
            if not left:
                raise Fault("busy", f"{port} cannot be opened: {wrong}") from wrong
            time.sleep(AGAIN_S)
    raise AssertionError("unreachable")
