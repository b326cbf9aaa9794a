# SPDX-License-Identifier: Apache-2.0
"""Signed files: heads, signatures and hashes. The vectors were made with `cryptography` and gmssl;
their keys are forgotten.
"""

from firmware.formats import signed
from firmware.formats.signed import Authority, Part
from tests.refusal import refusal

MODULUS = bytes.fromhex(
    "D0E10E33ED22F2AA004C94B61C5B4EC8D7890470454F83DDAEFDA31AAC3D4AD2929B66EF7241A8F889FA8E8F"
    "A05BAC2584CBF27B018043AE40EDD0D02F7C6C667F0640669D091FAE0629BD3F420138E82E1EE103C51F8CBC"
    "4D708B79FF8C2A407985A6AFD1362D8D3168784ACCED7FFD2F19F89A6102D93552CF8C3987926388CBA4D9F7"
    "3D50F493B312DA922321ECD8E32483B83C9CA0DD0B566368E028337B595250A907B150FDF7ADA7E65896BE87"
    "6D04B2183AA79F1FBB19ADD0E42F5C3A32134CE269250F8774CA6D0A46455D6AB1C046D0B58E1A3B0FC76A0D"
    "A9314AB447BCD648E561BFC3411AF45437D9893F1EC235695E5A88F517D93002D025C83F"
)
POINT = bytes.fromhex(
    "3B42F7205FDF6DAAA2B21F130CB3F2C304047F1CF0CE1340B3CEBAE5E6D577DFC019A11D82B10B2B208A043C"
    "5653CB7150A8264E90CB70585EB8EA5B4A6A552D"
)
RSA_HEAD = bytes.fromhex(
    "4654534601010101000000072026120104000000000924F6697EA294ACB0ABE2A0221B5015378E7A170E7CA4"
    "B654433AC17CBC57281EC30100"
)
RSA_SIGNATURE = bytes.fromhex(
    "9320BE28962F13924194A8DAC3BB921246795AA5E1EEA421D228BC787368462740C905DDC5F5ED35D4206ECB"
    "18945403B0E9E78F7EAB6991B73EBB2136354343670C2CF65E0CBEC9602A40A66D870F9405EED95B5F92A42E"
    "51CBA20356348FCE277349A3B07245A40C9F1FEAA9A6323B88F279507621CE37A191F2643FE5371D184F90CA"
    "C2DA93A7538E4F29B6005A1585055325BD1342D48BBA1982DD5413CC85D1EC502C155351CC6140D85BAE8D53"
    "D141348328A6675A92697E6B2BAFAC02D1910BA5D6A901E248FBC8913F7121CDBB463B33C09CE525C4072FB5"
    "646F68F5E9E53239201798016E5FA86247274340472E6EA3796F12ECBCFE28750A96632C"
)
SM2_HEAD = bytes.fromhex(
    "4654534601010102000000072026120104000000000924F6697EA294ACB0ABE2A0221B5015378E7A170E7CA4"
    "B654433AC17CBC57281EC30040"
)
SM2_SIGNATURE = bytes.fromhex(
    "12142A44610537123CD773040AEA0C31182B0FC53EE788F542B47170C633187C6D9548B6BF5BB4BA2BB2AC21"
    "4388A40EF8ED92B24807EB8B3257CBD5E74131F3"
)
PAYLOAD = b"fares of the line\n" * 130  # more than one slice
BOTH = Authority(MODULUS, POINT)
FILES = (RSA_HEAD + RSA_SIGNATURE + PAYLOAD, SM2_HEAD + SM2_SIGNATURE + PAYLOAD)


class Blob:
    """Bytes as a blob; counts what was read."""

    def __init__(self, data):
        self.data, self.size = data, len(data)
        self.most = 0

    def read(self, at, count):
        self.most = max(self.most, count)
        return self.data[at : at + count]


def why_not(data, authority=BOTH, kinds=(signed.FARES,)):
    return refusal(signed.opened, Blob(data), authority, kinds)


def changed(data, at, bit=1):
    return data[:at] + bytes((data[at] ^ bit,)) + data[at + 1 :]


def test_signed_file_should_open_to_head_and_payload():
    for data in FILES:
        blob = Blob(data)
        head, payload = signed.opened(blob, BOTH, (signed.FARES,))
        assert (head.kind, head.format, head.number) == (signed.FARES, 1, 7)
        assert (head.effective, head.length) == ("20261201040000", len(PAYLOAD))
        assert payload.size == len(PAYLOAD) and blob.most <= signed.PIECE
        assert payload.read(len(PAYLOAD) - 3, 10) == PAYLOAD[-3:]
        assert payload.read(len(PAYLOAD), 1) == b""


def test_a_flipped_bit_should_be_refused_wherever_it_lies():
    """TD-020: head, signature and payload; some bits of each byte of the short ones."""
    for data in FILES:
        start = len(data) - len(PAYLOAD)
        places = list(range(signed.HEAD)) + list(range(signed.HEAD, start, 9))
        places = places + list(range(start, len(data), 211)) + [len(data) - 1]
        if data[7] == signed.SM2:  # a signature takes its time
            places = [0, 7, 12, 30, 56, 57, 100, 120, start, len(data) - 1]
        for at in places:
            assert why_not(changed(data, at, 1 << at % 8))


def test_every_truncation_should_be_refused():
    for data in FILES:
        for count in list(range(0, 400, 7)) + [len(data) - 1]:
            assert why_not(data[:count])
        assert why_not(data + b"x")


def test_only_the_authority_should_count():
    data, other = FILES[0], changed(MODULUS, 100)
    assert "does not fit" in why_not(data, Authority(other, POINT))
    assert "no authority" in why_not(data, Authority(b"", POINT))
    assert "no authority" in why_not(FILES[1], Authority(MODULUS, b""))
    assert "does not fit" in why_not(FILES[1], Authority(MODULUS, changed(POINT, 9)))
    assert "bytes" in why_not(data, Authority(MODULUS[:-1], POINT))
    assert "unknown kind" in why_not(changed(data, 7, 8))


def test_kind_that_is_not_asked_for_should_be_refused():
    assert why_not(FILES[0], BOTH, (signed.DENY_LIST,)) == "a fare table is not wanted here"
    assert "file of kind 65" in why_not(changed(FILES[0], 5, 64))


def test_verification_should_end_the_same_in_slices():
    """A slice hashes one piece; the signature is some seventeen slices before it, one more in C,
    fewer where C does several products in one.
    """
    for data in FILES[:1]:
        blob = Blob(data)
        work = signed.verify(blob, signed.read_head(blob, (signed.FARES,)), BOTH)
        slices = 0
        while work.step():
            slices += 1
        assert 2 <= slices <= 20 and work.finish().size == len(PAYLOAD)


def test_head_alone_should_be_verified_without_the_payload():
    blob = Blob(changed(FILES[0], len(FILES[0]) - 1))
    head = signed.read_head(blob, (signed.FARES,))
    assert signed.verify_head(head, BOTH).finish() is None
    bad = signed.read_head(Blob(changed(FILES[0], 8)), (signed.FARES,))
    assert "does not fit" in refusal(signed.verify_head(bad, BOTH).finish)


def test_older_and_equal_numbers_should_be_refused():
    """TD-020: anti-downgrade."""
    head = signed.read_head(Blob(FILES[0]), (signed.FARES,))
    signed.check_newer(head, 6)
    assert refusal(signed.check_newer, head, 7) == "version 7, 7 is in force"
    assert refusal(signed.check_newer, head, 8)


def test_effective_moment_should_be_met_to_the_second():
    """TD-007."""
    head = signed.read_head(Blob(FILES[0]), (signed.FARES,))
    assert not signed.is_due(head, (2026, 12, 1, 3, 59, 59))
    assert signed.is_due(head, (2026, 12, 1, 4, 0, 0))
    signed.check_moment("20280229235959")
    for bad in (
        "20261301000000",
        "20261200000000",
        "2026120100000",
        "20261201240000",
        "2026120104000x",
    ):
        assert refusal(signed.check_moment, bad)


def test_head_that_cannot_be_should_not_be_packed():
    digest = bytes(32)
    good = signed.pack_head(2, 1, 1, 7, "", 5, digest, 256)
    assert len(good) == signed.HEAD and good[12:19] == bytes(7)
    for bad in ((2, 1, 1, 0, "", 5), (2, 1, 1, 1 << 32, "", 5), (2, 256, 1, 7, "", 5),
                (2, 1, 1, 7, "20261301000000", 5), (2, 1, 1, 7, "", 1 << 32)):  # fmt: skip
        assert refusal(signed.pack_head, *(bad + (digest, 256)))


def test_part_should_never_read_outside_itself():
    part = Part(Blob(b"0123456789"), 2, 5)
    assert part.read(0, 99) == b"23456" and part.read(4, 3) == b"6" and part.read(5, 1) == b""
