# SPDX-License-Identifier: Apache-2.0
"""CA keys in a parameter file: what is held, what stops a key, and every fault with its line."""

from hashlib import sha1

from firmware.formats import ca_keys, parameters
from firmware.kernel import capk, oda_rsa
from tests.refusal import refusal

RID, OTHER = "A000000333", "A000000004"
MODULUS = "C1" * 248
POINT = (  # laboratory key 57 of the network, as published
    "E8105E77861FD2EB727C84E36D3D4A5666BD0ADCE8781F0145D3D82D72B92748"
    "E22D5404C6C41F3EC8B790DE2F61CF29FAECB168C79F5C8666762D53CC26A460"
)
OFF_CURVE = POINT[:-2] + "61"


def loaded(*more):
    return parameters.parse("fare_fen: 1\n" + "\n".join(more)).capks


def fault(*more):
    return refusal(parameters.parse, "fare_fen: 1\n" + "\n".join(more), "fleet.txt")


def rsa_line(rid=RID, index=0xF1, exponent="03", modulus=MODULUS, rest=""):
    return "ca: RSA %s %02X %s %s %s" % (rid, index, exponent, modulus, rest)


def sm2_line(rid=RID, index=0x57, point=POINT, rest=""):
    return "ca: SM2 %s %02X %s %s" % (rid, index, point, rest)


def seal_of(rid=RID, index="F1", modulus=MODULUS, exponent="03"):
    return sha1(bytes.fromhex(rid + index + modulus + exponent)).digest().hex()


def test_every_part_of_a_key_should_be_held():
    """QT-018: RID, index, both algorithms by their suite, key, exponent, checksum, last day."""
    from firmware.kernel import oda_sm2

    for exponent, value in (("03", 3), ("010001", 65537)):
        seal = seal_of(exponent=exponent)
        (key,) = loaded(rsa_line(exponent=exponent, rest="20301231 " + seal))
        assert (key.rid, key.index, key.suite) == (bytes.fromhex(RID), 0xF1, oda_rsa)
        assert (key.suite.ALGORITHM, key.suite.HASH_SHA_1) == (1, 1)
        assert (key.key, key.exponent, key.until) == (
            bytes.fromhex(MODULUS),
            value,
            (2030, 12, 31),
        )
        assert key.checksum == bytes.fromhex(seal) and key.revoked == ()
    (key,) = loaded(sm2_line(rest="20301231"))
    assert (key.rid, key.index, key.suite) == (bytes.fromhex(RID), 0x57, oda_sm2)
    assert (key.suite.ALGORITHM, key.exponent, key.until) == (4, 0, (2030, 12, 31))
    assert key.key == bytes.fromhex(POINT) and key.curves == b"\x11"
    assert loaded("sm2_curves: 1104", sm2_line())[0].curves == b"\x11\x04"


def test_six_and_more_keys_of_each_rid_should_be_held():
    """QT-016, QT-017: 1984 bits each; the policy of one too many is to refuse the file."""
    lines = [
        rsa_line(rid, index, modulus="C%X" % index + MODULUS[2:])
        for rid in (RID, OTHER)
        for index in range(ca_keys.MAX_PER_RID)
    ]
    keys = loaded(*lines)
    assert len(keys) == 2 * ca_keys.MAX_PER_RID and ca_keys.MAX_PER_RID >= 6
    for rid in (RID, OTHER):
        found = capk.find(keys, bytes.fromhex(rid), 9)
        assert found.rid.hex().upper() == rid and found.key[0] == 0xC9
    assert capk.find(keys, bytes.fromhex("A000000003"), 9) is None
    assert capk.find(keys, bytes.fromhex(RID), 0xF1) is None
    assert "more than 16 CA keys of one RID" in fault(*lines, rsa_line(index=0xF1))
    assert "F1 stands twice" in fault(rsa_line(), rsa_line(rest="20301231"))
    assert len(loaded(rsa_line(), rsa_line(OTHER))) == 2


def test_checksum_should_be_recomputed():
    """QT-019: one bit in RID, index, modulus, exponent or the checksum."""
    seal = seal_of()
    assert len(loaded(rsa_line(rest="- " + seal))) == 1
    for line in (
        rsa_line("A000000332", rest="- " + seal),
        rsa_line(index=0xF0, rest="- " + seal),
        rsa_line(exponent="010001", rest="- " + seal),
        rsa_line(modulus="C0" + MODULUS[2:], rest="- " + seal),
        rsa_line(modulus=MODULUS[:-1] + "0", rest="- " + seal),
        rsa_line(rest="- " + seal[:-1] + ("0" if seal[-1] != "0" else "1")),
    ):
        assert fault(line) == "fleet.txt:2: checksum of the CA key does not fit"


def test_checksum_of_an_sm2_key_should_need_a_rule():
    """QT-019: none is published; one that is given is not passed over."""
    from firmware.kernel.sm3 import sm3

    data = bytes.fromhex(RID + "57" + POINT)
    seals = {"sha1": sha1(data).digest().hex(), "sm3": sm3(data).hex()}
    for rule, seal in seals.items():
        assert len(loaded("sm2_checksum: " + rule, sm2_line(rest="- " + seal))) == 1
        assert "no `sm2_checksum`" in fault(sm2_line(rest="- " + seal))
        wrong = seal[:-1] + ("0" if seal[-1] != "0" else "1")
        assert "does not fit" in fault("sm2_checksum: " + rule, sm2_line(rest="- " + wrong))
        moved = sm2_line(index=0x58, rest="- " + seal)
        assert "does not fit" in fault("sm2_checksum: " + rule, moved)
    assert "20" in fault("sm2_checksum: sha1", sm2_line(rest="- " + seals["sm3"]))


def test_point_should_lie_on_the_curve():
    """QT-216: off by a bit, zero, coordinates of p and more."""
    p = "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF"
    for point in (OFF_CURVE, "00" * 64, p + POINT[64:], POINT[:64] + p, "FF" * 64):
        assert fault(sm2_line(point=point)) == "fleet.txt:2: point is not on the curve"


def test_key_should_stop_on_its_day():
    """QT-023: one day before and after expiry and withdrawal; the acquirer may order otherwise."""
    line, gone = rsa_line(rest="20261231"), "withdrawn: %s F1 20261201" % RID
    for lines, last, first in (
        ((line,), (2026, 12, 31), (2027, 1, 1)),
        ((line, gone), (2026, 11, 30), (2026, 12, 1)),
        ((line, "ca_expiry: ignore", gone), (2026, 11, 30), (2026, 12, 1)),
        ((rsa_line(), gone), (2026, 11, 30), (2026, 12, 1)),
        ((line, gone.replace("1201", "1215")), (2026, 12, 14), (2026, 12, 15)),
        ((line, gone, gone.replace("1201", "1101")), (2026, 10, 31), (2026, 11, 1)),
    ):
        (key,) = loaded(*lines)
        assert capk.refusal(key, last) == "" and capk.refusal(key, first) == "is out of use"
    for lines in ((line, "ca_expiry: ignore"), (rsa_line(),), (rsa_line(rest="-"),)):
        (key,) = loaded(*lines)
        assert key.until is None and capk.refusal(key, (2099, 12, 31)) == ""
    keys = loaded(line, rsa_line(index=0xF2), rsa_line(OTHER), gone)
    assert [key.until is None for key in keys] == [False, True, True]


def test_revoked_certificates_should_go_to_their_key():
    """QT-024: RID, index and serial; a line may name a key that is not held."""
    keys = loaded(
        rsa_line(),
        rsa_line(index=0xF2),
        rsa_line(OTHER),
        "revoked: %s F1 000001" % RID,
        "revoked: %s F1 0A0B0C" % RID,
        "revoked: %s F1 000002" % OTHER,
        "revoked: %s 99 000003" % RID,
    )
    assert [key.revoked for key in keys] == [
        (b"\x00\x00\x01", b"\x0a\x0b\x0c"),
        (),
        (b"\x00\x00\x02",),
    ]


def test_faults_should_name_file_and_line():
    """QT-016, QT-020, QT-216."""
    for line in (
        rsa_line(exponent="01"),
        rsa_line(exponent="02"),
        rsa_line(exponent="11"),
        rsa_line(exponent="0003"),
        rsa_line(exponent=""),
        rsa_line(modulus="C1" * 249),
        rsa_line(modulus="C1" * 63),
        rsa_line(modulus="00" + "C1" * 247),
        rsa_line(modulus="C1" * 64 + "C"),
        rsa_line("A0000003"),
        rsa_line(rest="20301331"),
        rsa_line(rest="20301200"),
        rsa_line(rest="301231"),
        rsa_line(rest="never"),
        rsa_line(rest="- 00"),
        rsa_line(rest="- " + seal_of() + " x"),
        "ca: RSA %s F1F1 03 %s" % (RID, MODULUS),
        "ca: RSA %s F1 03" % RID,
        "ca: RSA",
        "ca: DSA %s F1 03 %s" % (RID, MODULUS),
        "ca: SM2",
        sm2_line("A0000003"),
        sm2_line(point=POINT[:-2]),
        sm2_line(point=POINT + "00"),
        sm2_line(rest="20301331"),
        sm2_line(rest="- 00 00"),
        "withdrawn: %s F1" % RID,
        "withdrawn: %s F1 2026" % RID,
        "withdrawn: %s F1 20261201 x" % RID,
        "revoked: %s F1 0001" % RID,
        "revoked: %s F1" % RID,
        "revoked: %s F1F1 000001" % RID,
        "ca_expiry: maybe",
        "sm2_curves: 04",
        "sm2_checksum: md5",
    ):
        assert fault("", line).startswith("fleet.txt:3: "), line
