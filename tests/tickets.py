# SPDX-License-Identifier: Apache-2.0
"""E-tickets for tests: a throw-away issuer of 1024 bits, signed by pow() on both interpreters."""

from firmware.fares.calendar import day_number
from firmware.formats import signed, ticket

MODULUS = bytes.fromhex(
    "BA751EC918EF3398AFAAE1DDE9F3318D778D6FA781A78BFA72BDA04A31D68649B11054FDA69BAF0E"
    "DC7F65BF202956CB63A6106B42280EE010B8FB0A814B1F298D449E8D8D414152CBE1BAF894D23709"
    "7451A8EEABAE8540B0790BD0B0D241EFCD18B6985E3C19A343C11961EFE3CD24427F4E9774A4D2C3"
    "BB27EE8AE274D20F"
)
SECRET = bytes.fromhex(
    "A5D04BCD581038993AF7431F9ED277A9AFBCA6A396E891D1EA41FA0EA11D7E948012DF12271CE1E3"
    "DC70AAE1F9CEE971BC2F4D00A5778C2AF4941C23EE7108C6DD5535C0D3D3BCFE8C8BB700FE13B1C2"
    "425B2F54390C516D349B90A6756231982DD949D3822F85BB01E2BD83C6DEE6F934577B8B6100D81C"
    "EE463DDEEF9C45B1"
)
KEYS = {1: (signed.RSA, MODULUS)}
TODAY = day_number(2026, 11, 21)  # of tests/stand.py, 10:15


def values(**other):
    """A ticket for one adult and one entry today, but for what `other` says."""
    said = {
        "version": 1, "key": 1, "id": 77, "kind": 0, "groups": 1, "first_day": TODAY,
        "last_day": TODAY, "opens": 0, "closes": 1439, "entries": 1, "daily": 0, "persons": 1,
    }  # fmt: skip
    said.update(other)
    return said


def signature_of(body):
    """PKCS #1 v1.5 with SHA-256 by the issuer."""
    block = int.from_bytes(signed.expected(body, len(MODULUS)), "big")
    number = pow(block, int.from_bytes(SECRET, "big"), int.from_bytes(MODULUS, "big"))
    return number.to_bytes(len(MODULUS), "big")


def issued(**other):
    """Text of a ticket."""
    body = ticket.pack(values(**other))
    return ticket.text_of(body, signature_of(body))
