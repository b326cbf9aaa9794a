# SPDX-License-Identifier: Apache-2.0
"""Names for what can be wrong with a database, so that it can be counted and said what to do.

| name             | is                                        | what helps                      |
|------------------|-------------------------------------------|---------------------------------|
| disk full        | no room for the database or its log       | make room; it goes on by itself |
| disk error       | the disk refuses to read or write         | look at the disk: it is dying   |
| database gone    | not there, restarting, or the line broke  | start it; it goes on by itself  |
| database busy    | another writer, a deadlock, no connection | nothing, unless it stays        |
| database damaged | what was read breaks the engine's checks  | stop, restore a back-up         |
| not writable     | rights, or a standby                      | let the collector's user write  |
| database error   | anything else                             | read the text                   |
"""

import sqlite3

import psycopg
import sqlalchemy as sa

DISK_FULL = "disk full"
DISK_ERROR = "disk error"
GONE = "database gone"
BUSY = "database busy"
DAMAGED = "database damaged"
NOT_WRITABLE = "not writable"
OTHER = "database error"
NAMES = (DISK_FULL, DISK_ERROR, GONE, BUSY, DAMAGED, NOT_WRITABLE, OTHER)

ALL_ALIKE = (DISK_FULL, DISK_ERROR, GONE, DAMAGED, NOT_WRITABLE)  # no batch fares better alone

# Primary result codes of SQLite.
SQLITE = {
    sqlite3.SQLITE_FULL: DISK_FULL,
    sqlite3.SQLITE_IOERR: DISK_ERROR,
    sqlite3.SQLITE_BUSY: BUSY,
    sqlite3.SQLITE_LOCKED: BUSY,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_CANTOPEN: GONE,
    sqlite3.SQLITE_READONLY: NOT_WRITABLE,
    sqlite3.SQLITE_PERM: NOT_WRITABLE,
}
# SQLSTATE of PostgreSQL, whole or its class; the first that fits.
POSTGRES = (
    ("53100", DISK_FULL),
    ("53300", BUSY),
    ("57P", GONE),
    ("08", GONE),
    ("40", BUSY),
    ("55P03", BUSY),
    ("XX001", DAMAGED),
    ("XX002", DAMAGED),
    ("58030", DISK_ERROR),
    ("25006", NOT_WRITABLE),
    ("42501", NOT_WRITABLE),
)


def name_of(failed: Exception) -> str:
    """One of NAMES for what a commit ended with."""
    cause = failed.orig if isinstance(failed, sa.exc.DBAPIError) else failed
    if isinstance(cause, sqlite3.Error):
        return SQLITE.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF, OTHER)
    if isinstance(cause, psycopg.Error):
        state = cause.sqlstate or ""
        for prefix, name in POSTGRES:
            if state.startswith(prefix):
                return name
        if not state and isinstance(cause, psycopg.OperationalError):
            return GONE  # told by the library, not by a server
    if isinstance(failed, sa.exc.TimeoutError):
        return BUSY
    return OTHER
