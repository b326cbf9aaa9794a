# SPDX-License-Identifier: Apache-2.0
"""A card with electronic cash for the shared tests: small keys, in memory, on both interpreters.

It takes the money at GPO, makes it final at the last READ RECORD and takes it back at SELECT when
that never came (JR/T 0025.12 §7.4.1, §7.7.19). The keys (800, 640 and 512 bits) were made for
these tests, protect nothing and need both remainders, 92 and 9F48. Written with the kernel's TLV:
what the two ends could get wrong together is tested with sim/card.py and published data.
"""

import hashlib

from firmware.errors import LinkLost
from firmware.kernel import apdu, bcd, capk, dol, oda_rsa, tags, tlv

RID = bytes.fromhex("A000000333")
AID = RID + b"\x01\x01\x01"
PDOL = bytes.fromhex("9F66049F02065F2A029A039F3704")
TODAY = (2026, 11, 21)
LAST = -1


class SmallKey:
    """Modulus n and exponents; sign() gives block^d mod n."""

    def __init__(self, e, n, d):
        self.e = e
        self.n = int(n, 16)
        self.d = int(d, 16)
        self.modulus = bytes.fromhex(n)
        self.exponent = b"\x03" if e == 3 else b"\x01\x00\x01"

    def sign(self, block):
        return pow(int.from_bytes(block, "big"), self.d, self.n).to_bytes(len(self.modulus), "big")


CA = SmallKey(
    3,
    "A43B828EB707AA3A05169CF64778A377B69CDFC6E7DD9EDC32E6BCBA33716CC9769AC66D62A449935ED5D067D74D"
    "C838C391A6B2EA47DC730413BF3DDB542D8DAE92E3CBCC7F1B385BFE0CDBA57628C4C9F05BF4BA73A59614C3D53F"
    "13B043B635BC1F4F",
    "6D7D01B47A051C26AE0F134EDA506CFA79BDEA849A93BF3D77447DD177A0F330F9BC8448EC6D86623F39359A8F89"
    "3025D7B55DBC5CAD154673DEA1B1F2B338988510E7C54EA0C49F045D30A3CE26C704EE29F56854A60B1EC6533CC4"
    "A6D552C396C9E54B",
)
ISSUER = SmallKey(
    3,
    "AE0F36545B6B0C0599CD0BDB321F60C288E408C0DD7FD18C6479CDCA038598E240568FAA24B6A50B71F06EE38DC8"
    "3513584808478CB2ADB6F20F91606C1F84BA094F16A8A7D06901D9FC5A59CDDBD37D",
    "740A24383CF20803BBDE07E776BF95D705ED5B2B3E55365D985133DC02591096D58F0A716DCF18B131E6D887A1F4"
    "1183D6057E2CCDE8619087833FEF9FD0A78E6BFB80E690A23E147DA390E8F9640A2B",
)
ICC = SmallKey(
    65537,
    "BED03FB53D7BFB9F39961EE604AF3278939A568A9D44DF55702A5995D4B0D0C8409EF020E60047D2D17A388AE333"
    "00B1285D9D9BC824269F05F53E0531143419",
    "D8B62BA4EBEFA417728FCD07F0CA09C867DB21EECC2F2C771CACFC91EEBDE25F93C333C16C239E298B30C0BF4E7F"
    "0FF7831E64BAB1857FDC78FE0A32C6BABC1",
)
CAPK = capk.new(RID, 0xF1, oda_rsa, CA.modulus, 3)


def sealed(key, fields, also_hashed):
    """A signed block of `fields`, SHA-1 and trailer (JR/T 0025.7 §12.2.1)."""
    digest = hashlib.sha1(fields + also_hashed).digest()
    return key.sign(b"\x6a" + fields + digest + b"\xbc")


def issuer_fields(owner="622800ff", expiry="1249"):
    """Fields of a certificate 90 before the hash (JR/T 0025.7 table 6)."""
    head = b"\x02" + bytes.fromhex(owner + expiry) + b"\x00\x00\x01\x01\x01"
    return head + bytes((len(ISSUER.modulus), 1)) + ISSUER.modulus[:64]


def icc_fields(pan, expiry="1235"):
    """Fields of a certificate 9F46 before the hash (JR/T 0025.7 table 12)."""
    owner = pan + "f" * (20 - len(pan))
    head = b"\x04" + bytes.fromhex(owner + expiry) + b"\x00\x00\x01\x01\x01"
    return head + bytes((len(ICC.modulus), 3)) + ICC.modulus[:38]


ISSUER_CERTIFICATE = sealed(CA, issuer_fields(), ISSUER.modulus[64:] + ISSUER.exponent)


def values(amount_fen=200, un=b"\xa1\xb2\xc3\xd4", ttq="28000080"):
    """What a terminal sends: dict tag -> bytes (qpboc.md 2.6)."""
    return {
        tags.TTQ: bytes.fromhex(ttq),
        tags.AMOUNT: bcd.from_int(amount_fen, 6),
        tags.CURRENCY: b"\x01\x56",
        tags.DATE: bytes.fromhex("261121"),
        tags.UN: un,
    }


class SmallCard:
    """`uid`, exchange(), power_up(); change what stands in it before it is used.

    `records` is a list of [sfi, number, body without template] in AFL order, the first three
    signed by `signed` = how many of the file 3; `edit(command, answer)` bends answers; `tear` is
    None or (instruction, which of it from 0 or LAST, has the card acted); `sent` is the log.
    """

    kind = "A"
    ats = bytes.fromhex("0578807002")
    nonce = bytes(4)  # the unpredictable number of 9F69
    symmetric = b"\x01"  # 9F10 byte 8: 3DES
    offer = b"\x00"  # byte 8 of 9F69

    def __init__(self, pan="6228000100000010", balance_fen=10000, atc=4, expiry="351231"):
        self.uid = b"\x04" + hashlib.sha1(pan.encode()).digest()[:6]
        self.pan = pan
        self.atc, self.balance_fen = atc, balance_fen
        self.fci = tlv.build(tags.PDOL, PDOL)
        self.aip = b"\x7c\x00"
        self.afl = bytes.fromhex("10010200" + "18010301")
        self.track = bytes.fromhex(pan + "d" + expiry[:4] + "201" + "0" * (len(pan) % 2))
        self.gpo_extra = tlv.build(tags.PSN, b"\x01")
        self.currency = b"\x01\x56"
        self.free_records = True  # records may be read without a GPO
        self.edit = None
        self.tear = None
        self.sent = []
        self.debits = []  # ATC of each final debit
        self.restore = None
        self.card_auth = b""
        self.selected = self.opened = False
        self.personalise(expiry)

    def personalise(self, expiry, effective="200101", version="0030"):
        """Make the signed record and the certificate over it."""
        signed = (
            tlv.build(tags.PAN, bytes.fromhex(self.pan + "f" * (len(self.pan) % 2)))
            + tlv.build(tags.EXPIRY, bytes.fromhex(expiry))
            + tlv.build(tags.EFFECTIVE, bytes.fromhex(effective))
            + (tlv.build(tags.APPLICATION_VERSION, bytes.fromhex(version)) if version else b"")
            + tlv.build(tags.SDA_TAG_LIST, b"\x82")
        )
        issuer, icc = self.key_records(signed + self.aip)
        self.records = [
            [2, 1, issuer],
            [2, 2, icc],
            [3, 1, signed],
            [3, 2, tlv.build(0x5F28, b"\x01\x56")],
            [3, 3, tlv.build(tags.EC_APPROVAL_CODE, b"ECC001")],
        ]

    def key_records(self, static):
        """Bodies of the two records with certificates; `static` is under the card's own."""
        hashed = ICC.modulus[38:] + ICC.exponent + static
        certificate = sealed(ISSUER, icc_fields(self.pan), hashed)
        issuer = ((0x8F, b"\xf1"), (0x90, ISSUER_CERTIFICATE), (0x9F32, b"\x03"))
        icc = ((0x9F46, certificate), (0x9F47, ICC.exponent), (0x9F48, ICC.modulus[38:]))
        return objects_of(*issuer, (0x92, ISSUER.modulus[64:])), objects_of(*icc)

    def power_up(self):
        self.selected = self.opened = False

    def exchange(self, command, spare=None):
        """The answer; LinkLost where the card is torn off."""
        torn = self._torn(command)
        self.sent.append(command)
        if torn and not torn[2]:
            raise LinkLost("torn before the command")
        answer = self._answer(command)
        if self.edit:
            answer = self.edit(command, answer)
        if torn:
            raise LinkLost("torn after the command")
        return answer

    def asked(self, instruction):
        """How many commands with this instruction byte came."""
        return len([one for one in self.sent if one[1] == instruction])

    def asked_last(self):
        """How often the last record of the AFL was asked for."""
        last = apdu.read_record(self.afl[-4] >> 3, self.afl[-2])
        return len([one for one in self.sent if one == last])

    def _torn(self, command):
        if not self.tear or command[1] != self.tear[0]:
            return None
        due = self.tear
        if due[1] == LAST:
            if not self.opened or command != apdu.read_record(self.afl[-4] >> 3, self.afl[-2]):
                return None
        elif due[1] > 0:
            self.tear = (due[0], due[1] - 1, due[2])
            return None
        self.tear = None
        return due

    def _answer(self, command):
        instruction = command[1]
        if instruction == apdu.INS_SELECT:
            return self._select(command[5 : 5 + command[4]])
        if not self.selected:
            return b"\x69\x85"
        if instruction == apdu.INS_GPO:
            return self._gpo(command)
        if instruction == apdu.INS_GET_DATA:
            return self._get_data(command[2] << 8 | command[3])
        return self._read(command[3] >> 3, command[2])

    def _select(self, name):
        self.selected = self.opened = False
        if name == apdu.PPSE:
            entry = tlv.build(0x61, tlv.build(0x4F, AID) + tlv.build(0x87, b"\x01"))
            body = tlv.build(0x84, apdu.PPSE) + tlv.build(0xA5, tlv.build(0xBF0C, entry))
            return tlv.build(0x6F, body) + b"\x90\x00"
        if name != AID:
            return b"\x6a\x82"
        self.selected = True
        if self.restore is not None:  # the last debit was never made final
            self.balance_fen, self.restore, self.card_auth = self.restore, None, b""
        return tlv.build(0x6F, tlv.build(0x84, AID) + tlv.build(0xA5, self.fci)) + b"\x90\x00"

    def _gpo(self, command):
        sent = tlv.parse(command[5:-1])[0].value
        entries = dol.parse(tlv.find(tlv.parse(self.fci), tags.PDOL).value)
        amount = dol.taken(entries, sent, tags.AMOUNT) or bytes(6)
        amount_fen = bcd.to_int(amount)
        self.atc += 1
        self.opened = True
        self.card_auth = b""
        paid = amount_fen <= self.balance_fen
        if paid:
            self.restore = self.balance_fen
            self.balance_fen -= amount_fen
        iad = bytes.fromhex("07010103" + ("90" if paid else "80") + "0000") + self.symmetric
        parts = [(tags.AIP, self.aip), (tags.AFL, self.afl if paid else b"")]
        parts += [(tags.ATC, self.atc.to_bytes(2, "big")), (tags.TRACK_2, self.track)]
        parts += [(tags.IAD, iad), (tags.CRYPTOGRAM, bytes(6) + self.atc.to_bytes(2, "big"))]
        parts += [(tags.SDAD, self._sign(entries, sent) if paid else b"")]
        parts += [(tags.AVAILABLE_OFFLINE_AMOUNT, bcd.from_int(self.balance_fen, 6))]
        body = b"".join([tlv.build(tag, value) for tag, value in parts if value])
        return tlv.build(0x77, body + self.gpo_extra) + b"\x90\x00"

    def _sign(self, entries, sent):
        signed = dol.taken(entries, sent, tags.UN) or b""
        if ((dol.taken(entries, sent, tags.TTQ) or b"") + bytes(4))[3] & 0x80:
            self.card_auth = b"\x01" + self.nonce + b"\x00\x00" + self.offer
            signed += dol.taken(entries, sent, tags.AMOUNT) or b""
            signed += (dol.taken(entries, sent, tags.CURRENCY) or b"") + self.card_auth
        return self.signature(signed)

    def signature(self, signed, atc=None):
        """9F4B over the ATC and `signed` (JR/T 0025.12 table B.1)."""
        dynamic = b"\x02" + (self.atc if atc is None else atc).to_bytes(2, "big")
        fields = b"\x05\x01\x03" + dynamic + b"\xbb" * (len(ICC.modulus) - 28)
        return sealed(ICC, fields, signed)

    def _get_data(self, tag):
        if tag == tags.ATC:
            value = self.atc.to_bytes(2, "big")
        elif tag == tags.EC_BALANCE:
            value = bcd.from_int(self.balance_fen, 6)
        elif tag == tags.CARD_CURRENCY:
            value = self.currency
        else:
            return b"\x6a\x88"
        return tlv.build(tag, value) + b"\x90\x00"

    def _read(self, sfi, number):
        if not self.opened and not self.free_records:
            return b"\x69\x85"
        for one in self.records:
            if one[0] == sfi and one[1] == number:
                break
        else:
            return b"\x6a\x83"
        body = one[2]
        if sfi == self.afl[-4] >> 3 and number == self.afl[-2]:
            if self.restore is not None:
                self.restore = None  # final before the answer leaves (§7.7.19)
                self.debits.append(self.atc)
            if self.card_auth:
                body += tlv.build(tags.CARD_AUTHENTICATION_DATA, self.card_auth)
        return tlv.build(0x70, body) + b"\x90\x00"


def bend(head, change):
    """An `edit` for good answers to commands that start with hex `head`: `change` is given the
    list of (tag, value) in their template and returns the new one.
    """
    start = bytes.fromhex(head)

    def edit(command, answer):
        if not command.startswith(start) or answer[-2:] != b"\x90\x00":
            return answer
        template = tlv.parse(answer[:-2])[0]
        pairs = change([(one.tag, one.value) for one in tlv.parse(template.value)])
        return tlv.build(template.tag, objects_of(*pairs)) + answer[-2:]

    return edit


def replaced(pairs, tag, value):
    """Pairs with another value for `tag`; None takes it out, a new tag goes to the end."""
    kept = [(one, old if one != tag else value) for one, old in pairs]
    if tag not in [one for one, _ in pairs]:
        kept.append((tag, value))
    return [pair for pair in kept if pair[1] is not None]


def without(tag):
    """An `edit` that takes `tag` out of every answer."""
    return bend("", lambda pairs: [pair for pair in pairs if pair[0] != tag])


def objects_of(*pairs):
    """The objects of (tag, value) pairs, one behind the other."""
    return b"".join([tlv.build(tag, value) for tag, value in pairs])
