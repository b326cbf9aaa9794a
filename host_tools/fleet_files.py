# SPDX-License-Identifier: Apache-2.0
"""FleetFiles: what a collector asks of files, roll-outs and status in its ledger."""

from firmware.errors import FormatError
from firmware.formats import fields
from firmware.formats.status import STATUS_V1
from host_tools.ledger import Ledger, files, rollout_offers, status
from host_tools.ledger.sitting import Sitting


class FleetFiles:
    """`ledger`: whose files are offered."""

    def __init__(self, ledger: Ledger):
        self._ledger = ledger

    def told(self, sitting: Sitting, terminal: int, values: dict) -> list[tuple]:
        """Keep a status that says something; rows of STANDING: what the terminal should fetch."""
        if not values["status"]:
            return []
        try:
            said = fields.unpack(STATUS_V1, values["status"])
        except FormatError:
            sitting.refuse(terminal, status.NONSENSE)
            return []
        if not status.take(sitting, terminal, said):
            return []
        return [tuple(one) for one in rollout_offers.offers(sitting, terminal)]

    def piece(self, terminal: int, kind: int, version: int, offset: int, count: int) -> bytes:
        """Bytes of a file while the terminal is offered it; LookupError otherwise."""
        if not rollout_offers.may_fetch(self._ledger, terminal, kind, version):
            raise LookupError(f"file {kind}, version {version}, is not offered to this terminal")
        return files.piece(self._ledger, kind, version, offset, count)
