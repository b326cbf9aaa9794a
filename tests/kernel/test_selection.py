# SPDX-License-Identifier: Apache-2.0
"""Application selection by directory (JR/T 0025.12 §6.4; QT-076 to QT-089)."""

from firmware.drive import drive
from firmware.errors import LinkLost
from firmware.kernel import apdu, selection, tags, tlv
from firmware.kernel.outcome import Outcome

PARTIAL = (selection.ListedAid(bytes.fromhex("A0000003330101"), True),)
EXACT = (selection.ListedAid(bytes.fromhex("A0000003330101"), False),)
DEBIT = "A000000333010101"
CREDIT = "A000000333010102"
FOREIGN = "A0000000031010"
FCI = tlv.build(0x6F, tlv.build(0xA5, tlv.build(tags.PDOL, bytes.fromhex("9F66049F0206"))))
OK = b"\x90\x00"


def entry(aid, priority=None, extra=b""):
    """A directory entry 61; aid None: without 4F."""
    body = extra + (tlv.build(0x4F, bytes.fromhex(aid)) if aid else b"")
    if priority is not None:
        body += tlv.build(0x87, bytes.fromhex(priority))
    return tlv.build(0x61, body)


def ppse(*entries):
    directory = tlv.build(0xA5, tlv.build(0xBF0C, b"".join(entries)))
    return tlv.build(0x6F, tlv.build(0x84, apdu.PPSE) + directory) + OK


def selected(directory, fci=FCI + OK, aids=PARTIAL):
    """(what select_application returns, commands sent)."""
    sent = []

    def exchange(command, spare=None):
        sent.append(command)
        return directory if len(sent) == 1 else fci

    return drive(selection.select_application(aids), exchange), sent


def chosen(*entries):
    """AID that is selected among directory entries, "" if none."""
    found, sent = selected(ppse(*entries))
    return "" if isinstance(found, Outcome) else sent[1][5:-1].hex().upper()


def test_only_ppse_and_the_full_name_should_be_asked():
    """QT-076, QT-080, QT-089: no 1PAY, no probing, the card's own name."""
    found, sent = selected(ppse(entry(DEBIT, "01")))
    assert sent == [apdu.select(apdu.PPSE), apdu.select(bytes.fromhex(DEBIT))]
    assert found.aid == bytes.fromhex(DEBIT) and tags.TTQ in [tag for tag, _ in found.pdol]


def test_bad_directories_should_point_to_another_interface():
    """QT-077."""
    whole = ppse(entry(DEBIT))[:-2]
    answers = [b"\x6a\x82", b"\x6a\x81", whole + b"\x62\x83", OK, b"", b"\x90", b"\x6f"]
    answers += [whole[:-1] + OK, whole + b"\x00" + OK, whole[2:] + OK]
    answers.append(tlv.build(0x6F, tlv.build(0x84, apdu.PPSE)) + OK)
    answers.append(tlv.build(0x6F, tlv.build(0xA5, b"")) + OK)
    for answer in answers:
        found, sent = selected(answer)
        assert (found.outcome, found.reason) == ("other_interface", "no_ppse"), answer.hex()
        assert len(sent) == 1 and found.taken is False


def test_entries_should_be_read_with_strangers_between():
    """QT-079: unknown tags, an entry without 4F, names too short or too long are passed over."""
    vendor = tlv.build(0x9F2A, b"\x01") + tlv.build(0x50, b"NAME")
    assert chosen(entry(None, "01"), entry(DEBIT, "02", vendor)) == DEBIT
    assert chosen(entry("A0000003", "01"), entry(DEBIT)) == DEBIT
    assert chosen(tlv.build(0x5F50, b"x"), entry(DEBIT)) == DEBIT
    assert chosen(entry(DEBIT, "")) == DEBIT  # 87 without a value is no priority
    long = "A0000003330101" + "01" * 9
    assert chosen(entry(long)) == long
    assert chosen(entry(long + "01")) == ""


def test_listed_names_should_match_exactly_or_as_prefix():
    """QT-025, QT-081."""
    assert selection.listed(bytes.fromhex("A0000003330101"), EXACT)
    assert not selection.listed(bytes.fromhex(DEBIT), EXACT)
    assert selection.listed(bytes.fromhex(DEBIT), PARTIAL)
    assert not selection.listed(bytes.fromhex("A00000033301"), PARTIAL)
    assert not selection.listed(bytes.fromhex(FOREIGN), PARTIAL)


def test_one_common_application_should_be_taken_whatever_its_priority():
    """QT-082."""
    for priority in ("00", "0F", "81", "01", None):
        assert chosen(entry(FOREIGN, "01"), entry(DEBIT, priority)) == DEBIT


def test_best_priority_should_win_and_the_first_among_equals():
    """QT-083, QT-084: the low nibble, 1 is best, 0 and absent are last."""
    table = (
        ("02", "01", CREDIT),
        ("01", "02", DEBIT),
        ("00", "0F", CREDIT),
        (None, "0F", CREDIT),
        ("81", "02", DEBIT),
        ("03", "03", DEBIT),
        ("00", None, DEBIT),
        (None, None, DEBIT),
    )
    for debit, credit, wanted in table:
        assert chosen(entry(DEBIT, debit), entry(CREDIT, credit)) == wanted, (debit, credit)


def test_no_common_application_should_end():
    """QT-085."""
    found, sent = selected(ppse(entry(FOREIGN, "01")))
    assert (found.outcome, found.reason, len(sent)) == ("other_interface", "no_common_app", 1)
    assert selected(ppse())[0].reason == "no_common_app"


def test_refused_applications_should_say_their_status_word():
    """QT-086."""
    for sw in ("6283", "6A82", "6A81", "6D00"):
        found, _ = selected(ppse(entry(DEBIT)), FCI + bytes.fromhex(sw))
        assert (found.outcome, found.reason) == ("other_interface", "app_blocked")
        assert sw in found.detail


def test_unusable_fci_should_end():
    """QT-087, QT-088."""
    without = tlv.build(0x6F, tlv.build(0xA5, tlv.build(tags.PDOL, bytes.fromhex("9F0206"))))
    broken = tlv.build(0x6F, tlv.build(0xA5, tlv.build(tags.PDOL, bytes.fromhex("9F6604" + "9F"))))
    no_a5 = tlv.build(0x6F, tlv.build(0x84, bytes.fromhex(DEBIT)))
    no_pdol = tlv.build(0x6F, tlv.build(0xA5, tlv.build(0x50, b"X")))
    for fci in (without, broken, no_a5, no_pdol, FCI[:-1], FCI + b"\x00", b""):
        found, _ = selected(ppse(entry(DEBIT)), fci + OK)
        assert (found.outcome, found.reason) == ("other_interface", "no_pdol_ttq"), fci.hex()


def test_lost_links_should_go_up():
    """QT-072, QT-078: at PPSE and at the application."""

    for lost_at in (1, 2):
        sent = []

        def exchange(command, spare=None):
            sent.append(command)  # noqa: B023
            if len(sent) == lost_at:  # noqa: B023
                raise LinkLost("gone")
            return ppse(entry(DEBIT))

        try:
            drive(selection.select_application(PARTIAL), exchange)
        except LinkLost:
            assert len(sent) == lost_at
            continue
        raise AssertionError("the link was not lost")


def test_many_entries_should_be_bounded():
    many = [entry(DEBIT)] * (selection.MAX_CANDIDATES + 5)
    data = ppse(*many)[:-2]
    assert len(selection.directory_entries(data)) == selection.MAX_CANDIDATES
