# SPDX-License-Identifier: Apache-2.0
"""README and docs/ held to the code: links, file names, commands, make targets, printed tables."""

import re
import shlex
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest

from firmware import settings
from host_tools.cli.main import faretap
from tools import docs

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
TOPS = r"(?:firmware|host_tools|sim|tests|tools|docs|\.ci)"
PLACEHOLDER = re.compile(r"[A-Z]{3,}")  # NAME.session, FILE.session


def text_of(path):
    return path.read_text(encoding="utf-8")


def name(path):
    return path.relative_to(ROOT).as_posix()


pages = pytest.mark.parametrize("path", PAGES, ids=name)


def headings(path):
    """Anchors of a page as its headings make them."""
    lines = re.findall(
        r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text_of(path), flags=re.M | re.S), re.M
    )
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


def broken_links(path):
    found = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(path)):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        other = path.parent / file if file else path
        if not other.exists() or (anchor and anchor not in headings(other)):
            found.append(target)
    return found


def missing_files(text):
    """Paths of this checkout that a text names and that are not there."""
    found = []
    for one in re.findall(rf"(?<![\w./-])({TOPS}/[\w./*-]*[\w*])", text):
        if not list(ROOT.glob(one)) and not PLACEHOLDER.search(Path(one).name):
            found.append(one)
    return found


def commands_in(text):
    """Every `faretap ...` of a text, in blocks and between backticks, as lists of words."""
    found = []
    for block in re.findall(r"^```\n(.*?)^```", text, re.M | re.S):
        for line in block.replace("\\\n", " ").splitlines():
            line = re.sub(r"^\$ ", "", line.strip())
            if line.startswith("faretap "):
                found.append(shlex.split(re.split(r" [|>#] ?", line)[0]))
    plain = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    for inline in re.findall(r"`(faretap [^`]+)`", plain):
        found.append(shlex.split(inline))
    return [words[1:] for words in found if not PLACEHOLDER.fullmatch(words[1])]


def is_path(parameter):
    return isinstance(parameter.type, click.Path)


def parse(command, words, above=None):
    """Parse as the console would, but files need not exist. click.UsageError when it would not."""
    context = click.Context(command, info_name=command.name, parent=above)
    values, rest, _ = command.make_parser(context).parse_args(list(words))
    for parameter in command.get_params(context):
        value = values.get(parameter.name)
        if value and isinstance(parameter, click.Option) and not is_path(parameter):
            parameter.type_cast_value(context, value)
    if isinstance(command, click.Group) and rest:
        inner = command.get_command(context, rest[0])
        if inner is None:
            raise click.UsageError(f"no command {rest[0]}")
        parse(inner, rest[1:], context)
    elif rest:
        raise click.UsageError(f"too many words: {rest}")


def broken_commands(text):
    found = []
    for words in commands_in(text):
        try:
            parse(faretap, words)
        except click.UsageError as wrong:
            found.append("%s: %s" % (" ".join(words), wrong.message))
    return found


def unknown_targets(text):
    made = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.M))
    asked = re.findall(r"(?:`|^\$ |^)(?:[A-Z]+=\S+ )?make ([a-z-]+)", text, re.M)
    return [one for one in asked if one not in made]


@pages
def test_links_should_lead_somewhere(path):
    assert broken_links(path) == []


@pages
def test_named_files_should_exist(path):
    assert missing_files(text_of(path)) == []


@pages
def test_commands_should_parse(path):
    assert broken_commands(text_of(path)) == []


@pages
def test_make_targets_should_exist(path):
    assert unknown_targets(text_of(path)) == []


@pages
def test_printed_tables_should_be_up_to_date(path):
    _, stale = docs.printed(text_of(path))
    assert stale == [], "run `make docs`"


def test_readme_should_show_commands():
    assert len(commands_in(text_of(ROOT / "README.md"))) > 10


def test_every_command_should_be_in_the_pages():
    named = {words[0] for path in PAGES for words in commands_in(text_of(path))}
    assert set(faretap.list_commands(click.Context(faretap))) <= named


def test_devices_should_be_listed_once_with_the_keys_they_want():
    """docs/devices.md against settings.NEEDED."""
    told = text_of(ROOT / "docs" / "devices.md").partition("## All devices")[2]
    rows = re.findall(r"^\| ([a-z]+) \| `\w+\.py` \|.*\| ([^|]+) \| [^|]+ \|$", told, re.M)
    assert sorted(name for name, _ in rows) == list(settings.DEVICES)
    for name, keys in rows:
        named = tuple(" ".join(re.findall(r"`([^`]+)`", keys)).split())
        alone = keys.startswith("`") or not named
        wanted = named if alone and named else settings.SALES + named
        assert set(wanted) == set(settings.NEEDED[name]), name


def test_every_table_should_stand_somewhere():
    printed = {one for path in docs.pages() for _, one, _, _ in docs.MARK.findall(text_of(path))}
    assert printed == set(docs.TABLES)


def test_every_page_should_be_named_in_the_readme():
    readme = text_of(ROOT / "README.md")
    assert [
        name(path) for path in PAGES if path.name != "README.md" and name(path) not in readme
    ] == []


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.svg")), ids=name)
def test_pictures_should_be_readable_and_used(path):
    picture = ElementTree.parse(path).getroot()
    space = "{http://www.w3.org/2000/svg}"
    assert picture.tag == space + "svg" and picture.get("viewBox")
    assert picture.find(space + "title") is not None and picture.find(space + "desc") is not None
    assert any(path.name in text_of(page) for page in PAGES)


def test_checks_should_see_what_is_wrong(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# One\n[a](none.md) [b](#two) [c](#one)\n", encoding="utf-8")
    assert broken_links(page) == ["none.md", "#two"]
    assert missing_files("see `firmware/drive.py` and `firmware/gone.py`") == ["firmware/gone.py"]
    assert missing_files("sim/sessions/*.session sim/sessions/NAME.session") == []
    for wrong in (
        "`faretap nonsense`",
        "```\n$ faretap terminal --raeder serial:x\n```",
        "`faretap demo --runtime jython`",
        "`faretap card lose`",
        "`faretap demo one two`",
    ):
        assert len(broken_commands(wrong)) == 1, wrong
    assert broken_commands("```\nfaretap demo --fast   # quick\n```") == []
    assert unknown_targets("`make nonsense` and `make run`") == ["nonsense"]


def test_stale_table_should_be_seen_and_printed():
    text = "a\n<!-- printed: record-kinds -->\nold\n<!-- end -->\nb\n"
    new, stale = docs.printed(text)
    assert stale == ["record-kinds"] and "debited-unproven" in new
    assert docs.printed(new) == (new, [])
