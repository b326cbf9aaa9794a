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
OK = b"\x90\x00"


def fci_of(proprietary, name=DEBIT):
    """An FCI; name None: without 84."""
    own = b"" if name is None else tlv.build(0x84, bytes.fromhex(name))
    return tlv.build(0x6F, own + tlv.build(0xA5, proprietary))


USABLE = tlv.build(tags.PDOL, bytes.fromhex("9F66049F0206"))
FCI = fci_of(USABLE)


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


PPSE_COMMAND = "00A404000E325041592E5359532E444446303100"


def test_only_ppse_and_the_full_name_should_be_asked():
    """QT-076, QT-080: no 1PAY, no AID tried, no P2 = 02; the card's own name, to 16 bytes."""
    for aid in (DEBIT, "A0000003330101" + "02" * 9):
        found, sent = selected(ppse(entry(aid, "01")))
        assert [one.hex().upper() for one in sent] == [
            PPSE_COMMAND,
            "00A40400%02X%s00" % (len(aid) // 2, aid),
        ]
        assert found.aid == bytes.fromhex(aid) and tags.TTQ in [tag for tag, _ in found.pdol]


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
    """QT-025, QT-081: of 5 to 16 bytes; exact refuses a longer name of the card."""
    names = ("A000000333", "A0000003330101", DEBIT, "A0000003330101" + "02" * 9)
    for name in names:
        exact = (selection.ListedAid(bytes.fromhex(name), False),)
        partial = (selection.ListedAid(bytes.fromhex(name), True),)
        for other in names:
            same, longer = other == name, other.startswith(name)
            assert bool(selection.listed(bytes.fromhex(other), exact)) is same, (name, other)
            assert bool(selection.listed(bytes.fromhex(other), partial)) is longer, (name, other)
        assert not selection.listed(bytes.fromhex(FOREIGN), partial)
    assert selected(ppse(entry(DEBIT, "01")), aids=EXACT)[0].reason == "no_common_app"
    assert selected(ppse(entry(names[1], "01")), aids=EXACT)[0].aid == bytes.fromhex(names[1])


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


def test_refused_applications_should_have_reasons_of_their_own():
    """QT-086: blocked, card blocked, not found, anything else; the status word is kept."""
    for sw, reason in (
        ("6283", "app_blocked"),
        ("6A81", "card_blocked"),
        ("6A82", "app_missing"),
        ("6D00", "app_refused"),
        ("9001", "app_refused"),
    ):
        found, sent = selected(ppse(entry(DEBIT)), FCI + bytes.fromhex(sw))
        assert (found.outcome, found.reason, len(sent)) == ("other_interface", reason, 2)
        assert sw in found.detail and found.taken is False


def test_fci_should_be_kept_for_logs_and_the_extended_application():
    """QT-087, QT-090: label, language, code table, log entries, DF61 and nothing else."""
    inner = (0x9F4D, "0B0A"), (0xDF4D, "0C0A"), (0xDF61, "80"), (0x9F7D, "0102")
    outer = (0x50, "50424F43"), (0x9F12, "B5E7"), (0x5F2D, "7A68"), (0x9F11, "01"), (0x87, "01")
    body = b"".join([tlv.build(tag, bytes.fromhex(text)) for tag, text in outer])
    body += tlv.build(tags.PDOL, bytes.fromhex("9F6604")) + tlv.build(0x9F2A, b"vendor")
    body += tlv.build(
        0xBF0C, b"".join([tlv.build(tag, bytes.fromhex(text)) for tag, text in inner])
    )
    found, _ = selected(ppse(entry(DEBIT)), fci_of(body) + OK)
    wanted = dict([(tag, bytes.fromhex(text)) for tag, text in outer[:4] + inner[:3]])
    assert found.fci == wanted
    assert selected(ppse(entry(DEBIT)))[0].fci == {}


def test_unusable_fci_should_end():
    """QT-087, QT-088."""
    without = fci_of(tlv.build(tags.PDOL, bytes.fromhex("9F0206")))
    broken = fci_of(tlv.build(tags.PDOL, bytes.fromhex("9F6604" + "9F")))
    no_a5 = tlv.build(0x6F, tlv.build(0x84, bytes.fromhex(DEBIT)))
    no_pdol = fci_of(tlv.build(0x50, b"X"))
    names = [fci_of(USABLE, name) for name in (None, "", DEBIT[:8], DEBIT + "01" * 9)]
    for fci in [without, broken, no_a5, no_pdol, FCI[:-1], FCI + b"\x00", b""] + names:
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


def test_directory_with_too_many_entries_should_be_refused():
    """QT-077, QT-079: as many as the bound are read; one more is no card of the book."""
    most = selection.MAX_CANDIDATES
    for count, reason in ((most, ""), (most + 1, "no_ppse"), (100, "no_ppse")):
        found, sent = selected(ppse(*[entry(FOREIGN)] * (count - 1), entry(DEBIT)))
        assert (found.reason if reason else "") == reason, count
        assert len(sent) == (1 if reason else 2)
