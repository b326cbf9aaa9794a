# SPDX-License-Identifier: Apache-2.0
"""Offline data authentication with SM2: every field of certificates and signatures."""

from firmware.kernel import capk, oda, oda_sm2, sm2
from firmware.kernel.work import Work
from tests.sm_card import (
    CA,
    CAPK,
    ICC,
    ISSUER,
    ISSUER_CERTIFICATE,
    SmCard,
    icc_fields,
    issuer_fields,
    sealed,
)
from tests.small_card import RID, TODAY

PAN = "6228000100000010"
STATIC = b"static data\x7c\x00"
ICC_CERTIFICATE = sealed(ISSUER, icc_fields(PAN), STATIC)
OFF_CURVE = ICC.point[:-1] + bytes((ICC.point[-1] ^ 1,))
OUTSIDE = [value.to_bytes(32, "big") for value in (0, sm2.N, sm2.N + 1)]


def failure(slices):
    """The step that failed, "" if none; slices: a generator."""
    try:
        Work(slices, oda.OdaFailed).finish()
    except oda.OdaFailed as failed:
        return str(failed)
    return ""


def issuer(certificate=ISSUER_CERTIFICATE, key=CAPK, cache=None):
    return oda_sm2.issuer_key(key, certificate, b"", b"", cache or oda.KeyCache())


ABOVE = Work(issuer(), oda.OdaFailed).finish()


def icc(certificate=ICC_CERTIFICATE, static=STATIC, pan=PAN, today=TODAY):
    """A generator that ends when all of the certificate was checked, the static data too."""
    key = yield from oda_sm2.icc_key(ABOVE, certificate, b"", b"", pan, today)
    oda_sm2.check_static(key, static)
    return key


def opened(sdad, data=b"data", atc=b"\x00\x05"):
    """A generator that ends when all of the signature was checked."""
    found = yield from oda_sm2.open_sdad(CARD_KEY, sdad, atc)
    oda.require(found.verify(data), "not what was signed")
    return found


CARD_KEY = Work(icc(), oda.OdaFailed).finish()
SDAD = SmCard(atc=5).signature(b"data")


def flipped(data, at):
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


def test_issuer_certificate_should_be_taken_as_it_is():
    """QT-218, QT-219, QT-224: format 12, 142 bytes, r and s over the first nine fields."""
    assert len(ISSUER_CERTIFICATE) == 142 and failure(issuer()) == ""
    assert (ABOVE.owner, ABOVE.expires, ABOVE.serial) == ("622800", (2049, 12), b"\x00\x00\x01")
    assert ABOVE.point == ISSUER.point


def test_issuer_certificate_should_fail_at_each_byte():
    """QT-190, QT-218, QT-219, QT-223, QT-224, QT-232: one bit of any byte."""
    named = {
        0: "issuer certificate format",
        5: "issuer certificate expiry format",  # month 13
        10: "issuer certificate algorithm",
        11: "issuer certificate encryption algorithm",
        12: "issuer certificate curve 10",
        13: "issuer certificate key length",
    }
    for at in range(142):
        step = failure(issuer(flipped(ISSUER_CERTIFICATE, at)))
        if 14 <= at < 78:
            assert step == "issuer certificate key is not on the curve", at
        else:
            assert step == named.get(at, "issuer certificate signature"), (at, step)


def test_issuer_certificate_should_hold_what_it_promises():
    """QT-219, QT-223, QT-224, QT-232, signed rightly."""
    good = issuer_fields()
    for fields, step in (
        (b"\x13" + good[1:], "format"),
        (b"\x14" + good[1:], "format"),
        (issuer_fields(ids="01001140"), "algorithm"),
        (issuer_fields(ids="04011140"), "encryption algorithm"),
        (issuer_fields(ids="04000140"), "curve 01"),
        (issuer_fields(ids="04000440"), "curve 04"),
        (issuer_fields(ids="04001120"), "key length"),
        (issuer_fields(expiry="1349"), "expiry format"),
        (issuer_fields(point=OFF_CURVE), "key is not on the curve"),
        (issuer_fields(point=bytes(64)), "key is not on the curve"),
    ):
        assert failure(issuer(sealed(CA, fields))) == "issuer certificate " + step
    for certificate in (ISSUER_CERTIFICATE[:-1], ISSUER_CERTIFICATE + b"\x00", b""):
        assert failure(issuer(certificate)) == "issuer certificate length"
    assert failure(issuer(sealed(ISSUER, good))) == "issuer certificate signature"
    for value in OUTSIDE:
        r, s = ISSUER_CERTIFICATE[78:110], ISSUER_CERTIFICATE[110:]
        for signature in (value + s, r + value):
            step = failure(issuer(ISSUER_CERTIFICATE[:78] + signature))
            assert step == "issuer certificate: r or s is out of range"


def test_laboratory_curve_should_be_taken_where_the_parameters_say_so():
    """QT-223: published laboratory cards carry 04 where annex A lists 11."""
    lax = capk.new(RID, 0x57, oda_sm2, CA.point, curves=b"\x11\x04")
    cache = oda.KeyCache()
    for ids, key, good in (
        ("04000440", lax, True),
        ("04000440", CAPK, False),  # the cache does not forget which key was lax
        ("04001140", lax, True),
        ("04000140", lax, False),
    ):
        certificate = sealed(CA, issuer_fields(ids=ids))
        assert (failure(issuer(certificate, key, cache)) == "") is good, ids
    above = Work(issuer(sealed(CA, issuer_fields(ids="04000440")), lax), oda.OdaFailed).finish()
    certificate = sealed(ISSUER, icc_fields(PAN, ids="04000440"), STATIC)
    assert failure(oda_sm2.icc_key(above, certificate, b"", b"", PAN, TODAY)) == ""
    assert failure(icc(certificate)) == "ICC certificate curve 04"


def test_issuer_should_own_the_card_and_be_alive():
    """QT-220, QT-221, QT-222: digits of the number, last day of the month, serial."""
    for owner, pan, today, revoked, step in (
        ("622fffff", PAN, TODAY, (), ""),
        ("62280001", PAN, (2049, 12, 31), (b"\x00\x00\x02",), ""),
        ("62280002", PAN, TODAY, (), "issuer id"),
        ("62ffffff", PAN, TODAY, (), "issuer id"),
        ("622800ff", PAN, (2050, 1, 1), (), "expired"),
        ("622800ff", PAN, TODAY, (b"\x00\x00\x02", b"\x00\x00\x01"), "revoked"),
    ):
        certificate = sealed(CA, issuer_fields(owner))
        key = Work(issuer(certificate), oda.OdaFailed).finish()
        try:
            oda.check_issuer(key, pan, today, revoked)
        except oda.OdaFailed as failed:
            assert step and str(failed) == "issuer certificate " + step
            continue
        assert not step, owner


def test_icc_certificate_should_fail_at_each_byte():
    """QT-225, QT-226, QT-228, QT-232: one bit of any byte, the static data among them."""
    assert len(ICC_CERTIFICATE) == 148 and failure(icc()) == ""
    named = {
        0: "ICC certificate format",
        11: "ICC certificate expiry format",  # month 13
        16: "ICC certificate algorithm",
        17: "ICC certificate encryption algorithm",
        18: "ICC certificate curve 10",
        19: "ICC certificate key length",
    }
    for at in range(148):
        step = failure(icc(flipped(ICC_CERTIFICATE, at)))
        if 1 <= at < 11:
            assert step == "ICC certificate card number", at
        elif 20 <= at < 84:
            assert step == "ICC certificate key is not on the curve", at
        else:
            assert step == named.get(at, "ICC certificate signature"), (at, step)
    for at in range(len(STATIC)):
        assert failure(icc(static=flipped(STATIC, at))) == "ICC certificate signature"
    for static in (STATIC[:-2], b"", STATIC + b"\x00"):
        assert failure(icc(static=static)) == "ICC certificate signature"


def test_icc_certificate_should_hold_what_it_promises():
    """QT-225, QT-226, QT-227, QT-228, signed rightly."""
    good = icc_fields(PAN)
    for fields, step in (
        (b"\x12" + good[1:], "format"),
        (icc_fields("6228000100000028"), "card number"),
        (icc_fields(PAN + "000"), "card number"),
        (icc_fields(PAN, "1026"), "expired"),
        (icc_fields(PAN, "0035"), "expiry format"),
        (icc_fields(PAN, ids="01001140"), "algorithm"),
        (icc_fields(PAN, ids="04000440"), "curve 04"),
        (icc_fields(PAN, point=OFF_CURVE), "key is not on the curve"),
    ):
        assert failure(icc(sealed(ISSUER, fields, STATIC))) == "ICC certificate " + step
    for certificate in (ICC_CERTIFICATE[:-1], ICC_CERTIFICATE + b"\x00", b"", ISSUER_CERTIFICATE):
        assert failure(icc(certificate)) == "ICC certificate length"
    assert failure(icc(sealed(ISSUER, icc_fields(PAN, "1126"), STATIC))) == ""  # month not over
    assert failure(icc(sealed(CA, good, STATIC))) == "ICC certificate signature"
    for digits in ("62280001000", "6228000100000010123"):  # QT-132: 11 and 19
        assert failure(icc(sealed(ISSUER, icc_fields(digits), STATIC), pan=digits)) == ""


def test_signed_dynamic_data_should_fail_at_each_byte():
    """QT-149, QT-229, QT-230: format 15, LDD, 02 and the ATC, r and s."""
    assert len(SDAD) == 69 and failure(opened(SDAD)) == ""
    named = {0: "SDAD format", 1: "SDAD dynamic data length"}
    for at in range(69):
        step = failure(opened(flipped(SDAD, at)))
        if 2 <= at < 5:
            assert step == "SDAD dynamic number is not the ATC"
        else:
            assert step == named.get(at, "not what was signed"), (at, step)
    for data in (b"", b"dat", b"datb", b"data\x00"):
        assert failure(opened(SDAD, data)) == "not what was signed"


def test_signed_dynamic_data_should_have_its_lengths():
    """QT-229: LDD + 66 bytes, and nothing in them but 02 and the ATC."""
    for sdad, step in (
        (SDAD[:-1], "SDAD dynamic data length"),
        (SDAD + b"\x00", "SDAD dynamic data length"),
        (SDAD[:65], "SDAD length"),
        (b"", "SDAD length"),
        (b"\x15\x00" + SDAD[5:], "SDAD dynamic number is not the ATC"),
        (b"\x15\x04\x02\x00\x05\x00" + SDAD[5:], "SDAD dynamic number is not the ATC"),
        (b"\x15\xff" + SDAD[2:], "SDAD dynamic data length"),
        (b"\x95" + SDAD[1:], "SDAD format"),
    ):
        assert failure(opened(sdad)) == step
    assert failure(opened(SDAD, atc=b"\x00\x06")) == "SDAD dynamic number is not the ATC"
    for value in OUTSIDE:
        assert failure(opened(SDAD[:37] + value)) == "SDAD: r or s is out of range"


def test_heavy_part_should_be_done_before_the_data_are_known():
    """After open_sdad() and icc_key() SM3 and one comparison are left; each is in slices."""
    for steps in (
        issuer(),
        oda_sm2.icc_key(ABOVE, ICC_CERTIFICATE, b"", b"", PAN, TODAY),
        oda_sm2.open_sdad(CARD_KEY, SDAD, b"\x00\x05"),
    ):
        work, count = Work(steps, oda.OdaFailed), 0
        while work.step():
            count += 1
        assert count > 20


def test_table_of_a_key_should_change_nothing_but_the_time():
    """QT-162: what is made in idle time gives the same answers, good and bad."""
    cache = oda.KeyCache()
    key = Work(issuer(cache=cache), oda.OdaFailed).finish()
    assert len(cache.entries) == 2  # the CA's and the issuer's
    while cache.idle():
        pass
    assert not cache.idle() and key.table is not None
    assert failure(issuer(cache=cache)) == ""
    for certificate, step in (
        (ICC_CERTIFICATE, ""),
        (flipped(ICC_CERTIFICATE, 147), "ICC certificate signature"),
    ):
        work = Work(oda_sm2.icc_key(key, certificate, b"", b"", PAN, TODAY), oda.OdaFailed)
        try:
            oda_sm2.check_static(work.finish(), STATIC)
        except oda.OdaFailed as failed:
            assert str(failed) == step
            continue
        assert not step
    second = sealed(CA, issuer_fields("622801ff"))  # by the CA key, whose table is there too
    assert failure(issuer(second, cache=cache)) == ""
    assert failure(issuer(flipped(second, 141), cache=cache)) == "issuer certificate signature"


def test_tables_should_have_a_bound():
    """QT-162: the keys used last have them, 4,192 bytes each; the others still work."""
    cache = oda.KeyCache()
    certificates = [sealed(CA, issuer_fields("62280%dff" % number)) for number in range(6)]
    for certificate in certificates:
        Work(issuer(certificate, cache=cache), oda.OdaFailed).finish()
        while cache.idle():
            pass
    having = [key.owner for _, key in cache.entries if key.table]
    assert having == ["622803", "622804", "", "622805"] and oda.TABLES == 4  # "": the CA's
    assert len(cache.entries) == 7
    first = Work(issuer(certificates[0], cache=cache), oda.OdaFailed).finish()
    assert first.owner == "622800" and first.table is None
    assert len([key for _, key in cache.entries if key.table]) == 3
    while cache.idle():
        pass
    assert first.table is not None
    assert len([key for _, key in cache.entries if key.table]) == oda.TABLES


def test_table_that_finds_no_room_should_be_done_without():
    """QT-162: a small heap ends the work in idle time, not the terminal."""

    class Crowded:
        table = None

        def improve(self):
            yield
            raise MemoryError

    cache = oda.KeyCache()
    cache.keep(b"one", Crowded())
    assert [cache.idle() for _ in range(4)] == [True, True, False, False]
    assert failure(issuer(cache=cache)) == "" and not cache.idle()
