# SPDX-License-Identifier: Apache-2.0
"""The kernel against published data: TLV, DOL, RSA chains of test cards, fDDA signatures.

The files lie in a folder `shared` beside the checkout and are skipped where it is not.
"""

import json
from pathlib import Path

import pytest

from firmware.errors import FormatError
from firmware.kernel import capk, dol, oda, oda_rsa, tlv
from firmware.kernel.work import Work

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "vectors"
BEFORE_ALL = (2000, 1, 1)


def vectors(name, *path, having=lambda one: True):
    """Entries of a file, one pytest.param each; a single skipped one where it is not there."""
    file = FOLDER / (name + ".json")
    if not file.exists():
        reason = f"{name}.json is not beside this checkout"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason), id="absent")]
    found = json.loads(file.read_text(encoding="utf-8"))
    for step in path:
        found = found[step]
    chosen = [one for one in found if having(one)]
    return [pytest.param(one, id=str(one.get("name", one.get("id")))) for one in chosen]


def tree(objects):
    return [
        {"tag": f"{one.tag:02X}", "length": len(one.value), "value": one.value.hex().upper()}
        if one.children is None
        else {"tag": f"{one.tag:02X}", "length": len(one.value), "children": tree(one.children)}
        for one in objects
    ]


@pytest.mark.parametrize("case", vectors("tlv", "cases"))
def test_tlv_should_be_read_as_published(case):
    data = bytes.fromhex(case["input"])
    if case["ok"]:
        assert tree(tlv.parse(data)) == case["tree"]
    else:
        with pytest.raises(FormatError):
            tlv.parse(data)


@pytest.mark.parametrize("case", vectors("dol", "cases"))
def test_dol_should_be_read_and_filled_as_published(case):
    data = bytes.fromhex(case["dol"])
    if not case["ok"]:
        with pytest.raises(FormatError):
            dol.parse(data)
        return
    entries = dol.parse(data)
    assert [[f"{tag:02X}", length] for tag, length in entries] == case["entries"]
    assert sum(length for _, length in entries) == case["data_length"]
    if "built" in case:
        values = {int(tag, 16): bytes.fromhex(value) for tag, value in case["sources"].items()}
        assert dol.fill(entries, values).hex().upper() == case["built"]


def capk_of(ca):
    index, exponent = int(ca["index"], 16), int(ca["exponent"], 16)
    return capk.new(
        bytes.fromhex(ca["rid"]), index, oda_rsa, bytes.fromhex(ca["modulus"]), exponent
    )


def value(card, tag):
    return bytes.fromhex(card.get(tag) or "")


def issuer_work(ca, card, certificate=None):
    steps = oda_rsa.issuer_key(
        capk_of(ca),
        certificate or value(card, "90"),
        value(card, "92"),
        value(card, "9F32"),
        oda.KeyCache(),
    )
    return Work(steps, oda.OdaFailed)


def icc_work(issuer, card, certificate=None):
    steps = oda_rsa.icc_key(
        issuer.finish(),
        certificate or value(card, "9F46"),
        value(card, "9F48"),
        value(card, "9F47"),
        card["5A"].rstrip("F"),
        BEFORE_ALL,
    )
    return Work(steps, oda.OdaFailed)


def chained(one):
    """(issuer Work, ICC Work) of a set."""
    issuer = issuer_work(one["ca"], one["card"])
    return issuer, icc_work(issuer, one["card"])


@pytest.mark.parametrize("one", vectors("oda_rsa", "sets"))
def test_certificates_should_open_as_published(one):
    issuer, icc = chained(one)
    key, wanted = issuer.finish(), one["expected"]["issuer"]
    assert key.modulus.hex().upper() == wanted["modulus"]
    assert key.exponent == int(wanted["exponent"], 16)
    assert (key.owner, key.serial.hex().upper()) == (
        wanted["issuer_id"].rstrip("F"),
        wanted["serial"],
    )
    if "icc" not in one["expected"]:
        return
    opened, wanted = icc.finish(), one["expected"]["icc"]
    assert opened.key.modulus.hex().upper() == wanted["modulus"]
    assert opened.key.exponent == int(wanted["exponent"], 16)
    if wanted["hash_ok"]:
        oda_rsa.check_static(opened, bytes.fromhex(one["static_data"]))
        with pytest.raises(oda.OdaFailed):
            oda_rsa.check_static(opened, bytes.fromhex(one["static_data"]) + b"\x00")


@pytest.mark.parametrize(
    "one", vectors("oda_rsa", "sets", having=lambda one: "sdad" in one["expected"])
)
def test_dynamic_signatures_should_open_as_published(one):
    _, icc = chained(one)
    wanted = one["expected"]["sdad"]
    number = bytes.fromhex(wanted["icc_dynamic_data"])
    steps = oda_rsa.open_sdad(icc.finish(), value(one["card"], "9F4B"), number[1:3])
    if one["kind"] != "DDA":
        with pytest.raises(oda.OdaFailed):  # CDA: its dynamic data are more than the number
            Work(steps, oda.OdaFailed).finish()
        return
    if number[0] != 2 or len(number) != 3:
        with pytest.raises(oda.OdaFailed, match="ATC"):  # no fDDA: another dynamic number, QT-205
            Work(steps, oda.OdaFailed).finish()
        return
    opened = Work(steps, oda.OdaFailed).finish()
    un = bytes.fromhex(one["terminal_dynamic_data"])
    assert opened.verify(un)
    assert not opened.verify(un[:-1] + b"\x00")


@pytest.mark.parametrize("one", vectors("oda_rsa", "sets", having=lambda one: "negative" in one))
def test_published_forgeries_should_fail(one):
    negative = {name: bytes.fromhex(text) for name, text in one["negative"].items()}
    issuer, icc = chained(one)
    number = bytes.fromhex(one["expected"]["sdad"]["icc_dynamic_data"])
    works = {
        "invalid_issuer_cert": lambda forged: issuer_work(one["ca"], one["card"], forged),
        "invalid_icc_cert": lambda forged: icc_work(issuer, one["card"], forged),
        "invalid_enc_sdad": lambda forged: Work(
            oda_rsa.open_sdad(icc.finish(), forged, number[1:3]), oda.OdaFailed
        ),
    }
    tried = [name for name in works if name in negative]
    assert tried
    for name in tried:
        with pytest.raises(oda.OdaFailed):
            works[name](negative[name]).finish()


@pytest.mark.parametrize("one", vectors("fdda", "qpboc_test_card", "vectors"))
def test_fdda_should_verify_as_published(one):
    """JR/T 0025.12 annex B: versions 00 and 01, and an amount changed by one fen."""
    file = json.loads((FOLDER / "fdda.json").read_text(encoding="utf-8"))
    chain = file["qpboc_test_card"]
    tags = (
        ("90", "issuer_cert_90"),
        ("92", "issuer_remainder_92"),
        ("9F32", "issuer_exponent_9F32"),
    )
    tags += (
        ("9F46", "icc_cert_9F46"),
        ("9F47", "icc_exponent_9F47"),
        ("9F48", "icc_remainder_9F48"),
    )
    card = {tag: chain[name] for tag, name in tags}
    card["5A"] = chain["icc_recovered"]["pan"]
    issuer, icc = chained({"ca": chain["ca"], "card": card})
    oda_rsa.check_static(icc.finish(), bytes.fromhex(chain["icc_static_data"]))
    atc = bytes.fromhex(one["icc_dynamic_number"])
    opened = Work(
        oda_rsa.open_sdad(icc.finish(), bytes.fromhex(one["sdad_9F4B"]), atc), oda.OdaFailed
    ).finish()
    fields = ("unpredictable_number", "amount_9F02", "currency_5F2A", "card_auth_related_9F69")
    un, amount, currency, related = [bytes.fromhex(one[field] or "") for field in fields]
    assert opened.verify(un + amount + currency + related) is one["verified"]
