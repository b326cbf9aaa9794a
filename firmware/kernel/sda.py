# SPDX-License-Identifier: Apache-2.0
"""Static data authentication of a card that cannot sign (JR/T 0025.7 §5.2.4, .17 §5.1.3).

Imported when such a card comes and the parameters ask for it. It tells whether what stands on the
card is genuine, and its data authentication code; it never lets a sale through (QT-213), because
static data can be copied.

| 93 | layout |
|---|---|
| RSA, NI bytes recovered | 6A 03, hash 01, DAC 2, BB.., hash 20, BC (JR/T 0025.7 table 7) |
| SM2, 67 bytes | 13, DAC 2, r and s 64 (JR/T 0025.17 table 5) |
"""

import hashlib

from firmware.kernel import bits, oda, oda_rsa, tags
from firmware.kernel.work import Work

NAME = "SSAD"


def told(chain):
    """What a refusal says of the static data, with a comma before it; "" where the card has no
    SDA. chain: Chain at the gate. The code goes to 9F45 of the tap (QT-212).
    """
    tap = chain.tap
    if not bits.has(tap.value(tags.AIP), bits.AIP_SDA):  # QT-107
        return ""
    try:
        tap.data[tags.DATA_AUTHENTICATION_CODE] = code = _verified(chain)
    except oda.OdaFailed as failed:
        return ", static data: " + str(failed)
    return ", static data genuine, DAC " + code.hex()


def _verified(chain):
    """The 2 bytes of the data authentication code, of a chain that holds; OdaFailed otherwise."""
    oda.require(chain.issuer is not None, chain.failure)
    tap, today = chain.tap, chain.purchase.today
    issuer = chain.issuer.finish()
    oda.check_issuer(issuer, tap.pan(), today, chain.capk.revoked)
    check = check_rsa if chain.capk.suite is oda_rsa else check_sm2
    return Work(check(issuer, tap.value(tags.SSAD), tap.static_data()), oda.OdaFailed).finish()


def check_rsa(issuer, ssad, static):
    """Generator: the code of an RSA 93 (QT-212). issuer: oda_rsa.Key; static: the static data."""
    oda.require(len(ssad) == len(issuer.modulus), NAME + " length")
    block = yield from oda_rsa.recover(ssad, issuer.modulus, issuer.exponent)
    oda_rsa.opened(block, 0x03, NAME)
    oda.require(block[2] == oda_rsa.HASH_SHA_1, NAME + " hash algorithm")
    padding = block[5:-21]
    oda.require(padding == b"\xbb" * len(padding), NAME + " padding")
    digest = hashlib.sha1(block[1:-21] + static).digest()
    oda.require(digest == block[-21:-1], NAME + " hash")
    return block[3:5]


def check_sm2(issuer, ssad, static):
    """Generator: the code of an SM2 93 (QT-231). issuer: oda_sm2.SmKey; static: likewise."""
    oda.require(len(ssad) == 67, NAME + " length")
    oda.require(ssad[0] == 0x13, NAME + " format")
    signed, signature = ssad[:3], ssad[3:]
    committed = yield from issuer.commitment(signature, NAME)
    oda.require(issuer.signed(signature, committed, signed + static), NAME + " signature")
    return ssad[1:3]
