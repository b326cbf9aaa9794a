# SPDX-License-Identifier: Apache-2.0
"""Where in a TOML text a key stands, and what its author may have meant, for messages.

tomllib tells no lines of what it has read. Keys are written as messages have them:
`products.adult.fen`, `discounts[2].percent`.
"""

import difflib
import re

HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]#]+?)\s*\]")
AT_LINE = re.compile(r"(.*?) \(at line (\d+), column \d+\)$")
# what tomllib says, and what to do
SAYINGS = (
    ("Cannot overwrite a value", "this key stands twice in its table: remove one of the two"),
    ("Cannot declare", "this table stands twice: join the two, or give one another name"),
    ("Cannot mutate immutable", "this table stands in another line already: write it once"),
    ("Invalid date or datetime", "there is no such day or time; written 2026-12-01T04:00:00"),
    ("Invalid statement", "a line is `key = value` or `[table]`"),
    ("Unclosed array", "a list was begun and not ended: `]` is missing"),
    ("Expected newline", "one key in a line, and nothing behind its value"),
    ("Invalid value", 'a value is 200, "text", true, or a list of them in [ ]'),
)


def line_of(text: str, key: str) -> int:
    """Number of the line where a key stands, or the table it should stand in; 0: nowhere."""
    lines = text.splitlines()
    tables = _tables(lines)
    parts = re.findall(r"[^.\[\]]+(?:\[\d+\])?", key)
    for count in range(len(parts), -1, -1):
        begun = tables.get(".".join(parts[:count]))
        if begun is None:
            continue
        rest = [part.partition("[")[0] for part in parts[count:]]
        return _within(lines, begun, rest) or begun[0]
    return 0


def _tables(lines: list[str]) -> dict[str, tuple[int, int]]:
    """Name -> (line of its head, 0 for the top; line of the next head)."""
    found: dict[str, tuple[int, int]] = {}
    counts: dict[str, int] = {}
    name, begun = "", 0
    for number, line in enumerate([*lines, "[end]"], 1):
        head = HEADER.match(line)
        if not head or (number <= len(lines) and _is_value(line)):
            continue
        found.setdefault(name, (begun, number))
        name, begun = re.sub(r"[\s\"']", "", head.group(2)), number
        if head.group(1) == "[[":
            counts[name] = counts.get(name, -1) + 1
            found.setdefault(name, (begun, number + 1))
            name = "%s[%d]" % (name, counts[name])
    return found


def _is_value(line: str) -> bool:
    """True for a line of a list of lists, as `[300, 200],` is one."""
    body = line.split("#")[0].strip().strip("[]").strip()
    return line.split("#")[0].rstrip().endswith(",") or bool(re.fullmatch(r"[\d,\s\-\"]+", body))


def _within(lines: list[str], block: tuple[int, int], keys: list[str]) -> int:
    """Line in a table of the last of nested keys that can be found; 0 for none."""
    at, found = block[0], 0
    for key in keys:
        wanted = re.compile(r"(^|[{,\s])['\"]?%s['\"]?\s*=" % re.escape(key))
        for number in range(max(at, 1), block[1]):
            if wanted.search(lines[number - 1].split("#")[0]):
                at = found = number
                break
        else:
            break
    return found


def of_toml(text: str, wrong: Exception) -> tuple[int, str]:
    """(line, sentence) for a text that is no TOML."""
    said = AT_LINE.match(str(wrong))
    what, line = (said.group(1), int(said.group(2))) if said else (str(wrong), 0)
    if isinstance(wrong, RecursionError):
        what = "nested too deep: a fare table has lists of lists, no more"
    for begin, sentence in SAYINGS:
        if what.startswith(begin):
            what = sentence
            break
    lines = text.splitlines()
    shown = lines[line - 1].strip()[:60] if 0 < line <= len(lines) else ""
    if any(ord(sign) > 0xFF00 or sign in "\u201c\u201d\u2018\u2019" for sign in shown):
        what = 'signs of another keyboard: write " = [ ] , with the Latin one'
    return line, "%s: %s" % (what, shown) if shown else what


def nearest(word: str, words: list[str]) -> str:
    """` did you mean ..`, or nothing."""
    close = difflib.get_close_matches(word, words, 1)
    return "; did you mean `%s`?" % close[0] if close else ""
