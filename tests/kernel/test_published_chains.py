# SPDX-License-Identifier: Apache-2.0
"""The kernel against published chains: RSA certificates and signatures of test cards."""

from firmware.kernel import capk, oda, oda_rsa, sda
from firmware.kernel.work import Work
from tests.published import entries, octets, whole

BEFORE_ALL = (2000, 1, 1)


def failure(slices):
    """The step that failed, "" if none; slices: a generator."""
    try:
        Work(slices, oda.OdaFailed).finish()
    except oda.OdaFailed as failed:
        return str(failed)
    return ""


def result(slices):
    return Work(slices, oda.OdaFailed).finish()


def ca_key(ca):
    modulus, exponent = octets(ca["modulus"]), int(ca["exponent"], 16)
    return capk.new(octets(ca["rid"]), int(ca["index"], 16), oda_rsa, modulus, exponent)


def issuer_steps(one, certificate=None):
    card = one["card"]
    return oda_rsa.issuer_key(
        ca_key(one["ca"]),
        certificate or octets(card["90"]),
        octets(card.get("92")),
        octets(card["9F32"]),
        oda.KeyCache(),
    )


def icc_steps(issuer, card, certificate=None):
    return oda_rsa.icc_key(
        issuer,
        certificate or octets(card["9F46"]),
        octets(card.get("9F48")),
        octets(card["9F47"]),
        card["5A"].rstrip("F"),
        BEFORE_ALL,
    )


def agrees(key, wanted):
    assert key.modulus == octets(wanted["modulus"])
    assert key.exponent == int(wanted["exponent"], 16)


def test_certificates_should_open_as_published():
    """QT-189, QT-191, QT-196, QT-197, QT-199, QT-202: modulus, exponent, owner, serial, hashes."""
    count = 0
    for one in entries("oda_rsa", "sets"):
        count += 1
        key, wanted = result(issuer_steps(one)), one["expected"]["issuer"]
        agrees(key, wanted)
        assert key.owner == wanted["issuer_id"].rstrip("F")
        assert key.serial == octets(wanted["serial"])
        if "icc" not in one["expected"]:
            continue
        icc, wanted = result(icc_steps(key, one["card"])), one["expected"]["icc"]
        agrees(icc.key, wanted)
        if wanted["hash_ok"]:
            static = octets(one["static_data"])
            oda_rsa.check_static(icc, static)
            try:
                oda_rsa.check_static(icc, static + b"\x00")
            except oda.OdaFailed:
                continue
            raise AssertionError(one["name"])
    assert count == 10


def test_static_signatures_should_give_their_code():
    """QT-212: 93 of the published test card, with and without a static record."""
    codes = []
    for one in entries("oda_rsa", "sets"):
        if "ssad" not in one["expected"]:
            continue
        issuer = result(issuer_steps(one))
        ssad, static = octets(one["card"]["93"]), octets(one["static_data"])
        codes.append(result(sda.check_rsa(issuer, ssad, static)))
        assert codes[-1] == octets(one["expected"]["ssad"]["dac"])
        assert failure(sda.check_rsa(issuer, ssad, static + b"\x00")) == "SSAD hash"
        assert failure(sda.check_rsa(issuer, ssad[:-1], static)) == "SSAD length"
        other = octets(one["card"]["90"])  # of the right length, signed by nobody
        assert failure(sda.check_rsa(issuer, other, static)) == "SSAD trailer"
    assert codes == [b"\xda\xc1"] * 3


def test_dynamic_signatures_should_open_as_published():
    """QT-203, QT-204, QT-205: DDA of other cards; their numbers are no ATC, CDA is no fDDA."""
    kinds = []
    for one in entries("oda_rsa", "sets"):
        if "sdad" not in one["expected"]:
            continue
        number = octets(one["expected"]["sdad"]["icc_dynamic_data"])
        icc = result(icc_steps(result(issuer_steps(one)), one["card"]))
        steps = oda_rsa.open_sdad(icc, octets(one["card"]["9F4B"]), number[1:3])
        kinds.append(one["kind"])
        if one["kind"] != "DDA" or number[0] != 2 or len(number) != 3:
            assert failure(steps) == "SDAD dynamic number is not the ATC"
            continue
        opened, un = result(steps), octets(one["terminal_dynamic_data"])
        assert opened.verify(un) and not opened.verify(un[:-1] + b"\x00")
    assert sorted(kinds) == ["CDA", "DDA", "DDA"]


def test_published_forgeries_should_fail():
    tried = 0
    for one in entries("oda_rsa", "sets"):
        if "negative" not in one:
            continue
        negative = one["negative"]
        issuer = result(issuer_steps(one))
        if "invalid_issuer_cert" in negative:
            assert failure(issuer_steps(one, octets(negative["invalid_issuer_cert"])))
            forged = octets(negative["invalid_icc_cert"])
            assert failure(icc_steps(issuer, one["card"], forged))
            assert failure(sda.check_rsa(issuer, octets(negative["invalid_enc_ssad"]), b""))
            tried += 3
        number = octets(one["expected"]["sdad"]["icc_dynamic_data"])
        icc = result(icc_steps(issuer, one["card"]))
        assert failure(oda_rsa.open_sdad(icc, octets(negative["invalid_enc_sdad"]), number[1:3]))
        tried += 1
    assert tried == 5


def fdda_chain():
    """(IccKey, its static data) of the published laboratory card."""
    chain = whole("fdda", "qpboc_test_card")
    names = {
        "90": "issuer_cert_90",
        "92": "issuer_remainder_92",
        "9F32": "issuer_exponent_9F32",
        "9F46": "icc_cert_9F46",
        "9F47": "icc_exponent_9F47",
        "9F48": "icc_remainder_9F48",
    }
    card = {tag: chain[name] for tag, name in names.items()}
    card["5A"] = chain["icc_recovered"]["pan"]
    issuer = result(issuer_steps({"ca": chain["ca"], "card": card}))
    return result(icc_steps(issuer, card)), octets(chain["icc_static_data"])


def test_fdda_should_verify_as_published():
    """QT-207, QT-208, QT-209: versions 00 and 01, and an amount changed by one fen."""
    icc, static = fdda_chain()
    oda_rsa.check_static(icc, static)
    heard = []
    for one in entries("fdda", "vectors"):
        atc = octets(one["icc_dynamic_number"])
        opened = result(oda_rsa.open_sdad(icc, octets(one["sdad_9F4B"]), atc))
        fields = ("unpredictable_number", "amount_9F02", "currency_5F2A", "card_auth_related_9F69")
        data = b"".join([octets(one[field]) for field in fields])
        assert data == octets(one["terminal_dynamic_data"])
        assert opened.verify(data) is one["verified"], one["name"]
        heard.append(one["verified"])
    assert heard == [True, True, False]
