# SPDX-License-Identifier: Apache-2.0
"""The tables of all devices as one: paid, present again and refused are never taken for each other
(TD-002), every line fits the displays, every prompt has its words.
"""

import importlib
import pkgutil

import pytest

import firmware.devices
from firmware.devices import card_words, coach_tickets, duty, panel
from firmware.devices.trade import Trade
from firmware.outputs.display import broken, width
from firmware.outputs.signals import BLINKS, TONES
from host_tools.prompts import MOST, prompts

COLUMNS, ROWS = 16, 2  # of one line on the smallest display (firmware/outputs/display.py)
# the dearest sale and the fullest card, 1000 yuan (terminals.md 6), and the last list
LARGEST = {"{fare}": "999.99", "{balance}": "1000.00", "{list}": "65535/261122"}
SOUNDS = {  # lamp -> tones it may come with
    "green": {"ok", "double"},
    "amber": {"again"},
    "red": {"no"},
    "blue": {"", "known"},
}
# Signs of the three results in words; nothing of one stands in a row of another.
PAID = ("已付", "Paid ")
REFUSED_WORDS = ("拒绝", "停用", "过期", "停止", "故障", "关闭")


def tables():
    """(device file, rows) of every table there is: panel.TABLE and what trades bring."""
    yield "panel", panel.TABLE
    yield "coach_tickets", coach_tickets.WORDS
    yield "duty", duty.ROWS
    yield "card_words", "\n" + card_words.ROWS
    yield "duty, free", "\n" + duty.UNREAD
    for found in pkgutil.iter_modules(firmware.devices.__path__):
        module = importlib.import_module("firmware.devices." + found.name)
        for name, one in vars(module).items():
            own = getattr(one, "__module__", "") == module.__name__
            if isinstance(one, type) and issubclass(one, Trade) and own and one.words:
                yield "%s.%s" % (found.name, name), one.words


ROWS_OF_ALL = [
    (where, line.split("|")[0], panel.row_of(line.split("|")[0], words))
    for where, words in tables()
    for line in words.strip().split("\n")
]


def test_every_row_should_have_the_fields_of_the_grammar():
    for where, words in tables():
        assert words.startswith("\n") and words.endswith("\n"), where
        names = [line.split("|")[0] for line in words.strip().split("\n")]
        assert len(names) == len(set(names)), where
        for line in words.strip().split("\n"):
            assert line.count("|") in (4, 5), (where, line)


@pytest.mark.parametrize(("where", "message", "row"), ROWS_OF_ALL)
def test_lamp_and_sound_should_tell_the_same(where, message, row):
    """TD-002: each lamp has tones of its own; what is a result is never silent."""
    lamp, sound, _, _, _ = row
    assert sound in SOUNDS[lamp], (where, message)
    assert not sound or sound in TONES


@pytest.mark.parametrize(("where", "message", "row"), ROWS_OF_ALL)
def test_lines_should_fit_the_displays(where, message, row):
    """Two rows of 16 cells a line, with the largest amounts; Chinese signs take two cells."""
    for line in row[2:4]:
        for mark, value in LARGEST.items():
            line = line.replace(mark, value)
        rows = broken(line, COLUMNS)
        assert len(rows) <= ROWS and " ".join(rows) == line, (where, message, rows)
        assert all(width(one) <= COLUMNS for one in rows)
    assert any(sign > "\u4e00" for sign in row[2]) and row[3].isascii(), (where, message)
    row[2].encode("gbk")  # a display with a Chinese font of its own has these signs and no others


def test_words_of_one_result_should_not_stand_under_another():
    """TD-002: who sees no colours and hears nothing reads it."""
    seen: dict[str, str] = {}
    for where, message, (lamp, _, chinese, english, _) in ROWS_OF_ALL:
        for line in (chinese, english):
            assert seen.setdefault(line, lamp) == lamp, (where, message, line)
        if lamp in ("amber", "red"):
            assert not any(sign in chinese + english for sign in PAID), (where, message)
        if lamp in ("green", "amber"):
            assert not any(sign in chinese for sign in REFUSED_WORDS), (where, message)


def test_a_card_that_no_tap_will_help_should_hear_where_to_go():
    """QX-010, QX-027: on every device that writes into records."""
    told: dict[str, dict] = {}
    for where, message, row in ROWS_OF_ALL:
        told.setdefault(where, {})[message] = row
    writes = {where: rows for where, rows in told.items() if "update_failed" in rows}
    assert len(writes) >= 10
    for where, rows in writes.items():
        for message in ("record_missing", "update_refused"):
            lamp, _, chinese, english, voice = rows[message]
            assert lamp == "red" and voice == 152, where
            assert "服务台" in chinese and "service desk" in english, where


def test_prompts_should_be_numbered_once_and_never_tell_two_results():
    """TD-002, TD-040."""
    known = prompts()
    numbers = [one.number for one in known]
    assert numbers == sorted(set(numbers)) and numbers[0] > 0 and numbers[-1] <= MOST
    lamps: dict[int, set[str]] = {}
    for where, message, (lamp, sound, _, _, voice) in ROWS_OF_ALL:
        if voice:
            assert voice in numbers, (where, message)
            lamps.setdefault(voice, set()).add(lamp)
        elif sound:
            pytest.fail("%s: %s makes a sound and says nothing" % (where, message))
    results = [one - {"blue"} for one in lamps.values()]
    assert all(len(one) <= 1 for one in results)


def test_announcements_of_the_trade_should_all_have_a_prompt():
    """TD-040: ordinary, month, discount, elder, special care, staff, driver, partner card, special
    line, please board, tap again, top up, insert coins, invalid card.
    """
    spoken = " ".join(one.chinese for one in prompts())
    for words in (
        "已付款", "月票卡", "优惠卡", "老年卡", "爱心卡", "员工卡", "司机卡", "联名卡", "专线",
        "请上车", "请再刷", "请充值", "请投币", "无效卡",
    ):  # fmt: skip
        assert words in spoken


def test_patterns_should_differ_without_colour():
    """TD-002: number of tones, or five times the length; steady, slow, fast."""
    rhythm = {kind: (len(TONES[kind]) + 1) // 2 for kind in ("ok", "double", "again", "no")}
    assert (rhythm["again"], rhythm["ok"], rhythm["no"]) == (3, 1, 1)
    assert TONES["no"][0] >= 5 * max(TONES["ok"] + TONES["double"])
    assert not BLINKS["green"] and BLINKS["amber"][0] >= 3 * BLINKS["red"][0] > 0
