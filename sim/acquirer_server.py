# SPDX-License-Identifier: Apache-2.0
"""The simulated acquirer on a TCP port: a thread a line, one message at a time.

    with AcquirerServer(way, "127.0.0.1", 0) as server: server.port

Loopback is its place: it is no acquirer, and its keys protect nothing.
"""

import socketserver
import threading

from firmware.errors import FormatError
from host_tools.acquirer.message import FrameReader
from sim.acquirer_faults import FaultyWay

IDLE_S = 300.0
LINES_MOST = 64
TAKEN_BYTES = 4096


class _Handler(socketserver.BaseRequestHandler):
    server: "AcquirerServer"

    def handle(self) -> None:
        reader = FrameReader()
        self.request.settimeout(IDLE_S)
        try:
            while data := self.request.recv(TAKEN_BYTES):
                for frame in reader.feed(data):
                    if not self._served(frame):
                        return
        except (OSError, FormatError):
            return  # the line is gone, or bears no messages

    def _served(self, frame: bytes) -> bool:
        answers, holds = self.server.send(frame)
        for answer in answers:
            self.request.sendall(answer)
        return holds


class AcquirerServer(socketserver.ThreadingTCPServer):
    """OSError where the port is taken."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = LINES_MOST

    def __init__(self, way: FaultyWay, host: str = "127.0.0.1", port: int = 0):
        super().__init__((host, port), _Handler)
        self.way = way
        self.port = self.socket.getsockname()[1]
        self._one_at_a_time = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    def send(self, frame: bytes) -> tuple[list[bytes], bool]:
        """One message, whichever line it came by."""
        with self._one_at_a_time:
            return self.way.send(frame)

    def verify_request(self, request: object, client_address: object) -> bool:
        return threading.active_count() < LINES_MOST

    def __enter__(self) -> "AcquirerServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
