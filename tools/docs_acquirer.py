# SPDX-License-Identifier: Apache-2.0
"""Tables of docs/acquirer.md, from the docstrings of the acquirer's side."""

from collections.abc import Callable

from host_tools.acquirer import fields, tables
from sim import acquirer_faults


def printed(of_docstring: Callable[..., str]) -> dict[str, Callable[[], str]]:
    """Name -> printer."""
    return {
        "acquirer-faults": lambda: of_docstring(acquirer_faults),
        "acquirer-sales": lambda: of_docstring(tables, 1),
        "acquirer-batches": lambda: of_docstring(tables, 2),
        "acquirer-fields": lambda: of_docstring(fields),
    }
