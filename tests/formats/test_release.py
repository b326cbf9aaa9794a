# SPDX-License-Identifier: Apache-2.0
"""Releases: manifest and body in a signed file, refused where a board cannot start them."""

from firmware.formats import release, signed
from tests.deny_lists import AUTHORITY, Blob
from tests.refusal import refusal
from tests.release_files import (
    ROMFS,
    SIGNATURE,
    ZIP,
    manifest,
    signed_release,
    unsigned_file,
    unsigned_release,
)

GOOD = signed_release(7)  # signing takes a second under MicroPython


def opened(data):
    head, payload = signed.opened(Blob(data), AUTHORITY, (signed.FIRMWARE,))
    return release.read(head, payload)


def looked_at(data):
    """The manifest, whoever signed it."""
    head = signed.read_head(Blob(data), (signed.FIRMWARE,))
    return release.read(head, signed.Part(Blob(data), head.start, head.length))


def test_a_release_says_what_it_is_and_its_body_begins_at_a_block():
    data = GOOD
    found = opened(data)
    assert (found["board"], found["number"], found["version"]) == ("pico", 7, "1.7")
    assert found["size"] == len(ROMFS)
    assert data[release.BODY_AT :] == ROMFS
    assert looked_at(unsigned_release(8, ZIP, body=release.ZIP))["body"] == release.ZIP


def test_a_board_takes_what_it_can_start():
    found = opened(GOOD)
    fits = ("pico", (release.ROMFS,), 96 * 4096, len(GOOD))
    release.check(found, *fits)
    for at, other, said in (
        (0, "pico2_w", "release for pico, this is pico2_w"),
        (1, (release.ZIP,), "does not run"),
        (2, 8192, "a slot has 8192"),
    ):
        bent = list(fits)
        bent[at] = other
        assert said in refusal(release.check, found, *bent)
    later = looked_at(unsigned_release(7, loader=release.LOADER + 1))
    assert "loader 2, this is 1" in refusal(release.check, later, *fits)


def test_a_manifest_that_does_not_fit_its_file_is_refused():
    good = release.pack(manifest(7, ROMFS, {}), ROMFS, SIGNATURE)
    for bent, number in (
        (good + b"x", 7),  # longer than it says
        (good[:-1], 7),
        (good, 8),  # another number outside
        (b"\x00" + good, 7),
        (b"\xff\xff" + good[2:], 7),
        (b"", 7),
        (good.replace(b"\xd2\xcd", b"\xd2\xce", 1), 7),  # no ROMFS
        (release.pack(manifest(7, ROMFS, {}), ROMFS, SIGNATURE + 1), 7),  # not at a block
        (release.pack(manifest(7, b"", {}), b"", SIGNATURE), 7),
    ):
        assert refusal(looked_at, unsigned_file(bent, number))


def test_one_that_another_key_signed_or_that_was_bent_is_refused():
    data = GOOD
    for at in (8, 60, 400, release.BODY_AT + 9):
        bent = bytearray(data)
        bent[at] ^= 1
        assert refusal(opened, bytes(bent))
    stranger = signed.Authority(AUTHORITY.rsa[:-1] + b"\x01", b"")
    assert refusal(signed.opened, Blob(data), stranger, (signed.FIRMWARE,))
    assert refusal(signed.opened, Blob(data), AUTHORITY, (signed.FARES,))


def test_layouts_of_the_future_are_told():
    data = GOOD
    head = signed.read_head(Blob(data), (signed.FIRMWARE,))
    values = list(head)
    values[1] = 2
    assert "layout 2" in refusal(release.read, signed.Head(*values), Blob(data))
