# SPDX-License-Identifier: Apache-2.0
"""The virtual PN532 in-process: its commands and its cards (PS-08..PS-13, PS-16, PS-17, PS-20)."""

import pytest

from sim.timing import Timing
from tests.host.virtual_host import (
    ACK,
    ATS,
    ERROR,
    UID,
    VERSION,
    VERSION_ANSWER,
    FakeCard,
    FakeField,
    answer,
    command,
    listed,
    started,
)

AIR = Timing(link=False)

# --- the command table ---
TABLE = [
    ("0000666f6f", "0100666f6f"), ("0001", "0100"), ("0002", "0100"), ("000401", "0180"),
    ("0006", "0100"), ("000720", "0100"), ("02", "0332010607"),
    ("04", "050000010100000000"), ("0663026303", "070000"), ("0863020f63031f", "09"),
    ("0c", "0d3f0601"), ("0e8081", "0f"), ("1004", "11"), ("1214", "13"), ("1401", "15"),
    ("140114", "15"), ("14011401", "15"), ("16f0", "1700"), ("16f000", "1700"), ("320100", "33"),
    ("3202000b0a", "33"), ("320400", "33"), ("3205ff0102", "33"), ("320a" + "00" * 11, "33"),
    ("320b" + "00" * 8, "33"), ("320c000000", "33"), ("320d" + "00" * 9, "33"),
    ("40010002", "41000001"), ("40020002", "4127"), ("40010700", None), ("42", "4301"),
    ("4400", "4500"),
    ("4401", "4500"), ("4402", "4527"), ("5201", "5300"), ("5200", "5300"), ("5401", "5500"),
    ("5402", "5527"),
    ("4e010202", "4f01"), ("4e020000", "4f27"), ("86", "8727"), ("8e00", "8f27"),
    ("88", "8927"), ("9000", "9127"),
]  # fmt: skip


@pytest.mark.parametrize("asked, wanted", [row for row in TABLE if row[1]])
def test_commands_should_answer_as_the_table_says(asked, wanted):
    """PS-08: every command of the chapter, its status where it has one."""
    assert listed(FakeCard()).ask(command(asked)) == answer(wanted)


REFUSED = [
    "00", "0003", "000100", "0200", "0400", "0663", "066302ff", "086302", "0e00", "10", "1009",
    "12", "1400", "1405", "1401000000", "16", "3203000000", "320100ff", "32ff00", "40", "44",
    "4a00", "4a0000", "4a0300", "4a0105", "4a0103", "4a010001", "4e0103ff", "4e01", "52", "54",
    "600001", "6001ff20", "6001017f", "8c00", "ff", "46", "50", "56", "8a",
]  # fmt: skip


@pytest.mark.parametrize("asked", REFUSED)
def test_unknown_codes_and_wrong_lengths_should_get_the_error_frame(asked):
    """PS-08: and the next command is answered."""
    host = listed(FakeCard())
    assert host.ask(command(asked)) == ACK + ERROR
    assert host.ask(VERSION) == VERSION_ANSWER


def test_registers_and_pins_should_be_kept():
    """PS-10: each address by itself; 6339 holds what was sent last when no card answered."""
    host = started()
    assert host.ask(command("066339")) == answer("0726")  # nfcpy: no SENS_RES
    host.ask(command("08630283633c10"))
    assert host.ask(command("066302633c6303")) == answer("07831000")
    host.ask(command("08633912"))
    assert host.ask(command("066339")) == answer("0712")
    host.ask(command("3205ff0100"))
    host.ask(command("4a0100"))
    assert host.ask(command("066339")) == answer("0726"), "nfcpy: still the WUPA, no SENS_RES"
    host.ask(command("0e8500"))
    assert host.ask(command("0c")) == answer("0d050601")


def test_dropped_pre_and_postamble_should_leave_the_core():
    host = started()
    host.ask(command("1254"))
    assert host.ask(VERSION) == ACK + bytes.fromhex("00ff06fad50332010607e8")


# --- cards ---
def test_diagnose_06_should_follow_the_card():
    """PS-11: away and back again."""
    card = FakeCard()
    host = listed(card)
    assert host.ask(command("0006")) == answer("0100")
    host.chip.radio.field.here.remove(card)
    assert host.ask(command("0006")) == answer("0101")
    host.chip.radio.field.here.append(card)  # back again: needs a new InListPassiveTarget
    assert host.ask(command("0006")) == answer("0101")
    assert host.ask(command("40010005")) == answer("4101")
    host.ask(command("4a0100"))
    assert host.ask(command("40010005")) == answer("4100", bytes(range(5)))


def test_finite_retries_should_end_without_a_card():
    """PS-12: types 0 to 4; FF waits, see test_chip.py."""
    host = started()
    host.ask(command("3205ff0102"))
    for text in ("4a0100", "4a0101", "4a0102", "4a010300", "4a0104"):
        more = bytes(5) if text in ("4a0101", "4a0102") else b""
        assert host.ask(command(text, more)) == answer("4b00")


def test_type_b_should_be_listed_and_exchange():
    """PS-12, PS-16."""
    card = FakeCard(kind="B", uid=b"\x01\x02\x03\x04")
    host = started(card)
    host.ask(command("3205ff0100"))
    assert host.ask(command("4a0100")) == answer("4b00")
    heard = host.ask(command("4a010300"))
    assert heard == answer("4b0101" + "5001020304" + "00000000" + "008181" + "0100")
    assert host.ask(command("40010003")) == answer("4100000102")


def test_two_cards_should_be_listed_when_asked_for():
    """PS-12, PS-16: one when one is asked for; each hears its own commands."""
    first, second = FakeCard(uid=b"\x01\x02\x03\x04"), FakeCard(uid=b"\x05\x06\x07\x08")
    host = started(first, second)
    assert host.ask(command("4a0100"))[13] == 1
    heard = host.ask(command("4a0200"))
    entry = "000420040{}0b788084024b4f4e411401"
    assert heard == answer(
        "4b02" + "01" + entry.format("1020304") + "02" + entry.format("5060708")
    )
    host.ask(command("40020001"))
    assert (len(first.seen), len(second.seen)) == (0, 1)
    assert host.ask(command("4a0100", b"\x05\x06\x07\x08"))[14:22].hex() == "0100042004050607"


def test_auto_poll_should_name_the_kind():
    """PS-08, PS-16."""
    target_a = "01" + "0004" + "20" + "07" + UID.hex() + ATS.hex()
    assert started(FakeCard()).ask(command("60010120")) == answer("6101" + "2017" + target_a)
    kind_b = FakeCard(kind="B", uid=b"\x01\x02\x03\x04")
    target_b = "01" + "5001020304" + "00000000" + "008181" + "0100"
    assert started(kind_b).ask(command("6001012023")) == answer("6101" + "230f" + target_b)
    assert started().ask(command("600201102023"), 5000) == answer("6100")


# --- InDataExchange ---
@pytest.mark.parametrize("count", [0, 1, 61, 62, 250, 252, 253, 256, 258, 262])
def test_answers_of_every_length_should_come_whole(count):
    """PS-13: 261 bytes to the card in one command."""
    card = FakeCard()
    host = listed(card)
    c_apdu = count.to_bytes(2, "big") + bytes(259)
    assert host.ask(command("4001", c_apdu)) == answer("4100", card.exchange(c_apdu))
    assert card.seen == [c_apdu, c_apdu]
    assert host.ask(VERSION) == VERSION_ANSWER


def test_more_flag_should_collect_a_command_and_split_an_answer():
    """PS-13: MI each way."""
    card = FakeCard()
    host = listed(card)
    c_apdu = (600).to_bytes(2, "big") + bytes(400)
    assert host.ask(command("4041", c_apdu[:200])) == answer("4100")
    assert card.seen == []
    data = bytes(at & 0xFF for at in range(600))
    assert host.ask(command("4001", c_apdu[200:])) == answer("4140", data[:262])
    assert host.ask(command("4001")) == answer("4140", data[262:524])
    assert host.ask(command("4001")) == answer("4100", data[524:])
    assert card.seen == [c_apdu]
    assert host.ask(command("4001")) == answer("4113")


@pytest.mark.parametrize("when, seen", [("before", 1), ("after", 2)])
def test_card_taken_away_should_give_status_01_whether_or_not_it_acted(when, seen):
    """PS-13, PS-20."""
    card = FakeCard()
    host = listed(field=FakeField(card, cut=(1, when)))
    assert host.ask(command("40010001")) == answer("410000")
    assert host.ask(command("40010002")) == answer("4101")
    assert len(card.seen) == seen
    assert host.ask(command("40010003")) == answer("4101"), "lost until it is listed again"
    assert len(card.seen) == seen
    host.ask(command("4a0100"))
    assert host.ask(command("40010001")) == answer("410000")


def test_field_off_should_lose_the_card():
    field = FakeField(FakeCard())
    host = listed(field=field)
    host.ask(command("320100"))
    assert field.events == ["activate", "off"]
    assert host.ask(command("40010001")) == answer("4101")


def test_deselected_card_should_be_selected_again():
    field = FakeField(FakeCard())
    host = listed(field=field)
    host.ask(command("4401"))
    assert host.ask(command("40010001")) == answer("410000")
    assert field.events == ["activate", "activate"]


def test_speed_of_the_radio_should_follow_ta1():
    """PS-17: no TA1: refused; what TA1 allows, each way by itself, is faster in the model."""
    slow, fast = FakeCard(ats=b"\x02\x78"), FakeCard(ats=bytes.fromhex("0578338002"))
    refused = listed(slow)
    assert refused.ask(command("4e010101"), 9000) == answer("4f01")
    assert listed(FakeCard(kind="B")).ask(command("40010001"))[:6] == ACK
    for speeds in ((0, 0), (1, 1), (2, 2), (1, 2), (2, 0)):
        host = listed(fast, timing=AIR)
        assert host.ask(command("4e01", bytes(speeds))) == answer("4f00")
        assert host.ask(command("04"))[6 + 10 : 6 + 13] == bytes((1, speeds[1], speeds[0]))
        begin_us = host.now_us
        assert host.ask(command("4001", b"\x00\x3c" + bytes(200)))[12:14] == b"\x41\x00"
        formula_ms = AIR.raw_ms(203, 61, 2 ** speeds[0], 2 ** speeds[1])
        assert (host.now_us - begin_us) / 1000 == pytest.approx(formula_ms, abs=0.01)
        assert host.ask(command("4e010101"), 9000) == answer("4f01"), "PPS is for behind RATS"


class Tag(FakeCard):
    """A card without ISO-DEP: FeliCa, Jewel, or type A whose SEL_RES lacks bit 5."""

    sel_res = 0x08


FELICA, JEWEL = Tag(kind="F", uid=bytes(range(8))), Tag(kind="J", uid=b"\x0a\x0b\x0c\x0d")
MIFARE, TYPE_A = Tag(uid=b"\x01\x02\x03\x04"), FakeCard(uid=UID)
TYPE_B = FakeCard(kind="B", uid=b"\x05\x06\x07\x08")
FELICA_BODY = "12" + "01" + "0001020304050607" + "00" * 8
BODY_A, BODY_B = "00042007" + UID.hex(), "5005060708" + "00000000" + "008181" + "0100"
LISTS = [
    ("1214", "4a0100", TYPE_A, BODY_A + ATS.hex()),
    ("1204", "4a0100", TYPE_A, BODY_A),
    ("1214", "4a0100", MIFARE, "00040804" + "01020304"),
    ("1214", "4a010100ffff0000", FELICA, FELICA_BODY),
    ("1214", "4a010200ffff0100", FELICA, "14" + FELICA_BODY[2:] + "ffff"),
    ("1214", "4a010300", TYPE_B, BODY_B),
    ("1204", "4a010300", TYPE_B, BODY_B),
    ("1214", "4a0104", JEWEL, "0c00" + "0a0b0c0d"),
]


@pytest.mark.parametrize("flags, asked, card, body", LISTS)
def test_each_type_should_be_listed_by_its_own_target_data(flags, asked, card, body):
    """PS-12: types 0 to 4 with all five kinds in the field; ATS by SetParameters and SEL_RES."""
    host = started(JEWEL, TYPE_B, FELICA, *([card] if card.kind == "A" else [TYPE_A]))
    host.ask(command(flags))
    assert host.ask(command(asked)) == answer("4b01" + "01" + body)
    if card.kind in "AFJ" and (flags == "1214" or card is not TYPE_A):
        assert host.ask(command("40010002")) == answer("41000001")


@pytest.mark.parametrize(
    "types, card, kind",
    [("00", MIFARE, 0x10), ("10", MIFARE, 0x10), ("00", TYPE_A, 0x20), ("1001", FELICA, 0x11),
     ("12", FELICA, 0x12), ("2004", JEWEL, 0x04), ("1003", TYPE_B, 0x23)],
)  # fmt: skip
def test_auto_poll_should_find_each_kind_by_its_type(types, card, kind):
    """PS-08: 7.3.13; a type that is not asked for is not found."""
    heard = started(card).ask(command("600101", bytes.fromhex(types)))
    assert heard[6 + 7 : 6 + 9] == bytes((1, kind))
    other = "20" if card is not TYPE_A else "10"
    assert started(card).ask(command("600101" + other)) == answer("6100")


CODES = (
    "00 02 04 06 08 0c 0e 10 12 14 16 32 40 42 44 52 54 4a 4e 60 86 8e 88 90 8c"  # the chapter's
)


def test_no_command_of_the_chapter_should_be_missing():
    """PS-08: each has a row that is answered, or waits, and one that is refused."""
    waits = {"8c", "4a", "60"}
    answered = {row[0][:2] for row in TABLE if row[1]} | waits
    assert set(CODES.split()) <= answered
    for code in CODES.split():
        host = listed(FakeCard())
        wrong = {"00": b"\x03", "40": b""}.get(code, bytes(263))
        assert host.ask(command(code, wrong)) == ACK + ERROR, code


CLIENTS = {
    "libnfc": ("1401", "15"),
    "nfcpy": ("14010000", "15"),
    "adafruit": ("14011401", "15"),
    "node": ("14010001", "15"),
    "two": ("140114", "15"),
    "libnfc, raw probe": ("42", "4301"),
}


@pytest.mark.parametrize("client", CLIENTS)
def test_odd_forms_of_real_clients_should_be_taken(client):
    """PS-09: SAMConfiguration of 1, 2 and 3 parameters, an empty 42; 8C waits for an abort."""
    asked, wanted = CLIENTS[client]
    host = started(FakeCard())
    assert host.ask(command(asked)) == answer(wanted)
    target = "8c00" + "0800010203" + "40" + "01fe" + "00" * 16 + "ffff" + "00" * 10 + "0000"
    assert host.ask(command(target), 60_000) == ACK
    assert host.ask(ACK, 1000) == b""
    assert host.ask(VERSION) == VERSION_ANSWER


@pytest.mark.parametrize("count", [0, 1, 6, 252, 253, 262])
def test_diagnose_should_echo_and_test(count):
    """PS-11: the line up to 262 bytes, ROM and RAM good; one byte more is no frame."""
    host, data = started(), bytes(at * 11 & 0xFF for at in range(count))
    assert host.ask(command("0000", data)) == answer("0100", data)
    assert host.ask(command("0001")) == host.ask(command("0002")) == answer("0100")
    assert host.ask(command("0000", bytes(263))) == b""
