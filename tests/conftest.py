# SPDX-License-Identifier: Apache-2.0
"""What holds for every test that pytest runs."""

import gc
import os

from hypothesis import settings

# The same examples each time: a run that fails can be repeated by its reader, and a change is
# judged by itself. HYPOTHESIS=random draws others; `make fuzz` is the search without an end.
settings.register_profile("repeatable", derandomize=True, database=None)
settings.register_profile("random")
settings.load_profile(os.environ.get("HYPOTHESIS", "repeatable"))


def pytest_collection_finish():
    """Some tests collect garbage for the sake of small heaps; what pytest and the modules hold
    need not be walked through each time.
    """
    gc.collect()
    gc.freeze()
