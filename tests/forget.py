# SPDX-License-Identifier: Apache-2.0
"""Room in a short heap: collect(), and forget(names) of modules that a board would have left."""

import gc
import sys

SMALL = sys.implementation.name == "micropython"


def collect():
    """Collect garbage where MicroPython runs. A PC has the room, and walking through all that a
    long test run holds takes it a quarter of a second.
    """
    if SMALL:
        gc.collect()


def forget(names):
    """Drop these modules, with their code, where MicroPython runs; they are loaded anew."""
    for name in names if SMALL else ():
        module = sys.modules.pop(name, None)
        package, _, own = name.rpartition(".")
        if module and hasattr(sys.modules.get(package), own):
            delattr(sys.modules[package], own)
    collect()
