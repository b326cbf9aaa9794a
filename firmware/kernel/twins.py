# SPDX-License-Identifier: Apache-2.0
"""Which twin of SM3 and of the SM2 curve runs: chosen here and nowhere else.

| word | twins | where |
|---|---|---|
| c | sm3_native.py, sm2_native.py | interpreters with the module faretap_sm (docs/porting.md) |
| viper | sm3_viper.py | MicroPython that runs native code on words of 32 bits |
| plain | sm3_plain.py, sm2_plain.py | everywhere: the reference |

A compiled twin is taken when it makes of known numbers what the standard says, at its first use.
None is written for constant time: with signatures all is public. Where HMAC-SM3 hashes a key, C
and viper neither branch on it nor look anything up by it; plain Python promises nothing.
"""

from array import array

# GB/T 32905 Annex A.1: the state of the beginning, "abc" as a block, the state behind it
START = bytes.fromhex("7380166F4914B2B9172442D7DA8A0600A96F30BC163138AAE38DEE4DB0FB0E4E")
BLOCK = b"abc\x80" + bytes(59) + b"\x18"
DIGEST = bytes.fromhex("66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0")
S = 0x128B2FA8BD433C6C068C8D803DFF79792A519A55171B1B650C23661D15897263  # any number below n
NO_TWIN = (ImportError, ValueError, SyntaxError, AttributeError)  # neither module nor viper


def each_sm3():
    """Generator: twins that hash rightly here, the fastest first: steps(state, data, whole)."""
    for load in (_sm3_in_c, _sm3_in_viper):
        try:
            twin = load()
        except NO_TWIN:
            continue
        if hashes_rightly(twin):
            yield twin
    from firmware.kernel import sm3_plain  # where nothing better is: its table takes heap

    yield sm3_plain


def each_sm2():
    """Generator: twins that sum rightly here, likewise: by_point(), by_table(), table()."""
    try:
        twin = _sm2_in_c()
        if sums_rightly(twin):
            yield twin
    except NO_TWIN:
        pass
    from firmware.kernel import sm2_plain  # 8 KB of code that the other twin does without

    yield sm2_plain


def _sm3_in_c():
    from firmware.kernel import sm3_native  # where the interpreter has it

    return sm3_native


def _sm3_in_viper():
    from firmware.kernel import sm3_viper  # likewise

    return sm3_viper


def _sm2_in_c():
    from firmware.kernel import sm2_native  # likewise

    return sm2_native


def halves_of(data):
    """A state of SM3 of its 32 bytes."""
    return array("H", [data[at] << 8 | data[at + 1] for at in range(0, 32, 2)])


def hashes_rightly(twin):
    """True when a twin of SM3 makes the published digest."""
    state = halves_of(START)
    for _ in twin.steps(state, BLOCK, len(BLOCK)):
        pass
    return state == halves_of(DIGEST)


def sums_rightly(twin):
    """True when [S]G + [1 - S]G is G, all columns of both kinds on the way."""
    from firmware.kernel.sm2_base import BASE  # with SM2 alone
    from firmware.kernel.sm2_curve import N, P, halves  # likewise

    slices = twin.by_point(S, N + 1 - S, BASE)
    while True:
        try:
            next(slices)
        except StopIteration as end:
            x, zz = end.value
            return bool(zz) and (halves(BASE)[0] * zz - x) % P == 0
