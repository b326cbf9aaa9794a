# SPDX-License-Identifier: Apache-2.0
"""TLV against a decoder that is not ours: python-asn1, both ways, on valid input.

A BER decoder and the book differ where the book is no BER; these places are left out of the input
or said here:

* the book's tags 9F01 to 9F1E write numbers below 31 in the long form, which X.690 8.1.2.4 keeps
  for 31 and more: python-asn1 reads them all the same and gives class, form and number; tags are
  compared by these three, and it never writes such a tag;
* universal tags (first byte below 40) have types of their own there; the book uses none;
* 00 between objects is padding for the book (JR/T 0025.5 B.1) and a tag nobody may use there;
* a value written under number 3 of any class gets the leading byte of a BIT STRING there;
* an indefinite length is BER and refused by the book; lengths longer than they must be are both.
"""

import asn1
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.errors import FormatError
from firmware.kernel import tags, tlv

LONGEST = 600
named = sorted({value for name, value in vars(tags).items() if isinstance(value, int)})
heads = st.integers(0x40, 0xFF)
short = [number for number in range(1, 31) if number != 3]


@st.composite
def any_tags(draw):
    """A tag of 1 to 4 bytes outside the universal class, as BER and the book both know it."""
    head = draw(heads)
    if head & 0x1F != 0x1F:
        return head
    count = draw(st.integers(0, 2))
    rest = [draw(st.integers(0x81, 0xFF)) for _ in range(count)] + [draw(st.integers(0, 0x7F))]
    return int.from_bytes(bytes([head, *rest]))


tag_numbers = st.one_of(st.sampled_from(named), any_tags())
primitive = st.tuples(
    tag_numbers.filter(lambda tag: not tlv.is_constructed(tag)), st.binary(max_size=300)
)
trees = st.lists(
    st.recursive(
        primitive,
        lambda inner: st.tuples(
            tag_numbers.filter(tlv.is_constructed), st.lists(inner, max_size=4)
        ),
        max_leaves=8,
    ),
    max_size=4,
)


def identity(tag):
    """(number, constructed, class) of a tag, as X.690 8.1.2 counts it."""
    head, *rest = tlv.encode_tag(tag)
    number = head & 0x1F
    if number == 0x1F:
        number = 0
        for byte in rest:
            number = number << 7 | byte & 0x7F
    return number, bool(head & 0x20), head & 0xC0


def built(nodes):
    """Bytes of [(tag, bytes or a list of the same)], by our own build()."""
    return b"".join(
        [
            tlv.build(tag, built(value) if isinstance(value, list) else value)
            for tag, value in nodes
        ]
    )


def identified(nodes):
    """A tree with identities for tags."""
    return [
        (identity(tag), identified(value) if isinstance(value, list) else value)
        for tag, value in nodes
    ]


def theirs(decoder):
    """[(identity, bytes or a list of the same)] of all that is left on this level."""
    found = []
    while (tag := decoder.peek()) is not None:
        constructed = tag.typ == asn1.Types.Constructed
        if constructed:
            decoder.enter()
            value = theirs(decoder)
            decoder.leave()
        else:
            _, value = decoder.read()
        found.append(((tag.nr, constructed, int(tag.cls)), value))
    return found


def decoded(data):
    """What python-asn1 reads in `data`."""
    decoder = asn1.Decoder()
    decoder.start(data)
    return theirs(decoder)


def ours(objects):
    """The same of tlv.parse()."""
    return [
        (identity(one.tag), one.value if one.children is None else ours(one.children))
        for one in objects
    ]


def depth(nodes):
    """Levels of templates."""
    return max([1 + depth(value) for _, value in nodes if isinstance(value, list)], default=0)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(trees)
def test_what_we_build_should_be_what_they_decode(nodes):
    data = built(nodes)
    assert decoded(data) == identified(nodes)
    if depth(nodes) <= tlv.MAX_DEPTH:
        assert ours(tlv.parse(data)) == identified(nodes)


@st.composite
def their_trees(draw, depth=0):
    """[((number, constructed, class), value)], numbers in the form their encoder writes."""
    found = []
    for _ in range(draw(st.integers(0, 3))):
        number = draw(st.one_of(st.sampled_from(short), st.integers(31, 0x1FFFFF)))
        constructed = depth < 4 and draw(st.booleans())
        value = draw(their_trees(depth + 1)) if constructed else draw(st.binary(max_size=200))
        kind = draw(st.sampled_from([0x40, 0x80, 0xC0]))
        found.append(((number, constructed, kind), value))
    return found


def written(encoder, nodes):
    """Write a tree with their encoder."""
    for (number, constructed, kind), value in nodes:
        if constructed:
            encoder.enter(number, asn1.Classes(kind))
            written(encoder, value)
            encoder.leave()
        else:
            encoder.write(value, number, asn1.Types.Primitive, asn1.Classes(kind))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(their_trees())
def test_what_they_encode_should_be_what_we_parse(nodes):
    encoder = asn1.Encoder()
    encoder.start()
    written(encoder, nodes)
    data = encoder.output()
    objects = tlv.parse(data)
    assert ours(objects) == nodes
    assert built([(one.tag, one.value) for one in objects]) == data, "lengths are the shortest"


@settings(max_examples=200, deadline=None, derandomize=True)
@given(any_tags(), st.binary(max_size=LONGEST), st.integers(0, 3))
def test_lengths_longer_than_they_must_be_should_be_read_by_both(tag, value, zeros):
    """JR/T 0025.5 B.1.2: up to 4 length bytes; a constructed value has to be objects itself."""
    tag = tag if not tlv.is_constructed(tag) else 0x9F10
    count = len(value).to_bytes(2)
    count = b"\x00" * min(zeros, 2) + count
    data = tlv.encode_tag(tag) + bytes([0x80 | len(count)]) + count + value
    assert ours(tlv.parse(data)) == decoded(data) == [(identity(tag), value)]


def test_known_differences_should_be_these():
    """What stands in the head of this file, shown."""
    assert decoded(bytes.fromhex("9F0201AA")) == decoded(bytes.fromhex("8201AA"))
    assert ours(tlv.parse(bytes.fromhex("9F0201AA"))) == ours(tlv.parse(bytes.fromhex("8201AA")))
    padded = bytes.fromhex("00009F360200050000")
    assert [one.tag for one in tlv.parse(padded)] == [tags.ATC]
    with pytest.raises(asn1.Error, match="tag number 0 is reserved"):
        decoded(padded)
    with pytest.raises(FormatError, match="length form 80"):
        tlv.parse(bytes.fromhex("70809F360200050000"))
