# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the host tests."""

import os

import pytest
from hypothesis import settings

from host_tools.ledger import Ledger

# The same examples each time: a run that fails can be repeated by its reader, and a change is
# judged by itself. HYPOTHESIS=random draws others; `make fuzz` is the search without an end.
settings.register_profile("repeatable", derandomize=True, database=None)
settings.register_profile("random")
settings.load_profile(os.environ.get("HYPOTHESIS", "repeatable"))


@pytest.fixture
def ledger(tmp_path):
    """An empty Ledger in SQLite, closed behind the test."""
    opened = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield opened
    opened.close()
