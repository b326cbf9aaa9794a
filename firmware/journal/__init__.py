# SPDX-License-Identifier: Apache-2.0
"""The journal: append, settle, recover after power loss, cursor of what is acknowledged.

Contract in journal.py, bytes and blocks in ring.py; what large storages have in addition in
archived.py.
"""

from firmware.journal.journal import PENDING_LIMIT, RECORD_LIMIT, Journal

__all__ = ["PENDING_LIMIT", "RECORD_LIMIT", "Journal", "open_journal"]

ARCHIVE_FROM = 256  # blocks, 1 MB: what is smaller holds its few records as they are


def open_journal(storage, make_chain=None):
    """The Journal of a storage, by its size; make_chain() -> chain.Chain of the archive."""
    if storage.ioctl(4, 0) < ARCHIVE_FROM:
        return Journal(storage)
    from firmware.journal.archived import ArchivedJournal  # what is small has no archive

    return ArchivedJournal(storage, chain=make_chain() if make_chain else None)
