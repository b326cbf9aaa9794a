# SPDX-License-Identifier: Apache-2.0
"""Make, check and ask deny lists, full ones and changes."""

from pathlib import Path

import click

from firmware.errors import FormatError

FILE = click.Path(path_type=Path, dir_okay=False)
EXAMPLES = """\b
Examples:
  faretap deny build list.csv -o deny.bin --number 41 --key authority.pem
  faretap deny delta deny.bin today.csv -o deny.delta --number 42 --key authority.pem
  faretap deny check deny.bin --key authority.pem
  faretap deny lookup deny.bin 6228000100000010 --psn 1
"""


@click.group(epilog=EXAMPLES)
def command() -> None:
    """Cards that a fleet refuses: one a line, `PAN, PSN, reason, date`, or a range `622848*`.

    How terminals take them: docs/operation.md. Card numbers are shown masked unless asked for.
    """


def signing_options(function):
    """What both ways of making a file ask."""
    for option in reversed((
        click.option("-o", "--output", type=FILE, required=True, help="The signed file."),
        click.option("--number", type=click.IntRange(1, 0xFFFFFFFF), required=True,
                     help="Version: higher than the one in force."),
        click.option("--key", type=FILE, required=True, help="Of the authority, RSA or SM2."),
        click.option("--password", envvar="FARETAP_SEAL_PASSWORD", default="",
                     help="Of the key file."),
        click.option("--effective", default="", metavar="YYYYMMDDHHMMSS",
                     help="Local time from which it counts; at once by default."),
        click.option("--good", type=FILE, help="Cards that paid lately, one a line: the guard."),
        click.option("--growth-percent", type=int, default=25, show_default=True),
        click.option("--growth-least", type=int, default=1000, show_default=True),
        click.option("--hits-percent", type=int, default=5, show_default=True),
        click.option("--dates", type=click.Choice(("day", "month", "none")), default="day",
                     show_default=True, help="Coarser dates make a smaller file."),
        click.option("--anyway", is_flag=True, help="Sign what the guard speaks against."),
    )):  # fmt: skip
        function = option(function)
    return function


@command.command(epilog="Examples:\n\n  faretap deny build list.csv -o deny.bin --number 41 "
                        "--key authority.pem --against deny.old --good paid.txt")  # fmt: skip
@click.argument("source", type=FILE)
@click.option("--against", type=FILE, help="The list in force: the guard compares.")
@signing_options
def build(source, against, **how):
    """Write a full list. Exit status 2 when a line is wrong or the guard refuses it."""
    from contextlib import ExitStack

    from firmware.formats import signed
    from host_tools import deny_files, deny_list, deny_text

    text = deny_text.load(source)
    payload = deny_list.build(deny_list.dated(text.entries, how["dates"]), text.ranges)
    with ExitStack() as stack:
        old = stack.enter_context(deny_files.opened(against)) if against else None
        before = [old.listed] if old else []
        _guarded(payload, text, before, [], how)
    _write(payload, signed.DENY_LIST, how)
    _say(how["output"], payload, how["number"])


@command.command(epilog="Examples:\n\n  faretap deny delta deny.bin today.csv -o deny.delta "
                        "--number 42 --key authority.pem")  # fmt: skip
@click.argument("base", type=FILE)
@click.argument("source", type=FILE)
@signing_options
def delta(base, source, **how):
    """Write what turns the full list BASE into SOURCE; it replaces earlier changes of BASE."""
    from firmware.formats import signed
    from host_tools import deny_files, deny_list, deny_text

    text = deny_text.load(source)
    text = text._replace(entries=list(deny_list.dated(text.entries, how["dates"])))
    with deny_files.opened(base, kinds=(signed.DENY_LIST,)) as old:
        if how["number"] <= old.head.number:
            raise FormatError(f"--number {how['number']}: {base} has {old.head.number} already")
        entries = deny_files.changes(old.listed, text)
        payload = deny_list.build(entries, text.ranges, old.head.number)
        _guarded(payload, text, [old.listed], [old.listed], how)
    _write(payload, signed.DENY_DELTA, how)
    _say(how["output"], payload, how["number"])


def _guarded(payload, text, old, under, how):
    """FormatError with what the guard says; under: the full list below changes."""
    from firmware.formats import deny_list as layout
    from host_tools import deny_files, deny_text, signing

    new = [layout.DenyFile(signing.Bytes(payload)), *under]
    good = deny_text.load(how["good"]).entries if how["good"] else []
    limits = deny_files.Limits(how["growth_percent"], how["growth_least"], how["hits_percent"])
    entries = sum(one.entries for one in new)
    said = deny_files.guard(entries, text.ranges, new, old, good, limits)
    if said and not how["anyway"]:
        raise FormatError("not signed: " + "; ".join(said) + " (--anyway signs it)")
    for one in said:
        click.echo("signed although " + one, err=True)


def _write(payload, kind, how):
    from firmware.formats import deny_list as layout
    from host_tools import signing

    signer = signing.load_signer(how["key"], how["password"].encode())
    data = signing.sign_payload(
        payload, kind, layout.VERSION, how["number"], how["effective"], signer
    )
    part = how["output"].with_name(how["output"].name + ".part")
    part.write_bytes(data)
    part.replace(how["output"])


def _say(path, payload, number):
    from firmware.formats import deny_list as layout
    from host_tools import signing

    made = layout.DenyFile(signing.Bytes(payload))
    ranges = len(made.ranges) // layout.RANGE
    click.echo(
        f"{path}: version {number}, {made.entries:,} entries, {ranges} ranges, "
        f"{path.stat().st_size:,} bytes"
    )


@command.command(epilog="Examples:\n\n  faretap deny check deny.bin --key authority.pem")
@click.argument("path", type=FILE)
@click.option("--key", type=FILE, required=True, help="Of the authority, RSA or SM2.")
@click.option("--password", envvar="FARETAP_SEAL_PASSWORD", default="", help="Of the key file.")
def check(path, key, password):
    """Say what a terminal with this authority makes of a file. Exit status 2: refused."""
    from firmware.formats import signed
    from host_tools import deny_files, signing

    authority = signing.load_signer(key, password.encode()).authority
    with deny_files.opened(path, authority) as one:
        since = one.head.effective or "at once"
        of = f" of version {one.listed.base}" if one.listed.base else ""
        click.echo(
            f"good: {signed.kind_name(one.head.kind)}{of}, version {one.head.number}, {since}, "
            f"{one.listed.entries:,} entries"
        )


@command.command(epilog="Examples:\n\n  faretap deny show deny.bin --limit 5")
@click.argument("path", type=FILE)
@click.option("--numbers", is_flag=True, help="Card numbers in full.")
@click.option("--limit", type=int, default=20, show_default=True, help="Entries, 0: all.")
def show(path, numbers, limit):
    """Print ranges and entries of a file, whoever signed it."""
    from itertools import islice

    from host_tools import deny_files, deny_list, deny_text

    with deny_files.opened(path) as one:
        for span in deny_files.ranges_of(one.listed):
            click.echo(f"{span.low}-{span.high} {span.reason} {span.date}".rstrip())
        for pan, entry in islice(deny_list.listed(one.listed), limit or None):
            shown = pan if numbers else deny_text.masked(pan)
            click.echo(f"{shown} {deny_files.words_of(entry)}")
        left = one.listed.entries - limit
        if limit and left > 0:
            click.echo(f"and {left:,} more (--limit 0 prints all)")


@command.command(epilog="Examples:\n\n  faretap deny lookup deny.bin 6228000100000010 --psn 1 "
                        "--changes deny.delta")  # fmt: skip
@click.argument("path", type=FILE)
@click.argument("pan")
@click.option("--psn", type=click.IntRange(0, 99), help="PAN sequence number of the card.")
@click.option("--changes", type=FILE, help="The changes that are in force with it.")
def lookup(path, pan, psn, changes):
    """Say what a terminal says of one card. Exit status 1: it is on the list."""
    from contextlib import ExitStack

    from firmware.formats import deny_list as layout
    from host_tools import deny_files, deny_list

    deny_list.check(deny_list.Listed(pan))
    with ExitStack() as stack:
        files = [
            stack.enter_context(deny_files.opened(one)).listed for one in (changes, path) if one
        ]
        if changes and (not files[0].base or files[1].base):
            raise FormatError("--changes is a file of `faretap deny delta`, FILE a full list")
        entries = layout.entries_of(pan, files)
        found = layout.hit(entries, psn)
    if found:
        click.echo(f"on the list: {deny_files.words_of(found)}")
        raise SystemExit(1)
    others = ", ".join(deny_files.words_of(one) for one in entries)
    click.echo("not on the list" + (f"; of this number: {others}" if others else ""))
