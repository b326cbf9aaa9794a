# SPDX-License-Identifier: Apache-2.0
"""FleetDesk: what a collector answers to STATUS and FETCH. No frames and no keys are known here.

    standing(sitting, terminal, packed)              rows of STANDING's `files`
    piece(terminal, kind, version, offset, count)    bytes for PIECE; None: NOT_OFFERED

May be used by several threads. Whether a terminal may have a file is asked again every FRESH_S, so
that a halt reaches it in the middle of one; pieces are kept for those who fetch the same file, at
most CHUNKS_MOST * CHUNK_BYTES.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from firmware.errors import FormatError
from firmware.formats import fields
from firmware.formats.status import STATUS_V1
from host_tools.ledger import files, rollout_offers, status
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.schema_fleet import CHUNK_BYTES
from host_tools.ledger.sitting import Sitting

FRESH_S = 2.0
CHUNKS_MOST = 256  # 8 MB
ASKED_MOST = 4096  # answers of may_fetch() that are remembered


class FleetDesk:
    """`monotonic_s`: a clock for how fresh an answer is."""

    def __init__(self, ledger: Ledger, monotonic_s: Callable[[], float] = time.monotonic):
        self.ledger = ledger
        self.monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._chunks: OrderedDict[tuple[int, int, int], bytes] = OrderedDict()
        self._asked: OrderedDict[tuple[int, int, int], tuple[float, bool]] = OrderedDict()

    def standing(
        self, sitting: Sitting, terminal: int, packed: bytes
    ) -> list[tuple[int, int, int, bytes]]:
        """[(kind, version, size, sha256)] that a terminal should fetch, by what it says of itself.

        b"" from one that says nothing: it is seen, and offered nothing. Nonsense is counted.
        """
        if not packed:
            return []
        try:
            values = fields.unpack(STATUS_V1, packed)
        except FormatError:
            sitting.refuse(terminal, status.NONSENSE)
            return []
        if not status.take(sitting, terminal, values):
            return []
        found = rollout_offers.offers(sitting, terminal)
        return [(one.kind, one.version, one.size, one.sha256) for one in found]

    def piece(
        self, terminal: int, kind: int, version: int, offset: int, count: int
    ) -> bytes | None:
        """Up to `count` bytes, within a chunk: the terminal asks again where the next begins."""
        if not self._may_fetch(terminal, kind, version):
            return None
        number, start = divmod(offset, CHUNK_BYTES)
        chunk = self._chunk(kind, version, number)
        return None if chunk is None else chunk[start : start + count]

    def _may_fetch(self, terminal: int, kind: int, version: int) -> bool:
        key, now = (terminal, kind, version), self.monotonic_s()
        with self._lock:
            when, may = self._asked.get(key, (now - 2 * FRESH_S, False))
        if now - when < FRESH_S:
            return may
        may = rollout_offers.may_fetch(self.ledger, terminal, kind, version)
        with self._lock:
            self._asked[key] = (now, may)
            if len(self._asked) > ASKED_MOST:
                self._asked.popitem(last=False)
        return may

    def _chunk(self, kind: int, version: int, number: int) -> bytes | None:
        key = (kind, version, number)
        with self._lock:
            if key in self._chunks:
                self._chunks.move_to_end(key)
                return self._chunks[key]
        try:
            found = files.piece(self.ledger, kind, version, number * CHUNK_BYTES, CHUNK_BYTES)
        except LookupError:
            return None
        with self._lock:
            self._chunks[key] = found
            if len(self._chunks) > CHUNKS_MOST:
                self._chunks.popitem(last=False)
        return found
