# SPDX-License-Identifier: Apache-2.0
"""Fleet parameters: defaults, every key, every fault with its file and line."""

from hashlib import sha1

from firmware.formats import parameters
from firmware.formats.parameters import FareClass
from firmware.kernel.preprocess import NO_LIMITS, Limits
from tests.refusal import refusal

RID = "A000000333"
MODULUS = "C1" * 64
SEAL = sha1(bytes.fromhex(RID + "F1" + MODULUS + "03")).digest().hex()

WHOLE = """version: 7
fare_fen: 200
class: student 62280002 50
class: senior 622800030 1
aid: A0000003330101 partial
aid: A000000333010106 exact
ca: RSA %s F1 03 %s 20301231 %s
ca: RSA %s F2 010001 %s
deny: 6228000100000010
deny: 6228000200000010 1
deny: 6228000200000010 03
deny_list_version: 12
ttq: 28000080
currency: 0344
country: 0344
currency_exponent: 02
terminal_type: 25
transaction_type: 00
capabilities: 000800
more_capabilities: 6000F0F001
mcc: 4111
acquirer: 000048010000
merchant: 104290041112345
merchant_name: hex:B9ABBDBB
limit: A000000333010106 floor 700
limit: A000000333010106 cvm 600
limit: A0000003330101 transaction 400
floor_limit_9f1b: 00002710
status_check: yes
ceiling_fen: 500
transaction_limit_fen: 1000
cvm_limit_fen: 900
floor_limit_fen: 800
torn_window_s: 30
torn_count: 2
torn_prompt_s: 15
trans_prove: always
balance_before: yes
torn_over_restart: no
clock_from_year: 2026
same_card_s: 0
""" % (RID, MODULUS, SEAL, RID, MODULUS)


def against(text):
    return refusal(parameters.parse, text, "fleet.txt")


def test_every_key_should_be_read():
    read = parameters.parse(WHOLE)
    assert (read.version, read.fare_fen, read.deny_list_version) == (7, 200, 12)
    assert read.classes == (
        FareClass("student", "62280002", 50),
        FareClass("senior", "622800030", 1),
    )
    assert [(one.aid.hex().upper(), one.partial) for one in read.aids] == [
        ("A0000003330101", True),
        ("A000000333010106", False),
    ]
    first, second = read.capks
    assert (first.rid.hex().upper(), first.index, first.exponent) == (RID, 0xF1, 3)
    assert first.key == bytes.fromhex(MODULUS) and first.until == (2030, 12, 31)
    assert (second.index, second.exponent, second.until) == (0xF2, 65537, None)
    assert read.deny == {"6228000100000010": (), "6228000200000010": (1, 3)}  # QT-029
    assert read.ttq.hex() == "28000080" and read.status_check is True
    wanted = (
        ("5F2A", "0344"), ("9F1A", "0344"), ("5F36", "02"), ("9F35", "25"), ("9C", "00"),
        ("9F33", "000800"), ("9F40", "6000F0F001"), ("9F15", "4111"), ("9F01", "000048010000"),
        ("9F16", b"104290041112345".hex()), ("9F4E", "B9ABBDBB"),
    )  # fmt: skip
    assert read.standing == dict([(int(tag, 16), bytes.fromhex(text)) for tag, text in wanted])
    floor = bytes.fromhex("00002710")
    assert read.limits == Limits(1000, 900, 800, floor) and read.ceiling_fen == 500
    assert read.aid_limits == {  # QT-026
        bytes.fromhex("A000000333010106"): Limits(1000, 600, 700, floor),
        bytes.fromhex("A0000003330101"): Limits(400, 900, 800, floor),
    }
    assert (read.torn_window_s, read.torn_count, read.torn_over_restart) == (30, 2, False)
    assert (read.clock_from_year, read.same_card_s) == (2026, 0)
    assert (read.torn_prompt_s, read.trans_prove, read.balance_before) == (15, "always", True)


def test_defaults_should_be_those_of_an_offline_terminal():
    """QT-003, QT-006, QT-025, QT-026, QT-168, TD-005."""
    read = parameters.parse("fare_fen: 200")
    assert read.ttq.hex() == "28000080" and read.limits == NO_LIMITS
    assert [(one.aid.hex().upper(), one.partial) for one in read.aids] == [
        ("A0000003330101", True)
    ]
    assert read.standing == dict([  # QT-010, QT-093: what is not given is not there
        (tag, bytes.fromhex(text)) for tag, text in (
            (0x5F2A, "0156"), (0x9F1A, "0156"), (0x5F36, "02"), (0x9F35, "26"), (0x9C, "00"),
            (0x9F33, "0008C0"), (0x9F40, "6000001001"),
        )
    ])  # fmt: skip
    assert read.aid_limits == {} and read.status_check is False  # QT-028
    assert (read.torn_window_s, read.torn_count, read.torn_over_restart) == (60, 3, True)
    assert (read.torn_prompt_s, read.trans_prove, read.balance_before) == (10, "fci", False)
    assert (read.same_card_s, read.ceiling_fen) == (60, 10000)
    assert (read.classes, read.capks, read.deny) == ((), (), {})


def test_deny_list_should_name_a_card_or_one_of_its_sequences():
    """QT-029: without a sequence number all are meant, whatever else stands there."""
    pan = "6228000100000010"
    for text in ("deny: %s\ndeny: %s 1" % (pan, pan), "deny: %s 1\ndeny: %s" % (pan, pan)):
        assert parameters.parse("fare_fen: 1\n" + text).deny == {pan: ()}


FAULTS = (
    "fare_fen: 0",
    "fare_fen: 10001",  # over the ceiling, TD-006
    "fare_fen: 2.00",
    "class: student 62280002",
    "class: student 62280002 50 x",
    "class: student 6228x 50",
    "class: student 62280002 0",
    "class: student 62280002 101",
    "class: student 62280002 \u00b2",
    "class: a-class-of-seventeen 62280002 50",
    "class: \u5b66\u751f 62280002 50",
    "aid: A0000003330101",
    "aid: A0000003330101 maybe",
    "aid: A0000003 partial",
    "aid: " + "A0" * 17 + " exact",
    "aid: A0000003330101x exact",
    "deny: 6228",
    "deny: 6228000100000010 1 2",
    "deny: 6228000100000010 100",
    "deny: 622800010000001x",
    "deny: " + "6" * 20,
    "ttq: 280000",
    "ttq: 26000080",  # no online authorisation here, QT-003
    "ttq: 28000000",  # no fDDA 01, QT-006
    "ttq: 68000080",  # nothing holds the card, QT-002
    "ttq: 2A000080",  # no printer, QT-004
    "currency_exponent: 0200",
    "capabilities: 0008",
    "more_capabilities: 00",
    "mcc: 411",
    "acquirer: 48",
    "merchant: 1234567890123456",
    "merchant_name: \u516c\u4ea4",
    "merchant_name: hex:B9A",
    "limit: A0000003330101 floor",
    "limit: A0000003330101 ceiling 1",
    "limit: A0000003330101 floor x",
    "limit: A000000333010106 floor 1",  # not listed
    "limit: x floor 1",
    "floor_limit_9f1b: 2710",
    "status_check: on",
    "ttq: A8000080",  # a reserved bit, QT-005
    "ttq: 08000080",  # no qPBOC, QT-001
    "currency: 156",
    "country: 00",
    "terminal_type: 2626",
    "torn_window_s: 0",
    "torn_count: 9",
    "torn_prompt_s: 0",
    "trans_prove: yes",
    "balance_before: 1",
    "torn_over_restart: maybe",
    "clock_from_year: 1969",
    "same_card_s: 86401",
    "nonsense: 1",
    "version: x",
)


def test_faults_should_name_file_and_line():
    for fault in FAULTS:
        wanted = "" if fault.startswith("fare_fen") else "fare_fen: 200"
        text = wanted + "\n\n" + fault + "\n"
        assert against(text).startswith("fleet.txt:3: "), fault
    assert "`fare_fen` is missing" in against("version: 1")
