# SPDX-License-Identifier: Apache-2.0
"""How a page is made: templates with everything escaped, words in two languages, money and times.

Text of terminals and operators goes through escape as all else does; signs that change the
direction of writing or cannot be seen are shown as what they are.
"""

import re
import time
import unicodedata
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from firmware.formats import record
from host_tools.ledger import days
from host_tools.office.words import CHINESE, ENGLISH

LANGUAGES = ("both", "zh", "en")
TAGS = {"zh": "zh-Hans", "en": "en", "both": "zh-Hans"}
TEXT_MOST = 200
BOTH = Markup('<span class="zh" lang="zh-Hans">{}</span> <span class="en" lang="en">{}</span>')
UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


class Shown(NamedTuple):
    """A page to show: template, what it needs, HTTP status."""

    template: str
    values: dict[str, Any]
    status: int = 200


class Go(NamedTuple):
    """Another page of ours to go to."""

    path: str


class Words:
    """Says an English word of the pages in the language of whoever looks."""

    def __init__(self, lang: str):
        self.lang = lang

    def __call__(self, english: str, **values: object) -> Markup:
        """Both languages side by side, or one; values stand in braces and are escaped."""
        chinese, english = CHINESE[english], ENGLISH.get(english, english)
        if self.lang == "en":
            return _filled(english, values)
        if self.lang == "zh":
            return _filled(chinese, values)
        return BOTH.format(_filled(chinese, values), _filled(english, values))

    def knows(self, english: str) -> bool:
        """Whether there is Chinese for it."""
        return english in CHINESE

    def plain(self, english: str) -> str:
        """For titles and attributes."""
        chinese, english = CHINESE[english], ENGLISH.get(english, english)
        return {"en": english, "zh": chinese}.get(self.lang, f"{chinese} {english}")


class Pages:
    """Renders templates of pages/; offset_s: local time of the ledger against UTC."""

    def __init__(self, utc_offset_s: int):
        self._offset_s = utc_offset_s
        self._made = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._made.filters.update(
            yuan=yuan, count=count, day=days.shown, moment=self.moment, ago=ago, clean=clean
        )

    def render(self, template: str, lang: str, **values: object) -> str:
        """The page as HTML."""
        words = Words(lang)
        return self._made.get_template(template).render(
            _=words, lang=lang, tag=TAGS[lang], kinds=dict(record.KINDS), **values
        )

    def moment(self, utc_s: int) -> str:
        """A moment in the ledger's own time; years that nobody means are said to be none."""
        if not 0 < utc_s < 0xFFFFFFFF:
            return "-"
        return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(utc_s + self._offset_s))


def yuan(fen: int) -> str:
    """1,234.50 of 123450."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def count(number: int) -> str:
    """12,345."""
    return f"{number:,}"


def ago(seconds: int) -> str:
    """An age in the largest unit that says enough: 45 s, 12 min, 5 h, 3 d."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{max(0, seconds)} s"


def clean(text: object) -> str:
    """Text from outside in one line of bounded length; what cannot be seen is spelled out."""
    seen = UNSEEN.sub(lambda sign: f"<{ord(sign.group()):04X}>", str(text))
    seen = unicodedata.normalize("NFC", seen)
    return seen if len(seen) <= TEXT_MOST else seen[:TEXT_MOST] + "…"


def _filled(text: str, values: dict[str, object]) -> Markup:
    return Markup(text).format(**{name: escape(value) for name, value in values.items()})
