# SPDX-License-Identifier: Apache-2.0
"""The C functions of tools/micropython/native under CPython, built with the sanitizers of gcc: the
module faretap_sm over ctypes. Runs the shared tests on it, then spoilt inputs.

    LD_PRELOAD=libasan.so PYTHONMALLOC=malloc python tests/heap/sm_library.py LIBRARY ROUNDS

Each buffer is one of malloc, as long as it says: a byte read behind it stops the process.
"""

import ctypes
import importlib.util
import random
import sys
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = 4096
SHARED = ("test_sm2", "test_sm3", "test_oda_sm2", "test_twins")


def given(data, least):
    view = memoryview(data).cast("B")
    if len(view) < least:
        raise ValueError("faretap_sm: buffer")
    return ctypes.create_string_buffer(bytes(view), len(view))


def back(data, made):
    view = memoryview(data).cast("B")
    view[:] = made.raw[: len(view)]


def module(library):
    """faretap_sm over the library; what module.c checks is checked here in its stead."""

    def changed(function, data, least, *more):
        if ctypes.addressof(ctypes.c_char.from_buffer(data)) % 4:
            raise ValueError("faretap_sm: buffer")
        made = given(data, least)
        result = function(made, *more)
        back(data, made)
        return result

    def compress(state, data, at, blocks):
        if at < 0 or blocks < 0 or at > len(data) or blocks > (len(data) - at) // 64:
            raise ValueError("faretap_sm: blocks")
        some = given(data[at : at + 64 * blocks], 0)
        changed(library.sm3_compress, state, 32, some, blocks)

    def begin(work, base_bits, key_bits, point):
        at = None if point is None else given(point, 64)
        changed(library.sm2_begin, work, size, given(base_bits, 32), given(key_bits, 32), at)

    def columns(work, base_table, key_table, count):
        at = None if key_table is None else given(key_table, TABLE)
        count = max(0, count)
        return changed(library.sm2_columns, work, size, given(base_table, TABLE), at, count)

    def result(work, out):
        made = given(out, 64)
        library.sm2_result(given(work, size), made)
        back(out, made)

    def begin_table(work, point):
        changed(library.sm2_begin_table, work, size, given(point, 64))

    def table_step(work, table):
        made = given(table, TABLE)
        left = changed(library.sm2_table_step, work, size, made)
        back(table, made)
        return left

    def product(out, a, b):
        made = given(out, 32)
        library.sm2_product(made, given(a, 32), given(b, 32))
        back(out, made)

    def rsa_product(x, y, modulus):
        count = len(memoryview(modulus).cast("B"))
        if not count or count > 512 or count % 4 or not modulus[0] & 1:
            raise ValueError("faretap_sm: modulus")
        changed(library.rsa_product, x, count, given(y, count), given(modulus, count), count // 4)

    size = library.sm2_work_size()
    found = types.ModuleType("faretap_sm")
    for one in (compress, begin, columns, result, begin_table, table_step, product, rsa_product):
        setattr(found, one.__name__, one)
    found.WORK = size
    return found


def spoil(c, rounds):
    """Inputs that nobody signed, a work that something has written into, in any order."""
    drawn = random.Random(20261122)
    work, table = bytearray(c.WORK), bytearray(TABLE)
    for _ in range(rounds):
        point = drawn.choice((bytes(64), b"\xff" * 64, drawn.randbytes(64)))
        kind = drawn.randrange(4)
        if kind == 0:
            c.begin(work, drawn.randbytes(32), drawn.randbytes(32), drawn.choice((point, None)))
        elif kind == 1:
            c.begin_table(work, point)
        for _ in range(drawn.randrange(4)):
            at = drawn.randrange(c.WORK)
            work[at : at + 1] = drawn.randbytes(1)
        if kind == 3:
            work[:] = drawn.randbytes(c.WORK)
        c.columns(work, table, drawn.choice((table, None)), drawn.randrange(40))
        c.table_step(work, table)
        c.result(work, bytearray(64))
        count = 4 * drawn.randrange(1, 129)
        odd = bytes([drawn.randrange(256) | 1]) + drawn.randbytes(count - 1)
        c.rsa_product(bytearray(drawn.randbytes(count)), drawn.randbytes(count), odd)
        c.compress(bytearray(32), drawn.randbytes(64 * drawn.randrange(3) + 5), 5, 0)


def main(path, rounds):
    library = ctypes.CDLL(path)
    library.sm2_columns.restype = library.sm2_table_step.restype = ctypes.c_uint32
    sys.modules["faretap_sm"] = c = module(library)
    sys.path.insert(0, str(ROOT))
    spec = importlib.util.spec_from_file_location("runner", ROOT / "tests/micropython.py")
    runner = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(runner)
    passed, failed, skipped = runner.run(["tests.kernel." + name for name in SHARED])
    spoil(c, rounds)
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    return 1 if failed or skipped else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
