# SPDX-License-Identifier: Apache-2.0
"""The journal: append, settle, recover after power loss, cursor of what is acknowledged.

Contract in journal.py, bytes and blocks in ring.py.
"""

from firmware.journal.journal import PENDING_LIMIT, RECORD_LIMIT, Journal

__all__ = ["PENDING_LIMIT", "RECORD_LIMIT", "Journal"]
