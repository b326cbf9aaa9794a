# SPDX-License-Identifier: Apache-2.0
"""A line to a database server that breaks at COMMIT: before the server hears it, or behind it."""

import contextlib
import selectors
import socket
import threading

COMMIT = b"COMMIT\x00"  # as a query of psycopg has it
BEFORE, BEHIND = "before", "behind"


class BreakingLine:
    """Passes bytes of one client at a time to `port`. `breaks`: where the next COMMIT breaks it;
    `at_commit()` is called first, with the COMMIT in hand. `broken` counts.
    """

    def __init__(self, port):
        self.upstream = port
        self.breaks = None
        self.at_commit = lambda: None
        self.broken = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._served, args=(client,), daemon=True).start()

    def _served(self, client):
        with contextlib.suppress(OSError), client:
            server = socket.create_connection(("127.0.0.1", self.upstream))
            with server, selectors.DefaultSelector() as either:
                either.register(client, selectors.EVENT_READ, server)
                either.register(server, selectors.EVENT_READ, client)
                while self._passed(either, server):
                    pass

    def _passed(self, either, server):
        for key, _ in either.select():
            data = key.fileobj.recv(65536)
            if not data:
                return False
            if key.data is server and COMMIT in data and self.breaks:
                where, self.breaks = self.breaks, None
                self.at_commit()
                if where == BEHIND:
                    server.sendall(data)
                    server.recv(65536)  # the answer, which nobody hears
                self.broken += 1
                return False
            key.data.sendall(data)
        return True
