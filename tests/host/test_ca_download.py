# SPDX-License-Identifier: Apache-2.0
"""CA keys as acquirers download them: TLV to parameter line and back."""

import json
from hashlib import sha1
from pathlib import Path

import pytest

from firmware.errors import FormatError
from firmware.formats import parameters
from firmware.kernel import oda_rsa, oda_sm2, tlv
from host_tools import ca_download
from tests.host.console import faretap

RID = "A000000333"
MODULUS = "C1" * 144
POINT = (  # laboratory key 57 of the network, as published
    "E8105E77861FD2EB727C84E36D3D4A5666BD0ADCE8781F0145D3D82D72B92748"
    "E22D5404C6C41F3EC8B790DE2F61CF29FAECB168C79F5C8666762D53CC26A460"
)
SEAL = sha1(bytes.fromhex(RID + "80" + MODULUS + "010001")).hexdigest().upper()
SM2_SEAL = sha1(bytes.fromhex(RID + "57" + POINT)).hexdigest().upper()
RSA_ITEMS = {
    0x9F06: RID,
    0x9F22: "80",
    0xDF05: "20301231",
    0xDF06: "01",
    0xDF07: "01",
    0xDF02: MODULUS,
    0xDF04: "010001",
    0xDF03: SEAL,
}
SM2_ITEMS = {0x9F06: RID, 0x9F22: "57", 0xDF06: "07", 0xDF07: "04", 0xDF02: POINT}
PUBLISHED = Path(__file__).resolve().parents[3] / "shared/vectors/capk_unionpay.json"


def record(items, **changed):
    values = {**items, **{int(tag[1:], 16): value for tag, value in changed.items()}}
    return b"".join(
        tlv.build(tag, bytes.fromhex(text)) for tag, text in values.items() if text is not None
    )


def test_every_item_should_go_there_and_back():
    """QT-018: RID, index, both algorithms, key, exponent, checksum, expiry."""
    line = ca_download.line_of(record(RSA_ITEMS))
    assert line == f"ca: RSA {RID} 80 010001 {MODULUS} 20301231 {SEAL}"
    assert ca_download.record_of(line) == record(RSA_ITEMS)
    (key,) = parameters.parse("fare_fen: 1\n" + line).capks
    assert (key.rid.hex().upper(), key.index, key.suite) == (RID, 0x80, oda_rsa)
    assert (key.key.hex().upper(), key.exponent, key.until) == (MODULUS, 65537, (2030, 12, 31))
    assert key.checksum.hex().upper() == SEAL
    line = ca_download.line_of(record(SM2_ITEMS))
    assert line == f"ca: SM2 {RID} 57 {POINT} -"
    assert ca_download.record_of(line) == record(SM2_ITEMS)
    (key,) = parameters.parse("fare_fen: 1\n" + line).capks
    assert (key.index, key.suite, key.key.hex().upper()) == (0x57, oda_sm2, POINT)
    sealed = {**SM2_ITEMS, 0xDF03: SM2_SEAL}
    line = ca_download.line_of(record(sealed))
    assert ca_download.record_of(line) == record(sealed)


def test_items_may_come_in_any_order_with_others_between():
    items = dict(reversed(RSA_ITEMS.items()))
    assert ca_download.line_of(record(items)) == ca_download.line_of(record(RSA_ITEMS))
    assert ca_download.line_of(record(RSA_ITEMS, xDF99="00")).endswith(SEAL)
    assert ca_download.line_of(record(RSA_ITEMS, xDF05=None, xDF03=None)).endswith(MODULUS + " -")


@pytest.mark.parametrize(
    "changed",
    [
        {"x9F06": "A0000003"},
        {"x9F06": None},
        {"x9F22": None},
        {"x9F22": "8080"},
        {"xDF05": "301231"},
        {"xDF06": "07"},
        {"xDF06": "0101"},
        {"xDF07": "02"},
        {"xDF07": None},
        {"xDF02": None},
        {"xDF04": None},
        {"xDF04": "0003"},
    ],
)
def test_bad_records_should_be_refused(changed):
    with pytest.raises(FormatError):
        ca_download.line_of(record(RSA_ITEMS, **changed))


def test_item_that_comes_twice_should_be_refused():
    with pytest.raises(FormatError, match="9F22 stands twice"):
        ca_download.line_of(record(RSA_ITEMS) + tlv.build(0x9F22, b"\x80"))


@pytest.mark.parametrize(
    "changed", [{"xDF03": "00" * 20}, {"xDF04": "11"}, {"xDF02": "C1" * 249}, {"x9F22": "81"}]
)
def test_key_that_no_terminal_would_load_should_not_be_printed(changed):
    """QT-019, QT-020: the line is loaded before it is shown."""
    done = faretap("ca", record(RSA_ITEMS, **changed).hex())
    assert done.returncode == 2 and "ca:" not in done.stdout


def test_command_should_turn_both_ways():
    done = faretap("ca", record(RSA_ITEMS).hex())
    assert done.returncode == 0 and done.stdout.startswith("ca: RSA A000000333 80 010001 C1")
    back = faretap("ca", done.stdout.strip())
    assert back.stdout.strip() == record(RSA_ITEMS).hex().upper()


@pytest.mark.skipif(not PUBLISHED.exists(), reason="capk_unionpay.json is not beside the checkout")
def test_published_keys_should_go_there_and_back():
    """QT-018: the keys of the network, live and test."""
    published = json.loads(PUBLISHED.read_text())
    count = 0
    for one in published["rsa"]:
        if one["bits"] > 1984:
            continue
        items = {**RSA_ITEMS, 0x9F22: one["index"], 0xDF02: one["modulus"]}
        items |= {0xDF04: one["exponent"], 0xDF03: one["sha1"]}
        assert ca_download.record_of(ca_download.line_of(record(items))) == record(items)
        count += 1
    for one in published["sm2"]:
        items = {**SM2_ITEMS, 0x9F22: one["index"], 0xDF02: one["x"] + one["y"]}
        assert ca_download.record_of(ca_download.line_of(record(items))) == record(items)
        count += 1
    assert count == 38
