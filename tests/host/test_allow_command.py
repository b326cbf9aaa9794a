# SPDX-License-Identifier: Apache-2.0
"""faretap allow: text of people in, file of a terminal out."""

import pytest

from firmware.errors import FormatError
from firmware.formats import signed
from firmware.formats.allow_list import ALWAYS, AllowList, Window
from host_tools import allow_list, sealing, signing
from tests.host.console import faretap

TEXT = """
version: 3
hours: office mon-sat 08:00-18:00
hours: guard fri-mon 22:00-06:00
hours: guard daily 00:00-24:00
card: 6228000100000010 office
card: 6228000100000028 guard
"""


def test_text_should_become_the_windows_it_says():
    listed = allow_list.opened(allow_list.build(TEXT, bytes(8)))
    assert (listed.version, listed.count) == (3, 2)
    assert listed.windows == [
        Window(1, 0b0111111, 480, 1080, *ALWAYS),
        Window(2, 0b1110001, 1320, 1440, *ALWAYS),
        Window(2, 0b1100011, 0, 360, *ALWAYS),
        Window(2, 127, 0, 1440, *ALWAYS),
    ]
    assert listed.zone_of("6228000100000010") == 1 and listed.zone_of("6228000100000028") == 2


@pytest.mark.parametrize(
    "line",
    [
        "hours: office mon",
        "hours: office someday 08:00-18:00",
        "hours: office mon 08:00-08:00",
        "hours: office mon 08:00-24:01",
        "hours: office mon 8-18",
        "hours: office mon 08:00-18:00 2026-02-29..2026-03-01",
        "card: 6228000100000010 nowhere",
        "card: 62280001 office",
        "card: 6228000100000010 office",
        "name: x",
    ],
)
def test_line_that_cannot_be_should_be_named(line):
    with pytest.raises(FormatError, match=":8: "):
        allow_list.build(TEXT + line, bytes(8))


def test_command_should_build_and_show(tmp_path):
    """TD-020: signed on request, and then nothing but the terminal's authority opens it."""
    text, out, key = tmp_path / "cards.txt", tmp_path / "allow.bin", tmp_path / "key.pem"
    text.write_text(TEXT + "hours: month daily 00:00-24:00 2026-12-01..2026-12-31\n")
    done = faretap("allow", "build", text, out)
    assert done.returncode == 0 and "version 3, 2 cards" in done.stdout, done.stderr
    shown = faretap("allow", "show", out, "--card", "6228000100000028")
    assert "zone 1: mon tue wed thu fri sat 08:00-18:00" in shown.stdout
    assert "00:00-24:00, 2026-12-01 to 2026-12-31" in shown.stdout
    assert "this card: zone 2" in shown.stdout
    made = sealing.make_key(key, b"")
    assert faretap("allow", "build", text, out, "--key", key).returncode == 0
    modulus = sealing.modulus_of(made)
    blob = signing.Bytes(out.read_bytes())
    authority = signed.Authority(modulus, b"")
    assert AllowList(signed.opened(blob, authority, (signed.ALLOW_LIST,))[1]).count == 2
    shown = faretap("allow", "show", out)
    assert shown.returncode != 0 and "signed" in shown.stderr
