# SPDX-License-Identifier: Apache-2.0
"""The CA keys at work: each is looked at in its turn, a damaged one is out (QT-022)."""

from firmware.kernel import capk, oda_rsa

RID = bytes.fromhex("A000000333")


def keys(count, damaged=None):
    """So many Capk, one of them with a byte that its checksum does not fit."""
    made = [capk.new(RID, 0x80 + at, oda_rsa, bytes((0x80 | at,)) * 64, 3) for at in range(count)]
    if damaged is not None:
        one = made[damaged]
        made[damaged] = capk.Capk(
            one.rid, one.index, one.suite, b"\xff" + one.key[1:], one.exponent, one.until,
            one.revoked, one.curves, one.checksum,
        )  # fmt: skip
    return tuple(made)


def test_each_key_should_have_its_turn():
    """QT-022: so many looks as there are keys find any damaged one; the others stay."""
    for count in range(1, 6):
        for damaged in range(count):
            ring = capk.Keyring(keys(count, damaged))
            found = [one for one in [ring.check_next() for _ in range(count)] if one]
            assert [one.index for one in found] == [0x80 + damaged], (count, damaged)
            left = [0x80 + at for at in range(count) if at != damaged]
            assert [one.index for one in ring.capks] == left
        whole = capk.Keyring(keys(count))
        assert [whole.check_next() for _ in range(2 * count)] == [None] * (2 * count)


def test_key_without_more_should_be_one_of_sm2():
    """JR/T 0025.17 annex A: no exponent, curve 11; valid until it is withdrawn."""
    one = capk.new(RID, 0x57, None, bytes(64))
    assert (one.exponent, one.until, one.revoked, one.curves) == (0, None, (), b"\x11")
    assert capk.is_intact(one) and capk.refusal(one, (2026, 11, 21)) == ""
