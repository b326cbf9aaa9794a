# SPDX-License-Identifier: Apache-2.0
"""`decode` against the recorded sessions, the field vectors and hostile bytes."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from firmware.errors import FormatError
from firmware.formats import batch, messages, pending, record, session_key
from firmware.formats.session_key import Key
from firmware.journal import Journal
from firmware.kernel import bits
from host_tools import decode
from host_tools.decode_batch import explain_batch
from host_tools.decode_names import BITS
from sim.flash import Flash

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
PDOL = bytes.fromhex("9F66049F02069F03069F1A0295055F2A029A039C019F3704")
# All frames of UM0701-02 as real drivers send and get them.
FRAMES = (
    ("0000ff02fed4022a00", "GetFirmwareVersion", ""),
    ("0000ff06fad50332010607e800", "PN532, version 1.6", "type A, type B, ISO 18092"),
    ("0000ff03fdd414011700", "parameters", "normal mode"),
    ("0000ff05fbd4140114010200", "parameters", "normal mode, time-out 1000 ms, IRQ on"),
    ("0000ff04fcd44a0100e100", "at most 1 cards", "106 kbit/s type A"),
    ("0000ff03fdd54b00e000", "cards found", "0"),
    ("0000ff03fdd410071500", "after the host's ACK", "921600 baud"),
    ("0000ff00ff00", "ACK frame", ""),
    ("0000ffff0000", "NACK frame", ""),
    ("0000ff01ff7f8100", "error frame", "syntax error"),
    ("5555000000000000ff00ff000000ff02fed4022a00", "GetFirmwareVersion", ""),
)


def names(rows):
    return [(row.name, row.meaning) for row in rows]


def test_frames_should_be_explained():
    for text, name, meaning in FRAMES:
        data = bytes.fromhex(text)
        assert decode.detect(data) == "frame", text
        rows = names(decode.explain(data))
        assert any(one == name and meaning in words for one, words in rows), (text, rows)


def test_frame_should_hold_its_apdu():
    apdu = bytes.fromhex("00B2011400")
    body = b"\xd4\x40\x01" + apdu
    frame = (
        bytes((0, 0, 0xFF, len(body), -len(body) & 0xFF)) + body + bytes((-sum(body) & 0xFF, 0))
    )
    assert ("READ RECORD", "record 1 of file SFI 2") in names(decode.explain(frame))


def test_extended_frame_should_be_explained():
    body = b"\xd5\x41\x00" + b"\x70\x81\xfb" + b"\x9f\x46\x81\xf7" + bytes(247) + b"\x90\x00"
    head = len(body).to_bytes(2, "big")
    frame = b"\0\0\xff\xff\xff" + head + bytes((-sum(head) & 0xFF,)) + body
    rows = names(decode.explain(frame + bytes((-sum(body) & 0xFF, 0))))
    assert ("extended frame", "259 bytes, LCS right") in rows
    assert ("status", "no error") in rows and ("status word", "done") in rows


def test_damaged_frame_should_say_where():
    cases = (
        ("0000ff02ffd4022a00", "LCS FF at 4 should be FE"),
        ("0000ff02fed4022b00", "DCS 2B at 7 should be 2A"),
        ("0000ff06fad40200", "LEN says 6 bytes at 5, 3 are there"),
        ("0000ff0000d4022a00", "LEN 0 at 3"),
    )
    for text, words in cases:
        with pytest.raises(FormatError, match=words):
            list(decode.explain(bytes.fromhex(text), "frame"))


def test_kind_should_be_seen_from_the_bytes():
    cases = (
        ("00A4040007A000000333010100", "c-apdu"),
        ("00B2011400", "c-apdu"),
        ("9000", "r-apdu"),
        ("6A82", "r-apdu"),
        ("9F360200059000", "r-apdu"),
        ("9F3602000A", "tlv"),
        ("700A9F69070172D45C380000", "tlv"),
        (PDOL.hex(), "dol"),
    )
    for text, kind in cases:
        assert decode.detect(bytes.fromhex(text)) == kind, text


def test_values_should_be_put_into_words():
    cases = (
        ("ttq", "28000080", "qPBOC, offline only, fDDA version 01"),
        ("ttq", "36800000", "contact PBOC"),
        ("ctq", "3000", "online if ODA failed, contact interface if ODA failed"),
        ("ctq", "0080", "reserved bit 2.8"),
        ("aip", "7C00", "SDA, DDA"),
        ("tvr", "0000080000", "PIN required but not entered"),
        ("iad", "0701010390000001", "TC, offline approved"),
        ("iad", "07010103A00000010A010000038787868FD1FC", "ARQC, online"),
        ("afl", "1001020018010301", "2 entries"),
        ("track2", "6228000100001117D30122010123456789", "622800******1117, expires 2030-12"),
    )
    for kind, text, words in cases:
        rows = list(decode.explain(bytes.fromhex(text), kind))
        assert words in rows[0].meaning, (kind, text, rows)


def test_issuer_part_should_give_the_balance():
    data = bytes.fromhex("07010103A00000010A010000038787868FD1FC")
    assert ("balance", "387.87") in names(decode.explain(data, "iad"))


def test_wrong_values_should_be_refused():
    for kind, text in (("ttq", "2800"), ("afl", "100102"), ("afl", "10020100"), ("iad", "06")):
        with pytest.raises(FormatError):
            list(decode.explain(bytes.fromhex(text), kind))


def test_every_bit_of_the_kernel_should_have_words():
    for name in dir(bits):
        kind = name.partition("_")[0].lower()
        if kind in BITS and "_" in name:
            byte, mask = getattr(bits, name)
            assert any(row[:2] == (byte, mask) for row in BITS[kind]), name


def test_upload_should_be_explained():
    values = record.blank(record.APPROVED)
    values.update(amount_fen=200, pan=bytes.fromhex("6228000100001117"), reason="ok")
    frames = batch.pack_batch(7, [(1, record.pack(values)), (2, b"")]) + batch.pack_ack(7, 5, 2)
    assert decode.detect(frames) == "batch"
    rows = list(decode.explain(frames))
    shown = [(row.code, row.name, row.meaning) for row in rows]
    assert ("amount_fen", "", "2.00") in shown
    assert ("pan", "", "622800******1117") in shown
    assert any(code == "#2" and name == "lost" for code, name, _ in shown)
    assert [row.code for row in rows if row.depth == 0] == ["BATCH", "ACK"]
    with pytest.raises(FormatError, match="frame at 0"):
        list(decode.explain(frames[:20], "batch"))


def test_journal_should_be_explained():
    flash = Flash(16)
    journal = Journal(flash)
    sale = record.blank(record.APPROVED)
    sale.update(amount_fen=200, pan=bytes.fromhex("6228000100001117"))
    tap = pending.blank()
    tap.update(amount_fen=200, records=[(2, 1, b"\x70\x00")])
    number = journal.open(pending.pack(tap))
    journal.note_answer(number, b"\x70\x00")
    journal.settle(number, record.pack(sale))
    journal.append(record.pack(record.blank(record.EVENT)))
    journal.open(b"no pending entry")
    journal.acknowledge(1)
    image = b"".join(bytes(one) for one in flash.blocks)
    assert decode.detect(image) == "journal"
    rows = list(decode.explain(image))
    codes = [row.code for row in rows if row.depth == 0]
    for code in ("BLOCK", "OPEN #1", "ANSWER #1", "SETTLE #1", "RECORD #2", "OPEN #3"):
        assert code in codes, codes
    shown = [(row.code, row.meaning) for row in rows]
    assert ("amount_fen", "2.00") in shown and ("pan", "622800******1117") in shown
    assert any(code == "data" and "not readable" in words for code, words in shown)
    torn = bytearray(image)
    torn[image.find(b"FJ\x04") + 20] ^= 1
    assert any(row.name == "torn entry" for row in decode.explain(bytes(torn)))


@pytest.mark.skipif(not SHARED.is_dir(), reason="no folder shared beside the checkout")
def test_sessions_should_be_explained():
    files = sorted((SHARED / "sessions").glob("*.session"))
    assert files
    for path in files:
        rows = list(decode.explain(path.read_bytes()))
        assert [row for row in rows if row.code == "C-APDU" and "unknown" in row.name] == []
        assert [row for row in rows if row.code == "9F02" and row.value], path
        odd = [row.code for row in rows if row.meaning.startswith("wrong form")]
        # Another scheme's 9F10, and zeros for the date its source does not tell.
        assert odd == (["9A", "9F10"] if "visa" in path.name else []), path


@pytest.mark.skipif(not SHARED.is_dir(), reason="no folder shared beside the checkout")
def test_field_vectors_should_agree():
    text = (SHARED / "vectors/bits_field55.json").read_text(encoding="utf-8")
    for case in json.loads(text)["field55"]:
        rows = list(decode.explain(bytes.fromhex(case["field55"])))
        found = {row.code: row.value.hex().upper() for row in rows if row.depth == 0}
        assert found == case["tags"]


@given(some.binary(max_size=80), some.sampled_from([None, *decode.KINDS]))
def test_hostile_bytes_should_only_break_the_format(data, kind):
    try:
        rows = list(decode.explain(data, kind))
    except FormatError as wrong:
        assert str(wrong)
    else:
        assert rows


def test_load_log_should_be_taken_apart():
    """QT-274: ATC, count, rows of 22 bytes, MAC."""
    row = "9F79000000000500000000000600" + "261120" + "101500" + "002A"
    rows = list(decode.explain(bytes.fromhex("002A01" + row + "DEADBEEF"), "loads"))
    assert [one.code for one in rows] == ["ATC", "count", "9F79", "MAC"]
    assert rows[2].value.hex().upper() == row
    assert rows[2].meaning == "electronic cash balance: 500 fen, then 600 fen"
    with pytest.raises(FormatError, match="load log of 10 bytes"):
        list(decode.explain(bytes.fromhex("002A01") + bytes(7), "loads"))


@given(some.sampled_from([text for text, _, _ in FRAMES]), some.data())
def test_damaged_frames_should_only_break_the_format(text, data):
    frame = bytearray(bytes.fromhex(text))
    frame[data.draw(some.integers(0, len(frame) - 1))] ^= data.draw(some.integers(1, 255))
    try:
        assert list(decode.explain(bytes(frame), "frame"))
    except FormatError as wrong:
        assert str(wrong)


@given(some.binary(max_size=40))
def test_hex_should_be_read_as_people_write_it(data):
    for text in (data.hex(), data.hex(" "), data.hex(":").upper(), data.hex("-")):
        assert decode.parse_hex(text) == data


def test_wrong_hex_should_say_where():
    for text, words in (("9F3", "3 digits"), ("9G", "digit 2")):
        with pytest.raises(FormatError, match=words):
            decode.parse_hex(text)


def test_signed_frames_are_explained_and_their_tags_checked():
    key = Key(bytes(range(32)))
    session, nonce = bytes(6) + bytes(range(16)), bytes(16)
    up, down = session_key.session_keys(key, 7, session, nonce)
    hello = messages.seal(
        messages.HELLO, {"terminal_id": 7, "nonce": session[6:]}, session_key.hello_key(key, 7)
    )
    answer = {"terminal_id": 7, "request": messages.tag_of(hello)}
    welcome = messages.seal(
        messages.WELCOME, {**answer, "session": session, "nonce": nonce, "time_utc_s": 1}, down
    )
    head = {"terminal_id": 7, "session": session, "turn": 1}
    sent = messages.seal(batch.BATCH, {**head, "items": [(1, b"")]}, up)
    said = {"terminal_id": 7, "request": messages.tag_of(sent)}
    ack = messages.seal(batch.ACK, {**said, "first": 1, "last": 1, "upto": 1}, down)

    def tags(data, secret=b""):
        rows = [row for row in explain_batch(data, key=secret) if row.depth == 0]
        return [(row.code, row.meaning.partition("tag ")[2]) for row in rows]

    names = ["HELLO", "WELCOME", "BATCH", "ACK"]
    frames = hello + welcome + sent + ack
    assert tags(frames, key.secret) == [(name, "right") for name in names]
    assert tags(frames, bytes(32)) == [(name, "WRONG") for name in names]
    assert tags(frames) == [(name, "not checked: no --key") for name in names]
    assert tags(sent + ack, key.secret)[0][1] == "not checked: its WELCOME is not here"
    assert decode.detect(frames) == "batch" and list(decode.explain(frames))
