# SPDX-License-Identifier: Apache-2.0
"""Where a fuzzer begins: inputs made by the project's own simulator, and the corpora kept here.

`made(name)` asks a simulated card, terminal and collector for the bytes a target reads in earnest.
`kept(name)` are the lines of corpus/NAME.txt: `name: hex`. A line there was found by fuzzing: it
reaches what nothing else reaches, or it once was a fault, and then its name says which.
"""

from pathlib import Path

from firmware.formats import batch, fields, messages, session
from firmware.kernel import apdu, tags
from firmware.reader import frame
from host_tools.acquirer.keys import Key, wrap
from host_tools.acquirer.message import pack
from host_tools.acquirer.sale import sale_message, settlement_message, sign_on_message
from tests.fuzz import acquirer, air, bends, faulty, line_seeds, recorded
from tests.fuzz.taps import HEAD_BYTES
from tests.host.acquirer_stand import sale
from tests.small_card import LAST, SmallCard
from tests.stand import FLEET, SETTINGS, Stand

CORPUS = Path(__file__).resolve().parent / "corpus"


def made(name):
    """List of inputs for the target `name`."""
    return MAKERS[name]()


def kept(name):
    """List of (what it is, input) of corpus/NAME.txt, empty without one."""
    path = CORPUS / (name + ".txt")
    lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
    pairs = [line.partition(": ") for line in lines if line and line[0] != "#"]
    return [(what, bytes.fromhex(text)) for what, _, text in pairs]


def _dialogue():
    """[(command, answer)] of a card that is torn at its last record and comes again."""
    stand, card, heard = Stand("same_card_s: 0"), SmallCard(), []

    def keep(command, answer):
        heard.append((command, answer))
        return answer

    card.edit = keep
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    stand.tap(card)
    stand.tap(card)
    return heard


def _stored():
    """The open entry of a torn tap, and the record of the tap that settled it."""
    stand, card = Stand("same_card_s: 0"), SmallCard()
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    stand.tap(card)
    ((_, entry),) = stand.journal.pending()
    stand.tap(card)
    ((_, record),) = stand.journal.records()
    return entry, record


def _tlv():
    return [answer[:-2] for _, answer in _dialogue()]


def _dol():
    lists = ["9F66049F02069F03069F1A0295055F2A029A039C019F3704", "9F66045A0A5F34019F20038F01700A"]
    return [bytes([len(one) // 2]) + bytes.fromhex(one) + b"\x06" + bytes(6) for one in lists]


def _answers():
    heard = [answer[:-2] for _, answer in _dialogue()]
    found = [bytes([kind]) + answer for kind in range(2) for answer in heard[:2]]
    found += [b"\x02" + bytes.fromhex("1001020018010301"), b"\x03\x62\x28\x00\x01\x00\x00\x00\x10"]
    found += [b"\x04" + answer + b"\x90\x00" for answer in heard[3:6]]
    pieces = (SmallCard().fci[3:], b"", heard[2], *heard[3:7])
    return [*found, b"\x06" + b"".join([bytes([len(one) & 0xFF]) + one for one in pieces])]


def _texts():
    told = session.Session(
        "pboc-seed", b"\x04\x01\x02\x03", b"\x05\x78\x80\x70\x02", 200, b"\x26\x11\x21",
        b"\x10\x15\x00", b"\x01\x56", b"\x01\x56", b"\x01\x02\x03\x04",
        presentations=[[session.Exchange(apdu.select(apdu.PPSE), b"\x6a\x82", 8)],
                       [session.Exchange(apdu.read_record(1, 1), None, None)]],
        expects=[("outcome", "torn_pending"), ("balance_fen", "9800")],
        denies=["6228000100000010"],
    )  # fmt: skip
    fleet = FLEET + "class: student 6228 50\naid: A0000003330101 partial\ndeny: 62280001000000 1\n"
    fleet += "torn_count: 3\nttq: 28000080\ntransaction_limit_fen: 1000\ncountry: 0156\n"
    texts = (session.format_session(told), fleet, SETTINGS + "\nlink: tcp:a:1")
    return [bytes([kind]) + text.encode() for kind, text in zip((0, 1, 2), texts, strict=True)]


def _stored_inputs():
    entry, record = _stored()
    return [b"\x00" + record, b"\x01" + entry]


def _bend(presentation, slot, how, *rest):
    place = presentation << 6 | bends.SLOTS.index(slot)
    return bytes([place, bends.HOWS.index(how), *rest, 0, 0, 0, 0][: bends.BYTES])


def _taps():
    """Every head alone; each way to bend at one answer; each record torn and the card again."""
    heads = [bytes([0] * at + [1 << bit] + [0] * (HEAD_BYTES - 1 - at))
             for at in (0, 1, 3, 4, 5, 6, 7) for bit in range(8)]  # fmt: skip
    found = [bytes(HEAD_BYTES), *heads]
    found += [bytes(HEAD_BYTES) + _bend(0, slot, how, 3, 2, 1)
              for how in bends.HOWS for slot in ("SELECT", "GPO", "READ 3.1")]  # fmt: skip
    found += [bytes(HEAD_BYTES) + _bend(0, slot, "set", at)
              for slot in bends.BEFORE for at in range(13)]  # fmt: skip
    again = bytes([0, 0, 0, 1, 0, 0, 0, 0])
    for terminal in (0, 32, 64, 96):
        for more in range(0, 128, 16):
            head = bytes([terminal, 0, 0, 2, 0, more, 0, 0])
            found += [head + _bend(0, "READ 3.3", how) for how in bends.LOST]
            found.append(
                head + _bend(0, "READ 3.3", "lose answer") + _bend(1, "DATA 9F79", "alone")
            )
    for slot in bends.SLOTS[:15]:
        for how in bends.LOST:
            found.append(again + _bend(0, slot, how))
            found.append(again + _bend(0, "READ 3.3", how) + _bend(1, slot, "alone", 0, 6))
    return found


def _recorded():
    """Each session as it is, and bent once in each presentation."""
    found = [bytes([at]) for at in range(len(recorded.NAMES))]
    for how in bends.HOWS:
        for presentation, slot in ((0, "READ"), (0, "GPO"), (1, "DATA 9F79")):
            found.append(b"\x03" + _bend(presentation, slot, how, 1, 2, 1))
    return found


def _frames():
    heard = [frame.ACK, frame.NACK, frame.ERROR, *[frame.encode(b"\xd5\x41\x00" + answer)
             for _, answer in _dialogue()]]  # fmt: skip
    return [bytes([7, 1, 63, 3]) + b"".join(heard[at : at + 3]) for at in range(0, len(heard), 2)]


TARGET_A = bytes.fromhex("0101000420070411223344556605788070 02")
TARGET_B = bytes.fromhex("0101501122334400000000007181710100")


def _targets():
    return [b"\x00" + TARGET_A, b"\x01" + TARGET_B]


def _chip():
    """A chip that is opened, a card in the field, a chained answer, a chip of all kinds."""
    version = bytes([0, 4]) + b"\x32\x01\x06\x07"
    plain = bytes([0, 0])
    found = bytes([0, len(TARGET_A)]) + TARGET_A
    answer = bytes([0, 3]) + b"\x00\x90\x00"
    return [
        bytes([2, 1, 4, 3]) + plain + version + plain * 12,
        bytes([1, 0, 0, 0]) + found + answer,
        bytes([1, 1, 3, 0]) + found + bytes([0, 4]) + b"\x40\x11\x22\x33" + answer,
        bytes([0, 1, 2, 3]) + bytes([how for how in range(8) for _ in range(2)]),
    ]


def _blocks():
    """Cards of each ATS that answer well, in one block and in two, with S(WTX), with R(ACK)."""
    plain = b"\x09\x02\x70\x00"
    found = [bytes([speed, 5, 5, 5, 8 + at, 0]) + plain * 3
             for at in range(len(air.ATS)) for speed in (0, 1)]  # fmt: skip
    for more in (b"\x01\x02ab" + plain, b"\x04\x01" + plain, b"\x03" + plain, b"\x06\x00" + plain):
        found += [bytes([0, 200, 5, 5, 8, 0]) + more * 3, bytes([0, 200, 5, 5, 9, 0]) + more * 9]
    return found


def _air():
    """Each way of the air at each of the first frames, commands and answers short and long."""
    found = []
    for how in range(8):
        for at in range(4):
            bent = bytes(at) + bytes([how, 1, 2][: 3 if how == 3 else 1])
            found += [bytes([0, 0, 0, 30, 200, 0]) + bent, bytes([1, 1, 1, 44, 9, 0]) + bent]
    return found


def _faults():
    """Each knob at the first poll, at an APDU and at the last READ RECORD, in both engines."""
    knobs = range(len(faulty.KNOBS))
    found = [bytes([head, at, 0, knob, 20, 3])
             for knob in knobs for head, at in ((0, 1), (1, 9), (0, 10))]  # fmt: skip
    stops = [bytes([4 + head, at, at, stop])
             for head in (0, 1) for at in (9, 40) for stop in range(3)]  # fmt: skip
    return [b"", *found[::3], *stops, *[bytes([16, at, 1]) for at in range(9)]]


def _messages():
    _, record = _stored()
    frames = [batch.pack_batch(1, [(1, record), (2, b"")]), batch.pack_ack(1, 0x1234, 2)]
    frames.append(batch.pack_reject(1, batch.GAP, 3, "expected 3"))
    found = [bytes([200, 3, 1, kind]) + one for kind, one in enumerate(frames)]
    return found + [bytes([kind, 1, 1, 1]) + one[6:-4] for kind, one in enumerate(frames, 1)]


def _notes():
    """Fields of each signed message, blank and with what rows it has."""
    found = []
    for place, (_, table) in enumerate(messages.TABLES):
        found.append(bytes([0, place]) + fields.pack(table, fields.blank(table)))
        found.append(bytes([0, place]) + bytes(range(1, 90)))
    return found


def _lies():
    return [bytes([9, 1]) + bytes([how, 5, 3, 9, how, 0, 2] * 40) for how in range(10)]


def _uploads():
    return [bytes([9, how, how, 5, 5, 5]) + bytes(range(0, 120, 7)) for how in range(8)]


def _acquirer():
    """A sale, its settlement, chip data, wrapped keys and a profile."""
    profile = acquirer.PROFILE
    north, raw = profile.merchants[0], sale(1)
    sold = sale_message(profile, north, raw, 1, 2)
    told = settlement_message(profile, north, 1, 3, 1, 200)
    on = sign_on_message(profile, north, 0, 1)
    frames = [pack(one)[2:] for one in (sold, told, on)]
    wrapped = wrap(acquirer.MASTER, [Key(bytes([n]) * 16) for n in (1, 2)])
    found = [bytes([kind]) + frame for kind in (0, 5) for frame in frames]
    found += [b"\x01" + pack(on) * 2, b"\x02" + bytes.fromhex(sold.text(55)), b"\x03" + wrapped]
    return [*found, b"\x04" + b'[[merchant]]\nname="a"\nmerchant="123456789012345"']


MAKERS = {
    "tlv": _tlv,
    "dol": _dol,
    "answers": _answers,
    "texts": _texts,
    "stored": _stored_inputs,
    "taps": _taps,
    "recorded": _recorded,
    "frames": _frames,
    "targets": _targets,
    "chip": _chip,
    "blocks": _blocks,
    "air": _air,
    "faults": _faults,
    "messages": _messages,
    "signed-notes": _notes,
    "signed-lies": _lies,
    "uploads": _uploads,
    "acquirer": _acquirer,
    **line_seeds.MAKERS,
}
WORDS = [tag.to_bytes((tag.bit_length() + 7) // 8) for tag in vars(tags).values()
         if isinstance(tag, int)]  # fmt: skip
