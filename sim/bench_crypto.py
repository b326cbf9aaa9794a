# SPDX-License-Identifier: Apache-2.0
"""Signature arithmetic measured: the kernel's against the textbook's, in one run.

    python -m sim.bench_crypto CONDITION [ROUNDS [LEAST_US]]      (CPython and MicroPython)

| condition | measures |
|---|---|
| alone | microseconds, the collector off: MicroPython needs a heap of 256 MB |
| terminal | microseconds beside a terminal's modules, collecting as firmware/hal/mpy.py does |
| heap | bytes of MicroPython's heap that one call takes, garbage included |

Every candidate comes once a round, in turn, so that a busy machine slows all of them; the best of
the rounds counts. Times are of the processor. One JSON object a line.
"""

import gc
import hashlib
import json
import sys

from firmware.kernel import sm2
from firmware.kernel.rsa import recover
from firmware.kernel.sm2_base import BASE
from firmware.kernel.sm2_curve import N, P, halves
from firmware.kernel.sm3 import sm3
from sim import textbook_sm2, textbook_sm3

ROUNDS = 9
LEAST_US = 100000  # of one measurement: the system counts processor time in steps of 4 ms
TERMINAL = ("firmware.assemble", "firmware.kernel.oda_sm2")
RSA_BITS = (1152, 1408, 1984)
# GB/T 32918.5 Annex A.2: key, r, s, and e = SM3(ZA || M)
KEY = bytes.fromhex(
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
SIGNATURE = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)
DIGEST = sm3(sm2.za(KEY) + b"message digest")
FIELD_STEPS = 200


def done(slices):
    """What a generator returns, run to its end without a pause."""
    while True:
        try:
            next(slices)
        except StopIteration as end:
            return end.value


def checked_by(x1_of):
    """True when the textbook accepts the signature."""
    r, s = halves(SIGNATURE)
    x1 = x1_of(s, (r + s) % N, halves(KEY))
    return (int.from_bytes(DIGEST, "big") + x1) % N == r


def checked(table):
    """True when the kernel accepts it, with or without a table of the key."""
    return sm2.matches(SIGNATURE, done(sm2.commitment(SIGNATURE, KEY, table)), DIGEST)


def reduced():
    """Field products with `%`."""
    x, y = halves(BASE)
    for _ in range(FIELD_STEPS):
        x = x * y % P
    return x


def folded():
    """The same by the form of P = 2^256 - 2^224 - 2^96 + 2^64 - 1: shifts make a quotient that is
    a little too small, until nothing is above 2^256.
    """
    x, y = halves(BASE)
    for _ in range(FIELD_STEPS):
        x *= y
        high = x >> 256
        while high:
            high += (high >> 32) + (high >> 64) + (high >> 96)
            x += (high << 224) + (high << 96) - (high << 256) - (high << 64) + high
            high = x >> 256
        if x >= P:
            x -= P
    return x


def block(bits, name):
    """`bits` of fixed digits, the first and the last one set."""
    data = b""
    while len(data) < bits // 8:
        data += hashlib.sha256(b"%s %d %d" % (name, bits, len(data))).digest()
    return bytes((data[0] | 0x80,)) + data[1 : bits // 8 - 1] + bytes((data[bits // 8 - 1] | 1,))


def power(signature, modulus, exponent):
    """What recover() does, by pow() in one go."""
    x = pow(int.from_bytes(signature, "big"), exponent, int.from_bytes(modulus, "big"))
    return x.to_bytes(len(modulus), "big")


def candidates():
    """List of (group, name, call, what it must return). Outside of "sm2" a peer and the kernel."""
    table = done(sm2.table(KEY))
    message = bytes(200)
    digest = textbook_sm3.sm3(message)
    found = [
        ("sm2", "textbook, affine", lambda: checked_by(textbook_sm2.affine_x1), True),
        ("sm2", "textbook, Jacobian", lambda: checked_by(textbook_sm2.jacobian_x1), True),
        ("sm2", "kernel, key seen once", lambda: checked(None), True),
        ("sm2", "kernel, key with a table", lambda: checked(table), True),
        ("sm2", "making the table", lambda: done(sm2.table(KEY)), table),
        ("%d field products" % FIELD_STEPS, "folded", folded, reduced()),
        ("%d field products" % FIELD_STEPS, "kernel", reduced, reduced()),
        ("SM3 of 200 bytes", "whole words", lambda: textbook_sm3.sm3(message), digest),
        ("SM3 of 200 bytes", "kernel", lambda: sm3(message), digest),
    ]
    for bits in RSA_BITS:
        for exponent in (3, 65537):
            found += powers(bits, exponent)
    return found


def powers(bits, exponent):
    """The two ways to open a block of one length."""
    group = "RSA %d, e = %d" % (bits, exponent)
    modulus = block(bits, b"modulus")
    signature = b"\x01" + block(bits, b"signature")[1:]
    wanted = power(signature, modulus, exponent)
    return (
        (group, "pow()", lambda: power(signature, modulus, exponent), wanted),
        (group, "kernel", lambda: done(recover(signature, modulus, exponent)), wanted),
    )


def processor_us():
    """Processor time of this process; both interpreters, Linux."""
    with open("/proc/self/schedstat") as file:
        return int(file.read().split()[0]) // 1000


def time_us(call, wanted, times=1):
    """Microseconds of one of `times` calls; the result of the last one is looked at."""
    gc.collect()
    began = processor_us()
    for _ in range(times):
        got = call()
    spent = processor_us() - began
    assert got == wanted, "a wrong result"
    return spent / times


def often_enough(call, wanted, least_us):
    """How many calls take `least_us`."""
    times = 1
    while time_us(call, wanted, times) * times < least_us:
        times *= 2
    return times


def heap_bytes(call, wanted):
    """Bytes one call takes from the heap."""
    gc.collect()
    before = gc.mem_alloc()  # type: ignore[attr-defined]
    got = call()
    taken = gc.mem_alloc() - before  # type: ignore[attr-defined]
    assert got == wanted, "a wrong result"
    return taken


def measure_times(rows, rounds, least_us):
    """Microseconds of each row."""
    times = [often_enough(call, wanted, least_us) for _, _, call, wanted in rows]
    best = [0] * len(rows)
    for number in range(rounds):
        for at, (_, _, call, wanted) in enumerate(rows):
            one = time_us(call, wanted, times[at])
            best[at] = min(one, best[at]) if number else one
    return best


def main(condition, rounds=ROUNDS, least_us=LEAST_US):
    """Measure all of it and print."""
    if condition == "terminal":
        gc.threshold(4096)  # type: ignore[attr-defined]
        for name in TERMINAL:
            __import__(name)
    rows = candidates()
    gc.collect()
    if condition != "terminal":
        gc.disable()
    else:
        free = gc.mem_free()  # type: ignore[attr-defined]
        print(json.dumps({"free": free}))
        gc.threshold(free // 2)  # type: ignore[attr-defined]
    if condition == "heap":
        values = [heap_bytes(call, wanted) for _, _, call, wanted in rows]
    else:
        values = measure_times(rows, rounds, least_us)
    for (group, name, _, _), value in zip(rows, values):
        print(json.dumps({"group": group, "name": name, "value": value}))


if __name__ == "__main__":
    main(sys.argv[1], *[int(text) for text in sys.argv[2:4]])
