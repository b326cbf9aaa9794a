# SPDX-License-Identifier: Apache-2.0
"""Offline data authentication with RSA: every field of the recovered blocks (QT-189 to QT-205)."""

from firmware.kernel import capk, oda, oda_rsa, rsa, tags
from firmware.kernel.work import Work
from tests.cards import present, purchase_from
from tests.small_card import (
    CA,
    CAPK,
    ICC,
    ISSUER,
    ISSUER_CERTIFICATE,
    RID,
    TODAY,
    SmallCard,
    bend,
    icc_fields,
    issuer_fields,
    replaced,
    sealed,
    values,
)

PAN = "6228000100000010"
REST = ISSUER.modulus[64:]


def failure(slices):
    """The step that failed, "" if none; slices: a generator."""
    try:
        Work(slices, oda.OdaFailed).finish()
    except oda.OdaFailed as failed:
        return str(failed)
    return ""


def issuer(certificate=ISSUER_CERTIFICATE, remainder=REST, exponent=ISSUER.exponent, capk=CAPK):
    return oda_rsa.issuer_key(capk, certificate, remainder, exponent, oda.KeyCache())


ABOVE = Work(issuer(), oda.OdaFailed).finish()


def icc(
    certificate,
    remainder=ICC.modulus[38:],
    exponent=ICC.exponent,
    pan=PAN,
    today=TODAY,
    above=ABOVE,
):
    return oda_rsa.icc_key(above, certificate, remainder, exponent, pan, today)


def changed(fields, at, value):
    return fields[:at] + bytes((value,)) + fields[at + 1 :]


def raw(key, block):
    """Sign a whole block, its hash and trailer as they are."""
    return key.sign(block)


def block_of(key, certificate):
    return pow(int.from_bytes(certificate, "big"), key.e, key.n).to_bytes(len(key.modulus), "big")


ISSUER_FLIPS = (  # offset in the recovered block, value, the step that names it
    (-1, 0xBD, "issuer certificate trailer"),
    (0, 0x6B, "issuer certificate header"),
    (1, 0x04, "issuer certificate format"),
    (2, 0x63, "issuer certificate hash"),  # issuer id
    (6, 0x11, "issuer certificate hash"),  # expiry
    (8, 0x01, "issuer certificate hash"),  # serial
    (11, 0x07, "issuer certificate hash algorithm"),
    (12, 0x04, "issuer certificate hash"),  # key algorithm
    (13, 0x4F, "issuer certificate hash"),  # key length
    (14, 0x03, "issuer certificate hash"),  # exponent length
    (20, 0x00, "issuer certificate hash"),  # modulus
    (-2, 0x00, "issuer certificate hash"),
)


def test_issuer_certificate_should_fail_at_each_byte():
    """QT-190, QT-191: header, format, trailer, and the hash over all the rest."""
    block = block_of(CA, ISSUER_CERTIFICATE)
    assert block[0] == 0x6A and block[-1] == 0xBC
    for at, value, step in ISSUER_FLIPS:
        at %= len(block)
        assert block[at] != value
        assert failure(issuer(raw(CA, changed(block, at, value)))) == step, at
    assert failure(issuer(raw(CA, block))) == ""


def test_issuer_certificate_should_hold_what_it_promises():
    """QT-020, QT-188, QT-189, QT-195, QT-196, with a hash that is right."""
    good = issuer_fields()
    for fields, remainder, exponent, step in (
        (changed(good, 11, 0x02), REST, b"\x03", "issuer certificate algorithm"),
        (changed(good, 11, 0x04), REST, b"\x03", "issuer certificate algorithm"),
        (changed(good, 12, 101), REST + bytes(21), b"\x03", "issuer certificate key length"),
        (changed(good, 12, 63), b"", b"\x03", "issuer certificate key length"),
        (changed(good, 13, 3), REST, b"\x03", "issuer certificate exponent length"),
        (good, REST[:-1], b"\x03", "issuer certificate remainder length"),
        (good, b"", b"\x03", "issuer certificate remainder length"),
        (changed(good, 12, 64), REST, b"\x03", "issuer certificate remainder not due"),
        (good, REST, b"\x01", "exponent"),
        (good, REST, b"\x02", "exponent"),
        (good, REST, b"\x11", "exponent"),
        (changed(good, 13, 0), REST, b"", "exponent"),
        (changed(good, 13, 4), REST, b"\x00\x01\x00\x01", "exponent"),
        (changed(good, 5, 0x13), REST, b"\x03", "issuer certificate expiry format"),
        (changed(good, 14, 0), REST, b"\x03", "issuer certificate modulus"),
    ):
        certificate = sealed(CA, fields, remainder + exponent)
        assert failure(issuer(certificate, remainder, exponent)) == step, step
    for certificate in (ISSUER_CERTIFICATE[:-1], ISSUER_CERTIFICATE + b"\x00", b""):
        assert failure(issuer(certificate)) == "issuer certificate length"
    assert failure(issuer(remainder=REST[:-1] + b"\x00")) == "issuer certificate hash"
    assert failure(issuer(exponent=b"\x01")) == "issuer certificate hash"


def test_issuer_should_own_the_card_and_be_alive():
    """QT-192, QT-193: three to eight digits, F padded; the last day of the month."""
    for owner, pan, good in (
        ("622fffff", PAN, True),
        ("622800ff", PAN, True),
        ("62280001", PAN, True),
        ("62280002", PAN, False),
        ("62ffffff", PAN, False),
        ("ffffffff", PAN, False),
        ("62280a01", PAN, False),
    ):
        key = Work(
            issuer(sealed(CA, issuer_fields(owner), REST + b"\x03")), oda.OdaFailed
        ).finish()
        try:
            oda.check_issuer(key, pan, TODAY, ())
        except oda.OdaFailed as failed:
            assert not good and str(failed) == "issuer certificate issuer id"
            continue
        assert good, owner
    for today, good in (((2049, 12, 31), True), ((2050, 1, 1), False)):
        try:
            oda.check_issuer(ABOVE, PAN, today, ())
        except oda.OdaFailed as failed:
            assert not good and str(failed) == "issuer certificate expired"
            continue
        assert good


def icc_certificate(
    fields=None, static=b"static", remainder=ICC.modulus[38:], exponent=ICC.exponent
):
    return sealed(ISSUER, fields or icc_fields(PAN), remainder + exponent + static)


ICC_FLIPS = (
    (-1, 0x00, "ICC certificate trailer"),
    (0, 0x00, "ICC certificate header"),
    (1, 0x02, "ICC certificate format"),
    (2, 0x63, "ICC certificate card number"),
    (17, 0x02, "ICC certificate hash algorithm"),
    (18, 0x02, "ICC certificate algorithm"),
    (20, 0x01, "ICC certificate exponent length"),
)


def test_icc_certificate_should_fail_at_each_byte():
    """QT-198, QT-200, QT-202."""
    block = block_of(ISSUER, icc_certificate())
    for at, value, step in ICC_FLIPS:
        at %= len(block)
        assert failure(icc(raw(ISSUER, changed(block, at, value)))) == step, at
    for at in range(1, len(block) - 1):  # what is no check of its own is under the hash
        spoilt = raw(ISSUER, changed(block, at, block[at] ^ 0x10))
        step = failure(icc(spoilt))
        if not step:
            key = Work(icc(spoilt), oda.OdaFailed).finish()
            try:
                oda_rsa.check_static(key, b"static")
            except oda.OdaFailed as failed:
                step = str(failed)
        assert step, at


def test_icc_certificate_should_hold_what_it_promises():
    """QT-020, QT-197, QT-200, QT-201, QT-202, QT-215; 11, 16 and 19 digits."""
    good = icc_fields(PAN)
    for fields, remainder, exponent, step in (
        (
            changed(good, 18, 81),
            ICC.modulus[38:] + bytes(17),
            ICC.exponent,
            "ICC certificate key length",
        ),
        (changed(good, 18, 63), ICC.modulus[38:], ICC.exponent, "ICC certificate key length"),
        (good, ICC.modulus[39:], ICC.exponent, "ICC certificate remainder length"),
        (changed(good, 18, 0), b"", ICC.exponent, "ICC certificate key length"),
        (good, ICC.modulus[38:], b"\x00\x00\x05", "exponent"),
        (good, ICC.modulus[38:], b"\x00\x00\x01", "exponent"),
        (good, ICC.modulus[38:], b"\x00\x00\x11", "exponent"),
        (changed(good, 17, 0x04), ICC.modulus[38:], ICC.exponent, "ICC certificate algorithm"),
        (icc_fields(PAN, "1335"), ICC.modulus[38:], ICC.exponent, "ICC certificate expiry format"),
        (icc_fields(PAN, "1026"), ICC.modulus[38:], ICC.exponent, "ICC certificate expired"),
        (changed(good, 20, 0), ICC.modulus[38:], ICC.exponent, "ICC certificate modulus"),
    ):
        certificate = icc_certificate(fields, remainder=remainder, exponent=exponent)
        assert failure(icc(certificate, remainder, exponent)) == step, step
    for certificate in (icc_certificate()[1:], icc_certificate() + b"\x00", b""):
        assert failure(icc(certificate)) == "ICC certificate length"
    assert failure(icc(icc_certificate(icc_fields(PAN, "1126")))) == ""  # the month is not over
    assert failure(icc(icc_certificate(), pan="6228000100000028")) == "ICC certificate card number"
    for digits in ("62280001000", "6228000100000010123"):
        made = icc_certificate(icc_fields(digits))
        assert failure(icc(made, pan=digits)) == ""
        for other in (digits[:-1], digits + "0", digits[:-1] + "9"):
            assert failure(icc(made, pan=other)) == "ICC certificate card number"
    assert failure(icc(icc_certificate(), today=(2036, 1, 1))) == "ICC certificate expired"


def test_static_data_should_be_under_the_hash():
    """QT-199: one byte, another order, the AIP left out."""
    key = Work(icc(icc_certificate(static=b"onetwo" + b"\x7c\x00")), oda.OdaFailed).finish()
    oda_rsa.check_static(key, b"onetwo\x7c\x00")
    for static in (b"onetwp\x7c\x00", b"twoone\x7c\x00", b"onetwo", b"onetwo\x7c\x80", b""):
        try:
            oda_rsa.check_static(key, static)
        except oda.OdaFailed as failed:
            assert str(failed) == "ICC certificate hash"
            continue
        raise AssertionError(static)


def test_static_data_should_follow_file_and_tag_list():
    """QT-138, QT-139, QT-140."""
    short, long = b"\x70\x03\x57\x01\x12", b"\x70\x81\x80" + bytes(128)
    aip = b"\x7c\x00"
    assert oda.static_data([(1, short)], None, aip) == short[2:]
    assert oda.static_data([(10, long)], None, aip) == long[3:]
    assert oda.static_data([(11, short), (30, short)], b"\x82", aip) == short + short + aip
    assert oda.static_data([], b"\x82", aip) == aip
    assert oda.static_data([], None, aip) == b""
    for records, tag_list in (
        ([(1, b"\x71\x00")], None),
        ([], b"\x82\x84"),
        ([], b""),
        ([], b"\x84"),
        ([(1, short)], b"\x82\x82"),
    ):
        try:
            oda.static_data(records, tag_list, aip)
        except oda.OdaFailed:
            continue
        raise AssertionError((records, tag_list))


CARD_KEY = oda_rsa.IccKey(oda_rsa.Key(ICC.modulus, ICC.e, (2035, 12), PAN, b""), b"", b"")
SDAD = SmallCard(atc=5).signature(b"\xa1\xb2\xc3\xd4")
SDAD_FLIPS = (
    (-1, 0xBB, "SDAD trailer"),
    (0, 0x60, "SDAD header"),
    (1, 0x95, "SDAD format"),  # another scheme
    (2, 0x07, "SDAD hash algorithm"),
    (3, 0x02, "SDAD padding"),
    (3, 40, "SDAD dynamic data length"),
    (3, 0xFF, "SDAD dynamic data length"),
    (4, 0x03, "SDAD dynamic number is not the ATC"),
    (5, 0x01, "SDAD dynamic number is not the ATC"),
    (6, 0x06, "SDAD dynamic number is not the ATC"),
    (7, 0xBA, "SDAD padding"),
    (42, 0x00, "SDAD padding"),
)


def opened(sdad, atc=b"\x00\x05"):
    return oda_rsa.open_sdad(CARD_KEY, sdad, atc)


def test_signed_dynamic_data_should_fail_at_each_byte():
    """QT-149, QT-203, QT-204, QT-205: all but the hash is seen before the commit."""
    block = block_of(ICC, SDAD)
    for at, value, step in SDAD_FLIPS:
        at %= len(block)
        assert block[at] != value
        assert failure(opened(raw(ICC, changed(block, at, value)))) == step, at
    for sdad in (SDAD[:-1], SDAD + b"\x00", b""):
        assert failure(opened(sdad)) == "SDAD length"
    assert failure(opened(SDAD, b"\x00\x06")) == "SDAD dynamic number is not the ATC"
    assert failure(opened(SDAD)) == ""


def test_recover_should_be_a_power_in_slices():
    """JR/T 0025.7 §12.2.1: e = 3 or 65537, one multiplication a slice."""
    for key, slices in ((CA, 1), (ICC, 16)):
        signed = key.sign(b"\x6a" + b"\x11" * (len(key.modulus) - 1))
        work = Work(rsa.recover(signed, key.modulus, key.e), oda.OdaFailed)
        count = 0
        while work.step():
            count += 1
        assert slices <= count <= slices + 1  # in C a division goes before
        assert work.finish() == b"\x6a" + b"\x11" * (len(key.modulus) - 1)
        assert not work.step()


def test_cache_should_know_all_bytes_and_stay_small():
    """QT-162: what was not used for longest goes; RSA keys leave nothing for idle time."""
    cache = oda.KeyCache()
    for number in range(oda.CACHE_SIZE + 2):
        cache.keep(bytes((number,)), number)
    assert cache.find(b"\x00") is None and cache.find(b"\x01") is None
    assert cache.find(bytes((oda.CACHE_SIZE + 1,))) == oda.CACHE_SIZE + 1
    assert len(cache.entries) == oda.CACHE_SIZE
    assert cache.find(b"\x02") == 2
    cache.keep(b"new", "new")
    assert cache.find(b"\x02") == 2 and cache.find(b"\x03") is None
    assert len(cache.entries) == oda.CACHE_SIZE and not cache.idle()


def test_forged_bytes_on_the_wire_should_stop_at_the_gate():
    """QT-147, QT-148: the same flips in what a card sends."""
    for head, tag, step in (
        ("00B20114", tags.ISSUER_CERTIFICATE, "issuer certificate"),
        ("00B20214", tags.ICC_CERTIFICATE, "ICC certificate"),
        ("80A8", tags.SDAD, "SDAD"),
    ):
        card = SmallCard()
        card.edit = bend(
            head,
            lambda pairs: replaced(pairs, tag, dict(pairs)[tag][:-1] + b"\x00"),  # noqa: B023
        )
        result = present(card, purchase_from(values(), TODAY, (CAPK,)))
        assert (result.reason, result.oda) == ("oda_failed", "failed")
        assert result.detail.startswith(step) and card.asked_last() == 0


def test_every_failing_step_should_stop_before_the_commit():
    """QT-147, QT-148, QT-149: each flip of the tables above, signed again, on the wire."""
    for head, tag, key, flips in (
        ("00B20114", tags.ISSUER_CERTIFICATE, CA, ISSUER_FLIPS),
        ("00B20214", tags.ICC_CERTIFICATE, ISSUER, ICC_FLIPS),
        ("80A8", tags.SDAD, ICC, SDAD_FLIPS),
    ):
        for at, value, step in flips:

            def bent(pairs):
                block = block_of(key, dict(pairs)[tag])  # noqa: B023
                spoilt = changed(block, at % len(block), value)  # noqa: B023
                return replaced(pairs, tag, raw(key, spoilt))  # noqa: B023

            card = SmallCard()
            card.edit = bend(head, bent)
            result = present(card, purchase_from(values(), TODAY, (CAPK,)))
            assert (result.outcome, result.taken, result.oda) == ("declined", False, "failed")
            assert result.detail == step and card.asked_last() == 0 and card.debits == []


def test_warm_cache_should_refuse_what_a_cold_one_refuses():
    """QT-162, QT-189, QT-191: other bytes, or the same bytes cut at another place."""
    cache = oda.KeyCache()

    def verdict(certificate, remainder, exponent, capk=CAPK):
        steps = oda_rsa.issuer_key(capk, certificate, remainder, exponent, cache)
        return failure(steps)

    assert verdict(ISSUER_CERTIFICATE, REST, b"\x03") == "" and len(cache.entries) == 1
    whole = ISSUER_CERTIFICATE + REST + b"\x03"
    for certificate, remainder, exponent in (
        (ISSUER_CERTIFICATE, REST[:-1] + b"\x00", b"\x03"),
        (ISSUER_CERTIFICATE[:-1] + b"\x00", REST, b"\x03"),
        (ISSUER_CERTIFICATE, REST, b"\x01\x00\x01"),
        (ISSUER_CERTIFICATE, b"", b"\x03"),
        (whole[:-4], whole[-4:-1], whole[-1:]),
        (whole[:101], whole[101:-1], whole[-1:]),
        (whole[:99], whole[99:-1], whole[-1:]),
        (ISSUER_CERTIFICATE, whole[100:-2], whole[-2:]),
        (ISSUER_CERTIFICATE, whole[100:], b""),
    ):
        assert verdict(certificate, remainder, exponent), (certificate, remainder, exponent)
    other = capk.new(RID, 0xF1, oda_rsa, ISSUER.modulus, 3)
    assert verdict(ISSUER_CERTIFICATE, REST, b"\x03", other) == "issuer certificate length"
    assert len(cache.entries) == 1
