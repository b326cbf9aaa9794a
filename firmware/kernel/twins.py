# SPDX-License-Identifier: Apache-2.0
"""Which twin of SM3, the SM2 curve and RSA runs: chosen here and nowhere else.

| word | twins | where |
|---|---|---|
| c | sm3_native.py, sm2_native.py, rsa_native.py | with the module faretap_sm (docs/porting.md) |
| viper | sm3_viper.py | MicroPython that runs native code on words of 32 bits |
| plain | sm3_plain.py, sm2_plain.py, rsa_plain.py | everywhere: the reference |

A compiled twin is taken when it makes of known numbers what the standard says, at its first use.
None is written for constant time: with signatures all is public. Where HMAC-SM3 hashes a key, C
and viper neither branch on it nor look anything up by it; plain Python promises nothing.
"""

from array import array

from firmware.kernel.rsa_plain import plain_power

# GB/T 32905 Annex A.1: the state of the beginning, "abc" as a block, the state behind it
START = bytes.fromhex("7380166F4914B2B9172442D7DA8A0600A96F30BC163138AAE38DEE4DB0FB0E4E")
BLOCK = b"abc\x80" + bytes(59) + b"\x18"
DIGEST = bytes.fromhex("66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0")
S = 0x128B2FA8BD433C6C068C8D803DFF79792A519A55171B1B650C23661D15897263  # any number below n
CHOSEN = []  # by power()
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


def each_power():
    """Generator: what raises rightly here to the powers of RSA: twins of plain_power()."""
    try:
        from firmware.kernel import rsa_native  # where the interpreter has it

        if raises_rightly(rsa_native.power):
            yield rsa_native.power
    except NO_TWIN:
        pass
    yield plain_power


def power():
    """The first of each_power(), found once."""
    if not CHOSEN:
        CHOSEN.append(next(each_power()))
    return CHOSEN[0]


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


def raises_rightly(power):
    """True when a twin makes of a number what pow() does."""
    for last in (1, 0xFF):  # modulus: any odd number, and one that leaves a word half empty
        modulus = DIGEST[:30] + bytes((last,))
        slices = power(START[:31], modulus, 16)
        wanted = pow(int.from_bytes(START[:31], "big"), 65537, int.from_bytes(modulus, "big"))
        if int.from_bytes(result_of(slices), "big") != wanted:
            return False
    return True


def result_of(slices):
    """What a generator returns."""
    while True:
        try:
            next(slices)
        except StopIteration as end:
            return end.value


def sums_rightly(twin):
    """True when [S]G + [1 - S]G is G, all columns of both kinds on the way."""
    from firmware.kernel.sm2_base import BASE  # with SM2 alone
    from firmware.kernel.sm2_curve import N, P, halves  # likewise

    x, zz = result_of(twin.by_point(S, N + 1 - S, BASE))
    return bool(zz) and (halves(BASE)[0] * zz - x) % P == 0
