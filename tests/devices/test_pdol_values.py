# SPDX-License-Identifier: Apache-2.0
"""What a terminal tells a card about itself, by settings, parameters and clock (qpboc.md 2.6)."""

from firmware.devices import entries
from firmware.kernel import apdu, bcd, capk, dol, tags, tlv
from tests.small_card import RID, SmallCard
from tests.stand import Stand


def asking(pdol, pan="6228000100000010"):
    """A card whose PDOL asks so."""
    card = SmallCard(pan)
    card.fci = tlv.build(tags.PDOL, bytes.fromhex(pdol))
    return card


def sent_to(card):
    """Dict tag -> bytes of the last GPO of a card."""
    command = [one for one in card.sent if one[1] == apdu.INS_GPO][-1]
    data = tlv.parse(command[5:-1])[0].value
    entries = dol.parse(tlv.find(tlv.parse(card.fci), tags.PDOL).value)
    assert len(data) == sum([length for _, length in entries])
    return dict([(tag, dol.taken(entries, data, tag)) for tag, _ in entries])


SIGNED = "9F66049F02065F2A029F3704"


def test_every_known_value_should_be_sent():
    """QT-010, QT-093, QT-096, QT-098, QT-099, QT-100, qpboc.md 2.6: what is configured, and zeros
    for what a purchase does not have.
    """
    stand = Stand(
        "mcc: 4111\nmerchant: 104290041112345\nmerchant_name: hex:B9ABBDBB\nacquirer: 000048010000"
    )
    stand.clock.now = (2026, 11, 21, 9, 8, 7)
    card = asking(
        "9F0306" + "9F1A02" + "9505" + "9A03" + "9F2103" + "9C01" + "9F3303" + "9F3501" + "9F4005"
        "9F1502" + "9F160F" + "9F1C08" + "9F1E08" + "9F0106" + "9F4104" + "5F3601" + "9F4E14"
        "9F7A01" + "DF6001" + "DF6901" + "5F5701" + SIGNED
    )
    assert stand.tap(card)["message"] == "ok"
    sent = sent_to(card)
    wanted = (
        (0x9F03, bytes(6)), (0x9F1A, b"\x01\x56"), (0x95, bytes(5)), (0x9A, b"\x26\x11\x21"),
        (0x9F21, b"\x09\x08\x07"), (0x9C, b"\x00"), (0x9F33, b"\x00\x08\xc0"),
        (0x9F35, b"\x26"), (0x9F40, bytes.fromhex("6000001001")), (0x9F15, b"\x41\x11"),
        (0x9F16, b"104290041112345"), (0x9F1C, b"00000001"), (0x9F1E, b"00000001"),
        (0x9F01, bytes.fromhex("000048010000")), (0x9F41, b"\x00\x00\x00\x01"),
        (0x5F36, b"\x02"), (0x9F4E, b"\xb9\xab\xbd\xbb" + bytes(16)), (0x9F7A, b"\x00"),
        (0xDF60, b"\x00"), (0xDF69, b"\x00"), (0x5F57, b"\x00"), (0x5F2A, b"\x01\x56"),
        (0x9F02, bcd.from_int(200, 6)), (0x9F66, b"\x28\x00\x00\x80"),
    )  # fmt: skip
    for tag, value in wanted:
        assert sent[tag] == value, hex(tag)
    stand.tap(SmallCard("6228000100000028"))
    again = asking("9F4103" + SIGNED, "6228000100000036")
    stand.tap(again)
    assert sent_to(again)[0x9F41] == b"\x00\x00\x03"  # the number its record will have
    assert len(stand.records()) == 3


def test_merchant_data_that_is_not_given_should_be_zeros():
    """QT-093."""
    stand, card = Stand(), asking("9F1502" + "9F160F" + "9F0106" + "9F4E14" + SIGNED)
    assert stand.tap(card)["message"] == "ok"
    sent = sent_to(card)
    assert [sent[tag] for tag in (0x9F15, 0x9F16, 0x9F01, 0x9F4E)] == [
        bytes(2), bytes(15), bytes(6), bytes(20),
    ]  # fmt: skip


def test_date_and_time_should_be_the_clock_s():
    """QT-014: leap day, last second of a year, and the record says the same."""
    for now, date, time in (
        ((2028, 2, 29, 0, 0, 0), "280229", "000000"),
        ((2028, 3, 1, 0, 0, 1), "280301", "000001"),
        ((2026, 12, 31, 23, 59, 59), "261231", "235959"),
        ((2027, 1, 1, 0, 0, 0), "270101", "000000"),
    ):
        stand, card = Stand(), asking("9A03" + "9F2103" + SIGNED)
        stand.clock.now = now
        assert stand.tap(card)["message"] == "ok"
        sent = sent_to(card)
        assert (sent[tags.DATE].hex(), sent[tags.TIME].hex()) == (date, time)
        values = stand.records()[0][1]
        assert (values["date"], values["time"]) == (date, time)


def test_dialogue_should_be_kept_byte_for_byte():
    """QT-121, QT-258: what went over the air is in the pending entry and in the record; what an
    acquirer asks of the terminal too, though the card did not ask (clearing.md 3).
    """
    stand, card = Stand("mcc: 4111"), SmallCard()
    wire, opened = [], []
    inner, keep = card.exchange, stand.journal.open

    def exchange(command, spare=None):
        answer = inner(command)
        if command[1] == apdu.INS_GPO:
            wire.extend((command, answer))
        return answer

    def opening(data):
        opened.append(data)
        return keep(data)

    card.exchange, stand.journal.open = exchange, opening
    card.fci = tlv.build(tags.PDOL, bytes.fromhex("9F66049F02065F2A029F3704"))
    assert stand.tap(card)["message"] == "ok"
    values = stand.records()[0][1]
    for one in (entries.unpack_pending(opened[0]), values):
        assert one["gpo_command_data"] == wire[0][5:-1]
        assert one["gpo_answer"] == wire[1][:-2]
    data = {one.tag: one.value for one in tlv.parse(values["chip_data"])}
    for tag, value in (
        (tags.CAPABILITIES, "0008C0"),
        (tags.TERMINAL_TYPE, "26"),
        (tags.IFD_SERIAL, b"00000001".hex()),
        (tags.COUNTRY, "0156"),
        (tags.DATE, "261121"),
        (tags.TRANSACTION_TYPE, "00"),
        (tags.SEQUENCE_COUNTER, "00000001"),
        (tags.APPLICATION_VERSION, "0030"),  # QT-135: of the card's records
        (0x5F28, "0156"),
        (tags.EXPIRY, "351231"),
    ):
        assert data[tag] == bytes.fromhex(value), hex(tag)


class SmSuite:
    """As much of oda_sm2 as the offer looks at."""

    ALGORITHM = capk.ALGORITHM_SM2


def test_sm2_should_be_offered_while_a_key_for_it_is_valid():
    """QT-099: DF69 by the keys in memory and by the day."""
    for until, wanted in (((2026, 11, 21), b"\x01"), ((2026, 11, 20), b"\x00")):
        stand = Stand()
        key = capk.new(RID, 0x57, SmSuite, bytes(64), until=until)
        stand.terminal.sale.keys.ring = capk.Keyring((key,))
        card = asking("DF6901" + SIGNED)
        stand.tap(card)
        assert sent_to(card)[tags.SM_SUPPORT] == wanted
