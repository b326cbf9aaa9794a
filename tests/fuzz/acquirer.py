# SPDX-License-Identifier: Apache-2.0
"""Messages between ledger and acquirer: frames, chip data, wrapped keys, profiles.

What has to hold: FormatError is all that is raised; a message that is read is written to the same
meaning; an acquirer answers what has its MAC and takes no sale without a right cryptogram; no row
of `decode` shows a card number that field 2 bears.
"""

from host_tools import decode
from host_tools.acquirer import keys, message, profile
from host_tools.acquirer.sale import balance_of
from sim.acquirer import SimulatedAcquirer
from sim.acquirer_book import AcquirerBook
from sim.acquirer_cards import Issuers, read_chip
from tests.fuzz.choices import Choices
from tests.fuzz.parsers import REFUSED, parsed

SHORTEST_PAN = 13
MASTER = keys.Key(bytes(range(16)))
PROFILE = profile.parse(
    '[[merchant]]\nname = "north"\nmerchant = "123456789012345"\nterminal = "00001140"\n'
)
HOST = SimulatedAcquirer(PROFILE, {"00001140": MASTER}, Issuers(), AcquirerBook())


def read_acquirer(data):
    """The first byte chooses who reads the others."""
    choices = Choices(data)
    kind, body = choices.below(6), choices.rest()
    (_frame, _stream, _chip, _keys, _profile, _host)[kind](body)


def _frame(body):
    framed = len(body).to_bytes(2, "big") + body
    found = parsed(message.unpack, framed)
    if found is REFUSED:
        return
    written = message.pack(found)
    assert message.unpack(written) == found
    message.protected(found)
    parsed(balance_of, found, "3")
    for row in decode.explain(framed, "acquirer"):
        pan = found.text(2)
        shown = row.value.hex() + row.meaning
        assert row.code != "2" or len(pan) < SHORTEST_PAN or pan not in shown


def _stream(body):
    reader, taken = message.FrameReader(), 0
    for at in range(0, len(body), 7):
        found = parsed(reader.feed, body[at : at + 7])
        if found is REFUSED:
            return
        taken += sum(map(len, found))
        assert all(len(one) <= message.FRAME_MOST for one in found)
    assert taken <= len(body)


def _chip(body):
    found = parsed(read_chip, body.hex())
    if found is not REFUSED:
        assert not Issuers().knows("6228000100000007", "01", found)


def _keys(body):
    for layout in keys.LAYOUTS:
        found = parsed(keys.unwrap, MASTER, layout, body)
        if found is not REFUSED:
            assert keys.wrap(MASTER, list(found.values())) == body


def _profile(body):
    found = parsed(profile.parse, body.decode("utf-8", "replace"))
    if found is not REFUSED:
        assert 1 <= found.rules.batch_sales <= profile.BATCH_MOST and found.merchants


def _host(body):
    answer = HOST.answer(len(body).to_bytes(2, "big") + body)
    if answer is not None:
        code = message.unpack(answer).text(39)
        assert code not in ("", "94")
    assert HOST.book.count() == 0
