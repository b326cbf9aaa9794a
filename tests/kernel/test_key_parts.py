# SPDX-License-Identifier: Apache-2.0
"""When the parts of an RSA key are all there, so that its certificate may be opened early."""

from firmware.kernel import oda_rsa, tags
from firmware.kernel.selection import Selected
from firmware.kernel.tap import Tap

# exponent, certificate and remainder of a key, and what its modulus is as long as
ISSUER = (
    tags.ISSUER_EXPONENT,
    tags.ISSUER_CERTIFICATE,
    tags.ISSUER_REMAINDER,
    tags.ICC_CERTIFICATE,
)
ICC = (tags.ICC_EXPONENT, tags.ICC_CERTIFICATE, tags.ICC_REMAINDER, tags.SDAD)


def test_certificates_should_wait_for_what_is_still_due():
    """QT-196, QT-202: without a remainder, one begins when the next key fits into it."""
    for is_whole, parts, fields in (
        (oda_rsa.is_issuer_whole, ISSUER, 36),
        (oda_rsa.is_icc_whole, ICC, 42),
    ):
        rows = (
            (b"", b"", False),  # nothing below it: the remainder may still come
            (b"", bytes(100 - fields), True),  # fits to the byte
            (b"", bytes(101 - fields), False),
            (b"R", b"", True),
            (b"R", bytes(200), True),
        )
        for remainder, below, wanted in rows:
            tap = Tap(Selected(b"", {}, (), b""), b"")
            tap.data = dict(zip(parts, (b"\x03", bytes(100), remainder, below)))  # noqa: B905
            assert is_whole(tap) is wanted, (parts, len(remainder), len(below))
            del tap.data[parts[0]]
            assert is_whole(tap) is False
