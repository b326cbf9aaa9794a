# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the host tests."""

import pytest

from host_tools.ledger import Ledger


@pytest.fixture
def ledger(tmp_path):
    """An empty Ledger in SQLite, closed behind the test."""
    opened = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield opened
    opened.close()
