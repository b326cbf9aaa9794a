# SPDX-License-Identifier: Apache-2.0
"""Card services without money: balances and logs, read freely, strictly (qpboc.md N)."""

from firmware.drive import drive
from firmware.errors import FormatError
from firmware.kernel import apdu, bcd, dol, enquiry, selection, tags, tlv
from tests.full_card import LOAD_SFI, LOG_FORMAT, LOG_SFI, FullCard
from tests.small_card import AID

AIDS = (selection.ListedAid(bytes.fromhex("A0000003330101"), True),)
CNY, HKD = 156, 344
DAY = (2026, 11, 21)
GPO_LIKE = (apdu.INS_GPO, 0xAE, 0xD0, 0xDA)  # what would change a card


def logged(atc, amount_fen, date="261121", currency=b"\x01\x56"):
    """A log record as LOG_FORMAT cuts it."""
    values = {tags.ATC: atc.to_bytes(2, "big"), tags.AMOUNT: bcd.from_int(amount_fen, 6)}
    values[tags.DATE], values[tags.CURRENCY] = bytes.fromhex(date), currency
    return dol.fill(dol.parse(LOG_FORMAT), values)


def loaded(old_fen, new_fen, tag=tags.EC_BALANCE, rest=None):
    """A load record with the fields of tests/full_card.LOAD_FORMAT behind it."""
    head = tag.to_bytes(2, "big") + bcd.from_int(old_fen, 6) + bcd.from_int(new_fen, 6)
    return head + (bytes.fromhex("261120") + bytes(27) if rest is None else rest)


def card_with(payments=(), loads=(), **has):
    card = FullCard()
    card.logs = True
    card.log, card.loads = list(payments), list(loads)
    for name in has:
        setattr(card, name, has[name])
    return card


def asked(card, steps=None):
    """What the steps return; nothing that changes a card may be in them."""
    card.power_up()
    card.sent = []
    found = drive(steps or enquiry.enquire(AIDS), card.exchange)
    assert [one for one in card.sent if one[1] in GPO_LIKE] == []
    return found


def refused(card, steps=None):
    """Why the card is not accepted, "" when it is."""
    try:
        asked(card, steps)
    except FormatError as why:
        return str(why) or "?"
    return ""


def get_data(tag, answer):
    """An edit: GET DATA of `tag` is answered so, in hex."""
    head = apdu.get_data(tag)
    return lambda command, good: bytes.fromhex(answer) if command == head else good


def reading(sfi, number, answer):
    """An edit: READ RECORD is answered so."""
    head = apdu.read_record(sfi, number)
    return lambda command, good: answer if command == head else good


# --- balances


def test_balance_should_be_read_without_a_gpo():
    """QT-267, QT-268: 9F79 in the currency of 9F51; 156 is the yuan."""
    card = card_with()
    found = asked(card)
    assert found.balances == [enquiry.Balance(CNY, 10000)]
    assert card.sent[0] == apdu.select(apdu.PPSE) and card.sent[1] == apdu.select(AID)
    assert bytes.fromhex("80CA9F7900") in card.sent
    assert card.atc == 4 and card.balance_fen == 10000 and card.debits == []


def test_card_without_a_balance_should_not_be_accepted():
    """QT-267: 6A88, another tag, a wrong length, no number."""
    for answer in ("6A88", "9000", "9F5D060000000100009000", "9F790500000100009000",
                   "9F7906000000010A009000", "9F790600000001000063C0", ""):  # fmt: skip
        card = card_with(edit=get_data(tags.EC_BALANCE, answer))
        assert refused(card) == "no balance", answer


def test_second_currency_should_be_shown_and_its_faults_passed_over():
    """QT-268: DF71 and DF79; a dual card shows both."""
    dual = {"second": (b"\x03\x44", 2500)}
    both = [enquiry.Balance(CNY, 10000), enquiry.Balance(HKD, 2500)]
    assert asked(card_with(**dual)).balances == both
    for tag in (tags.SECOND_CURRENCY, tags.SECOND_BALANCE):
        for answer in ("6A88", "9000", "6F00", "DF7901AA9000"):
            card = card_with(edit=get_data(tag, answer), **dual)
            assert asked(card).balances == both[:1], (tag, answer)
    card = card_with(edit=get_data(tags.CARD_CURRENCY, "6A88"))
    assert asked(card).balances == [enquiry.Balance(0, 10000)]


# --- what was paid


def test_log_should_be_read_to_its_end():
    """QT-270: 9F4D, 9F4F, records 1 to n or 6A83; newest first."""
    for count in (0, 1, 3, 10):
        rows = [logged(50 - at, 100 + at) for at in range(count)]
        card = card_with(rows)
        found = asked(card).payments
        assert found == [enquiry.Entry(DAY, CNY, 100 + at) for at in range(count)]
        reads = [one[2] for one in card.sent if one[1] == 0xB2 and one[3] == LOG_SFI << 3 | 4]
        assert reads == list(range(1, min(count + 1, 10) + 1))
    assert asked(card_with(logs=False)).payments is None


def test_ten_records_should_be_read_at_most():
    """A bound: 9F4D of a hostile card may say 255."""
    rows = [logged(at, at) for at in range(20, 0, -1)]
    entry = tlv.build(tags.LOG_ENTRY, b"\x0b\xff")
    card = card_with(rows, edit=fci_with(entry))
    assert len(asked(card).payments) == enquiry.MOST
    card = card_with(rows, edit=fci_with(tlv.build(tags.LOG_ENTRY, b"\x0b\x02")))
    assert len(asked(card).payments) == 2


def fci_with(inner):
    """An edit: BF0C of the final SELECT holds this."""

    def edit(command, answer):
        if command != apdu.select(AID):
            return answer
        own = tlv.parse_template(answer[:-2], tags.FCI)
        kept = [one for one in tlv.find(own, tags.FCI_PROPRIETARY).children if one.tag != 0xBF0C]
        body = b"".join([tlv.build(one.tag, one.value) for one in kept])
        body = tlv.build(0xA5, body + tlv.build(0xBF0C, inner))
        return tlv.build(0x6F, tlv.build(0x84, AID) + body) + answer[-2:]

    return edit


def test_faulty_log_should_not_be_accepted():
    """QT-271: another status, no format, a needed tag missing, a wrong length, no number."""
    good = logged(5, 200)
    for answer in ("6A88", "9000", "9F4F009000", "9F4F059F36029F029000"):
        assert refused(card_with([good], edit=get_data(tags.LOG_FORMAT, answer))), answer
    for layout in ("9F02065F2A02", "9A035F2A02", "9A039F0206"):
        data = tlv.build(tags.LOG_FORMAT, bytes.fromhex(layout)) + b"\x90\x00"
        assert "log format" in refused(
            card_with([good], edit=get_data(tags.LOG_FORMAT, data.hex()))
        )
    for answer in (b"\x69\x85", b"\x6a\x82", b"", good + b"\x63\x00", good[:-1] + b"\x90\x00",
                   good + b"\x00\x90\x00", tlv.build(0x70, good) + b"\x90\x00",
                   logged(5, 200, currency=b"\x01\x5a") + b"\x90\x00"):  # fmt: skip
        for number in (1, 2):
            card = card_with([good, good], edit=reading(LOG_SFI, number, answer))
            assert refused(card), answer
    for place in ("", "0B", "0A0A", "1F0A", "0B0A0A"):
        inner = tlv.build(tags.LOG_ENTRY, bytes.fromhex(place))
        assert "log entry" in refused(card_with([good], edit=fci_with(inner)))


def test_records_should_be_cut_by_the_format():
    """QT-272: 45 bytes without template and tags, fields in any order."""
    assert len(logged(5, 200)) == 45
    assert asked(card_with([logged(5, 200)])).payments == [enquiry.Entry(DAY, CNY, 200)]
    layout = tlv.build(tags.LOG_FORMAT, bytes.fromhex("5F2A029F02069A03")) + b"\x90\x00"
    row = bytes.fromhex("0344" + "000000012345" + "260102")
    card = card_with([row], edit=get_data(tags.LOG_FORMAT, layout.hex()))
    assert asked(card).payments == [enquiry.Entry((2026, 1, 2), HKD, 12345)]


def test_date_that_the_card_was_never_told_should_be_none():
    """A PDOL without 9A leaves zeros in the log; that is no reason to refuse the card."""
    card = card_with([logged(5, 200, date="000000"), logged(4, 100)])
    assert [one.date for one in asked(card).payments] == [None, DAY]


# --- what was loaded


def test_loads_should_be_read_with_and_without_a_format():
    """QT-273: P1 P2, old and new value, and what DF4F says, if anything."""
    rows = [loaded(5000, 10000), loaded(100, 300, tags.SECOND_BALANCE), loaded(1, 2, 0x9F77)]
    found = asked(card_with(loads=rows, second=(b"\x03\x44", 300))).loads
    day = (2026, 11, 20)
    assert found == [enquiry.Entry(day, CNY, 5000), enquiry.Entry(day, HKD, 200)]
    for answer in ("DF4F009000", "6A88"):
        card = card_with(loads=[loaded(5000, 10000, rest=b"")])
        card.edit = get_data(tags.LOAD_LOG_FORMAT, answer)
        assert asked(card).loads == [enquiry.Entry(None, CNY, 5000)]
    assert asked(card_with()).loads is None
    for wrong in (rows[0][:-1], rows[0] + b"\x00", rows[0][:13], b"\x9f\x79" + b"\xaa" * 42):
        assert refused(card_with(loads=[wrong])), wrong


def test_all_loads_at_once_should_be_taken_apart():
    """QT-274: ATC, count, rows of 22 bytes, MAC; nobody but the issuer can check it."""
    rows = [loaded(old, old + 100, rest=b"\x26\x11\x20" + bytes(5)) for old in (500, 0)]
    whole = b"\x00\x2a\x02" + rows[0] + rows[1] + b"\xde\xad\xbe\xef"
    atc, loads, mac = enquiry.parse_load_proof(whole)
    assert (atc, mac) == (42, b"\xde\xad\xbe\xef")
    assert [(one.tag, one.old_fen, one.new_fen) for one in loads] == [
        (0x9F79, 500, 600),
        (0x9F79, 0, 100),
    ]
    assert loads[0].rest == b"\x26\x11\x20" + bytes(5)
    assert enquiry.parse_load_proof(b"\x00\x01\x00\x01\x02\x03\x04") == (
        1,
        [],
        b"\x01\x02\x03\x04",
    )
    for wrong in (b"", whole[:-1], whole + b"\x00", b"\x00\x01\x01" + bytes(4)):
        assert refused_parse(wrong), wrong
    place = {tags.LOAD_LOG_ENTRY: bytes((LOAD_SFI, 10))}
    card = card_with(edit=reading(LOAD_SFI, 0, whole + b"\x90\x00"))
    assert asked(card, enquiry.read_load_proof(place)) == (atc, loads, mac)
    assert card.sent == [bytes.fromhex("00B2006400")]
    card = card_with(edit=reading(LOAD_SFI, 0, b"\x6a\x83"))
    assert "6A83" in refused(card, enquiry.read_load_proof(place))
    assert refused(card, enquiry.read_load_proof({}))


def refused_parse(data):
    try:
        enquiry.parse_load_proof(data)
    except FormatError:
        return True
    return False


# --- the card


def test_blocked_application_should_show_its_logs():
    """QT-278: 6283 and an FCI; a balance that it then hides is no reason to refuse it."""
    for balance in (True, False):
        card = card_with([logged(5, 200)], loads=[loaded(0, 100)])
        hidden = get_data(tags.EC_BALANCE, "6985")

        def edit(command, answer):
            if command == apdu.select(AID):
                return answer[:-2] + b"\x62\x83"
            return answer if balance else hidden(command, answer)  # noqa: B023

        card.edit = edit
        found = asked(card)
        assert found.blocked and found.payments == [enquiry.Entry(DAY, CNY, 200)]
        assert len(found.balances) == balance
        assert found.loads == [enquiry.Entry((2026, 11, 20), CNY if balance else 0, 100)]
    assert not asked(card_with()).blocked


def test_other_cards_should_not_be_accepted():
    """QT-271: no PPSE, no application of ours, locked, no FCI."""
    for command, answer in (
        (apdu.select(apdu.PPSE), b"\x6a\x82"),
        (apdu.select(apdu.PPSE), b"\x90\x00"),
        (apdu.select(AID), b"\x6a\x82"),
        (apdu.select(AID), b"\x6a\x81"),
        (apdu.select(AID), b"\x62\x83"),
        (apdu.select(AID), b"\x6f\x00\x90\x00"),
    ):
        card = card_with()
        card.edit = lambda asked_for, good: answer if asked_for == command else good  # noqa: B023
        assert refused(card), answer
    card = card_with()
    other = (selection.ListedAid(bytes.fromhex("A000000632"), True),)
    assert "known" in refused(card, enquiry.enquire(other))


def test_number_should_be_read_freely_or_not_at_all():
    """TD-022: file 1, record 1; a card that hides it is served without."""
    card = card_with()
    track = tlv.build(0x70, tlv.build(0x57, card.track)) + b"\x90\x00"
    card.edit = reading(1, 1, track)
    assert asked(card).pan == "6228000100000010"
    assert asked(card_with()).pan == ""
