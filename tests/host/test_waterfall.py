# SPDX-License-Identifier: Apache-2.0
"""Where the time of a tap went: the sums, the table and the picture."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import FormatError
from firmware.reader.frame import ACK, encode
from firmware.reader.iso_dep import IsoDepCard
from host_tools import tap_times, trace, waterfall_svg
from host_tools.tap_times import AIR, CARD, CHIP, CRYPTO, HOST, LINK, RADIO
from host_tools.trace import Frame, Note
from tests.host.chip_stand import RadioCard
from tests.host.console import faretap
from tests.host.line_frames import PPSE, frames_of

SVG = "{http://www.w3.org/2000/svg}"
SESSION = "sim/sessions/pboc-approved-v01.session"
FOUND = "d54b010100042007041122334455660578807002"


def exchange(at_us, body, answer, took_us):
    """Command, ACK and answer of one exchange."""
    return [
        Frame(at_us, ">", encode(bytes.fromhex(body))),
        Frame(at_us + took_us // 4, "<", ACK),
        Frame(at_us + took_us, "<", encode(bytes.fromhex(answer))),
    ]


def model(at_us, radio, card, chip):
    values = {"radio_us": str(radio), "card_us": str(card), "chip_us": str(chip)}
    return Note(at_us, "model", values)


def tap_of(*entries):
    (tap,) = tap_times.taps(entries)
    return tap


def simulated():
    """10 ms to find the card, 1 ms of host, 0.4 of it crypto, an APDU of 30 ms, 2 ms behind."""
    find = exchange(0, "d44a0200", FOUND, 10_000)
    select = exchange(11_000, "d4400100a404000e" + PPSE[5:].hex(), "d541009000", 30_000)
    work = {"us": "700", "hidden_us": "300", "last": "0"}
    behind = {"us": "500", "hidden_us": "0", "last": "1"}
    return [
        Note(0, "line", {"baud": "1000000"}),
        *find[:2], model(10_000, 9_000, 0, 100), find[2],
        *select[:2], model(41_000, 8_000, 20_000, 1_000), select[2],
        Note(41_000, "work", work),
        Note(41_500, "work", behind),
        Note(43_000, "tap", {"outcome": "approved", "us": "43000", "journal_us": "900"}),
    ]  # fmt: skip


def test_parts_should_be_told_apart_and_add_up():
    """Link from bytes and speed; radio, card and chip from the model; the rest is the host's."""
    tap = tap_of(*simulated())
    assert tap.simulated and tap.total_us() == 43_000
    assert [(row.name, row.began_us, row.total_us()) for row in tap.rows] == [
        ("find the card", 0, 10_000),
        ("", 10_000, 31_000),
        ("decide, record", 41_000, 2_000),
    ]
    select = dict(tap.rows[1].parts)
    link_us = 10 * (10 + len(PPSE) + 6 + 12)  # 10 us a byte at a megabaud
    assert (select[LINK], select[CHIP]) == (link_us, 1_000)
    assert (select[RADIO], select[CARD]) == (8_000, 20_000)
    assert tap.rows[1].parts[:2] == [(CRYPTO, 400), (HOST, 600)] and tap.rows[1].hidden_us == 300
    assert tap.rows[2].parts == [(CRYPTO, 500), (HOST, 1_500)]
    assert sum(tap.sums_us().values()) == 43_000


def test_a_real_chip_should_not_be_divided():
    tap = tap_of(*[one for one in simulated() if getattr(one, "name", "") != "model"])
    assert not tap.simulated and set(tap.sums_us()) == {LINK, AIR, HOST, CRYPTO}
    assert tap.total_us() == 43_000
    assert waterfall_svg.REAL in waterfall_svg.picture(tap, "x")


@pytest.mark.parametrize("own, kind", [(None, "A"), (None, "B"), (IsoDepCard, "A")])
def test_either_engine_should_give_a_row_an_apdu(own, kind):
    """Frames of the driver on a counted clock: no host time, all of it is accounted for."""
    frames = frames_of(RadioCard(kind=kind), commands=(PPSE, PPSE), own_card=own)
    tap = tap_of(Note(0, "line", {"baud": "921600"}), *frames)
    assert [row.c_apdu for row in tap.rows] == [b"", PPSE, PPSE]
    assert tap.total_us() == sum(row.total_us() for row in tap.rows) > 0
    for row, following in zip(tap.rows, tap.rows[1:], strict=False):
        assert row.began_us + row.total_us() == following.began_us


def test_two_taps_should_be_two_and_none_should_be_refused():
    once = simulated()
    later = [one._replace(at_us=one.at_us + 90_000) for one in once]
    assert [tap.total_us() for tap in tap_times.taps(once + later)] == [43_000, 43_000]
    without = [one for one in once + later if getattr(one, "name", "") != "tap"]
    assert len(tap_times.taps(without)) == 2
    with pytest.raises(FormatError, match="no tap"):
        tap_times.taps(once[:4])


def found(at_us, kind="00"):
    return exchange(at_us, "d44a02" + kind, FOUND, 1_000)


def none(at_us, kind="03"):
    return exchange(at_us, "d44a02" + kind, "d54b00", 1_000)


def reset(at_us):
    off, on = (
        exchange(at_us, "d4320100", "d533", 100),
        exchange(at_us + 6_000, "d4320101", "d533", 100),
    )
    return off + on


def test_a_tap_should_begin_with_the_look_that_found_its_card():
    """A card that was held before is no part of it; a field reset within one look is."""
    apdu = exchange(100_000, "d4400100a4040000", "d541009000", 1_000)
    held = found(0) + reset(10_000) + none(30_000) + found(50_000) + apdu
    assert tap_of(*held).rows[0].total_us() == 1_000
    both = found(0) + none(10_000) + reset(20_000) + found(40_000) + apdu
    assert tap_of(*both).rows[0].total_us() == 41_000
    pauses = [us for part, us in tap_of(*both).rows[0].parts if part == RADIO]
    assert pauses == [5_900, 13_900]  # behind field off and field on


def test_the_picture_should_be_well_formed_and_complete():
    """Each row and each part has its words; bars are as long as their time; all on one sheet."""
    tap = tap_of(*simulated())
    root = ET.fromstring(waterfall_svg.picture(tap, "<A & B>"))
    words = [one.text or "" for one in root.iter(SVG + "text")]
    assert "<A & B>" in words and waterfall_svg.SIMULATED in words
    for said in ("find the card", "SELECT 2PAY.SYS.DDF01", "decide, record", "31.0"):
        assert said in words, words
    for part in ("link", "chip", "radio", "card", "host", "crypto"):
        assert any(one.startswith(part + " ") for one in words), part
    bars = [one for one in root.iter(SVG + "rect") if one.find(SVG + "title") is not None]
    scale = (waterfall_svg.RIGHT - waterfall_svg.LEFT) / tap.total_us()
    drawn = [
        float(one.get("width")) for one in bars if one.get("height") == str(waterfall_svg.BAR)
    ]
    assert sum(drawn) == pytest.approx(tap.total_us() * scale, rel=0.01)
    _, _, wide, high = map(float, root.get("viewBox").split())
    for one in root.iter(SVG + "text"):
        assert 0 < float(one.get("x")) < wide and 0 < float(one.get("y")) < high
        ends_at = (
            float(one.get("x")) + 7.5 * len(one.text or "") * float(one.get("font-size")) / 13
        )
        assert one.get("text-anchor") or ends_at < wide, one.text
    sheet = next(root.iter(SVG + "rect"))
    assert sheet.get("fill") == waterfall_svg.SHEET, "text never stands on the page itself"


def test_the_command_should_draw_a_simulated_tap(tmp_path):
    """Trace, table and picture; their sum is the time that the terminal told."""
    line, svg = tmp_path / "tap.trace", tmp_path / "tap.svg"
    assert (
        faretap("replay", "--runtime", "cpython", "--paced", "--trace", line, SESSION).returncode
        == 0
    )
    done = faretap("waterfall", line)
    assert done.returncode == 0 and "READ RECORD 3 of file 3" in done.stdout
    assert faretap("waterfall", line, "-o", svg, "--title", "a tap").returncode == 0
    ET.fromstring(svg.read_text(encoding="utf-8"))
    (tap,) = tap_times.taps(trace.read(line.read_text(encoding="utf-8")))
    assert tap.simulated and tap.sums_us()[CARD] == 206_000  # what the session says of its card
    # the end is known by when its event arrived, which a busy machine delays
    assert abs(tap.total_us() - int(tap.said["us"])) < 60_000
    missing = faretap("waterfall", line, "--tap", 2)
    assert missing.returncode == 2 and "there is no tap 2" in missing.stderr
    line.write_text("faretap-trace 1\nx\n")
    assert f"{line}:2: " in faretap("waterfall", line).stderr


BENDS = st.tuples(st.integers(0, 9), st.integers(0, 10**9), st.text(max_size=8))


@given(st.lists(BENDS, max_size=12))
def test_any_trace_should_be_drawn_or_refused(bends):
    entries = simulated()
    for at, value, words in bends:
        at %= len(entries)
        one = entries[at]
        if isinstance(one, Note):
            entries[at] = one._replace(values={key: words or str(value) for key in one.values})
        else:
            entries[at] = one._replace(octets=one.octets[: value % 40] + words.encode())
    try:
        found = tap_times.taps(entries)
    except FormatError:
        return
    for tap in found:
        ET.fromstring(waterfall_svg.picture(tap, "x"))
        waterfall_svg.table(tap)
