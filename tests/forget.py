# SPDX-License-Identifier: Apache-2.0
"""forget(names): modules a board would have left by now, out of a heap that is short."""

import gc
import sys


def forget(names):
    """Drop these modules, with their code, where MicroPython runs; they are loaded anew."""
    for name in names if sys.implementation.name == "micropython" else ():
        module = sys.modules.pop(name, None)
        package, _, own = name.rpartition(".")
        if module and hasattr(sys.modules.get(package), own):
            delattr(sys.modules[package], own)
    gc.collect()
