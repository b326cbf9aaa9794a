# SPDX-License-Identifier: Apache-2.0
"""The terminal's security module over pyscard, told what to do on standard input, a word a line:

    check       {"state": ..}
    mac N       {"mac": hex or null, "state": .., "us": time of the MAC}, version N

The reader's name is the first argument, the module's profile a file named by the second.
"""

import importlib.util
import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from firmware.module import profile  # noqa: E402
from firmware.module.module import Module  # noqa: E402
from firmware.module.psam import Psam  # noqa: E402

FACTOR = bytes.fromhex("1122334455667788")


class Clock:
    """What a module asks of time."""

    @staticmethod
    def ticks_ms():
        return time.monotonic_ns() // 1000000

    @staticmethod
    def ticks_diff(later, earlier):
        return later - earlier


def slot_of(reader):
    """hal/pcsc_cpython.py alone: the rest of the hal wants libraries that are not there."""
    path = ROOT / "firmware/hal/pcsc_cpython.py"
    spec = importlib.util.spec_from_file_location("pcsc_cpython", path)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found.open_pcsc(reader)


def main(reader, path):
    module = Module(Psam(slot_of(reader), profile.parse(Path(path).read_text())), Clock())
    for line in sys.stdin:
        word, *rest = line.split()
        told = {}
        if word == "check":
            module.check()
        else:
            session = module.session(0x28, int(rest[0]), FACTOR)
            began = time.perf_counter_ns()
            made = session and session.mac(bytes(8), b"record")
            told = {"us": (time.perf_counter_ns() - began) // 1000, "mac": made and made.hex()}
        print(json.dumps(dict(told, state=module.state(), why=module.reason)), flush=True)


main(*sys.argv[1:])
