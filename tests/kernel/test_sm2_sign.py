# SPDX-License-Identifier: Apache-2.0
"""SM2 signatures made here: the check of a card's signatures takes them, and no other's."""

from firmware.formats import signed
from firmware.kernel import sm2_sign
from tests.refusal import refusal

SECRET = bytes(31) + b"\x02"
POINT = bytes.fromhex(  # [2]G
    "56CEFD60D7C87C000D58EF57FA73BA4D9C0DFA08C08A7331495C2E1DA3F2BD52"
    "31B7E7E6CC8189F668535CE0F8EAF1BD6DE84C182F6C8E716F780D3A970A23C3"
)


def head(message, signature):
    """As verify_head() wants it."""
    return signed.Head(0, 0, signed.SM2, 1, "", 0, b"", message, signature, 0)


def check(message, signature):
    signed.verify_head(head(message, signature), signed.Authority(b"", POINT)).finish()


def test_signature_should_be_good_and_the_same_each_time():
    """GB/T 32918.2 §6, §7; no random source is asked."""
    made = [sm2_sign.sign(SECRET, POINT, message) for message in (b"", b"ticket", b"ticket")]
    assert made[1] == made[2] != made[0] and len(made[0]) == 64
    assert made[0][:32] != made[1][:32]  # another k
    check(b"", made[0])
    check(b"ticket", made[1])


def test_signature_should_not_fit_another_message_or_key():
    made = sm2_sign.sign(SECRET, POINT, b"ticket")
    refusal(check, b"ticker", made)
    refusal(check, b"ticket", sm2_sign.sign(bytes(31) + b"\x03", POINT, b"ticket"))
