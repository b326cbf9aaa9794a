# SPDX-License-Identifier: Apache-2.0
"""The ledger: records of a city, in SQLite or PostgreSQL. Contract in ledger.py, tables in
schema.py, schema_fleet.py and staff.py, what an engine does its own way in sqlite.py and
postgres.py, keys in vault.py.
"""

from host_tools.ledger.ledger import Ledger
from host_tools.ledger.questions import Row
from host_tools.ledger.schema import CONFLICT, COUNTS, DUPLICATE, LOST, UNREADABLE
from host_tools.ledger.schema_fleet import STATUS
from host_tools.ledger.staff import STAFF

__all__ = [
    "CONFLICT", "COUNTS", "DUPLICATE", "LOST", "STAFF", "STATUS", "UNREADABLE", "Ledger", "Row",
]  # fmt: skip
