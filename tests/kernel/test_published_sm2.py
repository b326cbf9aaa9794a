# SPDX-License-Identifier: Apache-2.0
"""The kernel against the published SM2 laboratory card, and CA keys of the payment network."""

from firmware.errors import FormatError
from firmware.formats import parameters
from firmware.kernel import capk, oda, oda_sm2, sda
from firmware.kernel.work import Work
from tests.published import entries, octets, whole
from tests.sm_card import ICC, SmSigner

BEFORE_ALL = (2000, 1, 1)
PAN = "6228000100001117"


def result(slices):
    return Work(slices, oda.OdaFailed).finish()


def failure(slices):
    """The step that failed, "" if none; slices: a generator."""
    try:
        result(slices)
    except oda.OdaFailed as failed:
        return str(failed)
    return ""


def issuer_steps(one, certificate=None, curves=b"\x11\x04"):
    ca = one["ca"]
    point = octets(ca["x"] + ca["y"])
    key = capk.new(octets(ca["rid"]), int(ca["index"], 16), oda_sm2, point, curves=curves)
    certificate = certificate or octets(one["issuer_certificate_90"])
    return oda_sm2.issuer_key(key, certificate, b"", b"", oda.KeyCache())


def icc_steps(issuer, certificate, static):
    """Generator: IccKey that fits its static data."""
    key = yield from oda_sm2.icc_key(issuer, certificate, b"", b"", PAN, BEFORE_ALL)
    oda_sm2.check_static(key, static)
    return key


def test_certificates_should_verify_as_published():
    """QT-218, QT-219, QT-224, QT-225, QT-228: two signatures of 90, two certificates 9F46."""
    one = whole("oda_sm2")
    issuer = result(issuer_steps(one))
    assert (issuer.owner, issuer.expires) == ("62280001", (2020, 12))
    body = octets(one["issuer_certificate_90"])[:-64]
    second = octets(one["second_signature_over_same_body"]["r_s"])
    assert result(issuer_steps(one, body + second)).point == issuer.point
    assert failure(issuer_steps(one, body + second[:-1] + b"\x00"))
    static = octets(one["icc_static_data"])
    for text in (one["icc_certificate_9F46"], one["second_icc_certificate"]["certificate_9F46"]):
        certificate = octets(text)
        key = result(icc_steps(issuer, certificate, static))
        assert key.point == certificate[20:84]
        for wrong in (b"", static + b"\x5c\x00", static[:-1]):
            assert failure(icc_steps(issuer, certificate, wrong)) == "ICC certificate signature"
    late = oda_sm2.icc_key(issuer, certificate, b"", b"", PAN, (2021, 1, 1))
    assert failure(late) == "ICC certificate expired"


def test_curve_of_the_laboratory_should_be_refused_by_default():
    """QT-223: both certificates 9F46 say 04 where annex A lists 11; 90 says 11."""
    one = whole("oda_sm2")
    issuer = result(issuer_steps(one, curves=b"\x11"))
    certificate, static = octets(one["icc_certificate_9F46"]), octets(one["icc_static_data"])
    assert failure(icc_steps(issuer, certificate, static)) == "ICC certificate curve 04"


def test_static_signature_should_give_its_code():
    """QT-231: 93 of the published card over its static record."""
    one = whole("oda_sm2")
    issuer = result(issuer_steps(one))
    ssad, static = octets(one["ssad_93"]), octets(one["icc_static_data"])
    assert result(sda.check_sm2(issuer, ssad, static)) == b"\xda\xc1"
    for wrong, said, step in (
        (ssad, static + b"\x5c\x00", "SSAD signature"),
        (ssad, b"", "SSAD signature"),
        (ssad[:1] + b"\xda\xc2" + ssad[3:], static, "SSAD signature"),
        (b"\x15" + ssad[1:], static, "SSAD format"),
        (ssad[:-1], static, "SSAD length"),
        (ssad + b"\x00", static, "SSAD length"),
        (ssad[:35] + bytes(32), static, "SSAD: r or s is out of range"),
    ):
        assert failure(sda.check_sm2(issuer, wrong, said)) == step


def test_signature_by_the_published_card_key_should_verify():
    """QT-229, QT-230: the laboratory card's private key, with a k whose point is known."""
    one = whole("oda_sm2")
    certificate = octets(one["icc_certificate_9F46"])
    issuer, point = result(issuer_steps(one)), certificate[20:84]
    key = result(icc_steps(issuer, certificate, octets(one["icc_static_data"])))
    d = one["icc_private_key_d"]
    signer = SmSigner(d, point.hex(), "%064x" % ICC.k, "%064x" % ICC.x1)
    head, data = b"\x15\x03\x02\x00\x07", bytes.fromhex("A1B2C3D4")
    sdad = head + signer.sign(head + data)
    opened = result(oda_sm2.open_sdad(key, sdad, b"\x00\x07"))
    assert opened.verify(data) and not opened.verify(data + b"\x00")


def line_of(one):
    if "x" in one:
        return "ca: SM2 %s %s %s%s" % (one["rid"], one["index"], one["x"], one["y"])
    words = (one["rid"], one["index"], one["exponent"], one["modulus"], one["sha1"])
    return "ca: RSA %s %s %s %s - %s" % words


def spoilt(line):
    return line[:-1] + ("0" if line[-1] != "0" else "1")


def loaded(line):
    return parameters.parse("fare_fen: 1\n" + line).capks[0]


def test_published_ca_keys_should_be_loaded():
    """QT-016, QT-018, QT-019, QT-020: each by its checksum; 2008 bits are more than the 1984 of
    the standard.
    """
    count = 0
    for one in entries("capk_unionpay", "rsa"):
        count += 1
        line = line_of(one)
        if len(one["modulus"]) > 2 * 248:
            assert one["index"] == "85" and refused(line)
            continue
        key = loaded(line)
        assert (key.rid, key.index) == (octets(one["rid"]), int(one["index"], 16))
        assert key.key == octets(one["modulus"]) and key.exponent == int(one["exponent"], 16)
        assert key.checksum == octets(one["sha1"])
        assert refused(spoilt(line))
    assert count == 36


def test_published_sm2_keys_should_lie_on_the_curve():
    """QT-216."""
    points = []
    for one in entries("capk_unionpay", "sm2"):
        key = loaded(line_of(one))
        points.append(key.key)
        assert key.suite is oda_sm2 and key.key == octets(one["x"] + one["y"])
        assert refused(spoilt(line_of(one)))
    assert len(points) == 3


def refused(line):
    try:
        loaded(line)
    except FormatError:
        return True
    return False
