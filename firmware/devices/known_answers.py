# SPDX-License-Identifier: Apache-2.0
"""Known answers: each algorithm that money rests on is asked something whose answer is known.

A program in flash, a hash in the interpreter, code in C: any of them may have been damaged or
built wrongly, and then every card is refused, or worse. `quick()` is done before the terminal is
ready, `slow()` in idle time, a slice at a time: on a Pico SM3 takes 80 ms a block and SM2 more
than a second, so they are asked where keys or settings use them.

SHA-1, SHA-256: FIPS 180-4, "abc". RSA: made of SHA-512 of two words, answers of another program.
HMAC of the session keys: likewise. SM3: GB/T 32905 A.1. SM2: GB/T 32918.5 A.2, curve and user id
of JR/T 0025.17.
"""

import hashlib

MODULUS = (
    "9d4f1ccb2c2d81ee2f783afa2b92d6c874e6daf6bf717a6334cc71bf42009c77"
    "beaab9dc2cfc1e16501682a4f4a32a81ea4c90286d686335ec40d8fbb0c354b7"
)
SIGNED = (
    "2394223159872a05f6ea2c6c15e9875b3c0064396c792d0d7ff1028e473eaa42"
    "f8b4d4cdda94b3ad92c3653257a1e1d9d946d72a393c1fe4cfa7560be9383e9f"
)
RECOVERED = (
    (3, "21205682a8807d103183b269a31c061618a1fb8b76ecc83fd2078fb87eb50827"
        "1df9a9868faad0570806cbfeb83766f7e86d9ee728b9ac8cfb8f44b14b5be847"),
    (65537, "6425d17bce8f1aed5b58a4d0605b4485a5f19a7ea6264caab258b3cf41e690ce"
            "7c731831856ee1c2582d6184683ff2f05e83e701ff9348e61ab555b5fe74f426"),
)  # fmt: skip
SHA1_ABC = "a9993e364706816aba3e25717850c26c9cd0d89d"
SHA256_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
SM3_ABC = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
SESSION_TAG = "234f3e44d947041f795f73855b3b57b6"
POINT = (
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
SIGNATURE = (
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)


def quick(session):
    """Generator of (name, answered rightly): hashes, RSA, and the tags of session keys."""
    yield "SHA-1", hashlib.sha1(b"abc").digest() == bytes.fromhex(SHA1_ABC)
    yield "SHA-256", hashlib.sha256(b"abc").digest() == bytes.fromhex(SHA256_ABC)
    for exponent, answer in RECOVERED:
        yield "RSA, e = %d" % exponent, recovered(exponent) == bytes.fromhex(answer)
    if session:
        from firmware.formats.session_key import Key  # where uploads are signed

        up = Key(bytes(range(32))).derived(b"up", b"self-test")
        yield "session key", up.tag(b"faretap") == bytes.fromhex(SESSION_TAG)


def recovered(exponent):
    from firmware.kernel import rsa  # terminals of SM2 alone have none

    return finished(rsa.recover(bytes.fromhex(SIGNED), bytes.fromhex(MODULUS), exponent))


def slow(sm3, sm2):
    """Generator of (name, answered rightly), and of None between two slices."""
    if not sm3 and not sm2:
        return
    from firmware.kernel.sm3 import Sm3  # where keys or settings use it

    made = Sm3()
    for _ in made.steps(b"abc"):
        yield None
    yield "SM3", made.digest() == bytes.fromhex(SM3_ABC)
    if sm2:
        right = yield from verified(Sm3)
        yield "SM2", right


def verified(Sm3):
    """Generator, None a slice: whether the example of the book verifies, and no other message."""
    from firmware.kernel import sm2  # where keys use it

    point, signature = bytes.fromhex(POINT), bytes.fromhex(SIGNATURE)
    steps = sm2.commitment(signature, point)
    while True:
        try:
            next(steps)
            yield None
        except StopIteration as end:
            committed = end.value
            break
        except sm2.BadSignature:
            return False
    digest = Sm3()
    digest.update(sm2.za(point) + b"message digest")
    right = digest.digest()
    return sm2.matches(signature, committed, right) and not sm2.matches(
        signature, committed, bytes(32)
    )


def finished(steps):
    """What a generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def checks(session=True, sm=True):
    """Generator of (code, text): everything, at once."""
    for name, right in quick(session):
        yield (0 if right else 72), name
    for one in slow(sm, sm):
        if one:
            yield (0 if one[1] else 72), one[0]
