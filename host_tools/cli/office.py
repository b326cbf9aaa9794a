# SPDX-License-Identifier: Apache-2.0
"""The operator's pages: what a ledger says to the people who look after a city."""

import os
import secrets
import socket
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import click

from host_tools.cli.collect_lines import address
from host_tools.cli.ledger_open import DATABASE, open_ledger, shown
from host_tools.cli.ledger_settle import told

TOKEN = "FARETAP_METRICS_TOKEN"
LOOPBACK = ("127.", "::1", "localhost")
ROLE_NAMES = ("viewer", "clerk", "operator", "admin")  # office/people.py, which loads Argon2


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  faretap office --demo                               a simulated city; prints how to sign in
  faretap office user add lin --role admin            first of all, somebody who may sign in
  faretap office --database city.db
  faretap office --database postgresql+psycopg://faretap@db/city --address 0.0.0.0:8906 \\
      --certificate office.pem --key office.key --name office.city.example
  faretap office --behind-proxy --name office.city.example
""",
)
@DATABASE
@click.option("--address", "where", default="127.0.0.1:8906", show_default=True,
              metavar="HOST:PORT")  # fmt: skip
@click.option("--name", "names", multiple=True, help="Host name it is called by; several go.")
@click.option("--certificate", type=click.Path(exists=True, dir_okay=False), help="PEM, for TLS.")
@click.option("--key", type=click.Path(exists=True, dir_okay=False), help="Its key, PEM.")
@click.option("--behind-proxy", is_flag=True, help="TLS ends at a proxy on this machine.")
@click.option(
    "--lost-after",
    default=24,
    show_default=True,
    type=click.IntRange(1, 8760),
    metavar="HOURS",
    help="A terminal is lost when it was not heard for so long.",
)
@click.option("--demo", is_flag=True, help="A small simulated city, gone when the page ends.")
@click.pass_context
def command(context, database, where, names, certificate, key, behind_proxy, lost_after, demo):
    """Show the ledger to people who sign in, alone or beside `faretap collect`, until Ctrl-C.

    FARETAP_METRICS_TOKEN, if it is set, opens /metrics to Prometheus. Other addresses than this
    machine's own need --certificate or --behind-proxy, since passwords come this way.
    """
    if context.invoked_subcommand:
        context.obj = database
        return
    host, port = address(where) or (None, None)
    secure = bool(certificate) or behind_proxy
    if host is None or bool(certificate) != bool(key):
        raise click.UsageError("--certificate and --key go together, and an address is needed")
    if not secure and not host.startswith(LOOPBACK):
        raise click.UsageError("passwords would cross the network: --certificate, --behind-proxy")
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((host, port)))
        ledger = _demo(stack) if demo else open_ledger(database, True, workers=WORKERS)
        stack.callback(ledger.close)
        office = _office(ledger, secure, names, lost_after)
        if demo:
            _demo_people(office)
        elif not office.people.all():
            click.echo("nobody may sign in yet: `faretap office user add NAME --role admin`")
        scheme = "https" if certificate else "http"
        click.echo(
            f"{'the simulated city' if demo else shown(database)} is at"
            f" {scheme}://{host}:{listener.getsockname()[1]} (Ctrl-C ends it)"
        )
        server = make_server(office, certificate, key, behind_proxy)
        office.figures.start()
        stack.callback(office.figures.stop)
        server.run(sockets=[listener])


WORKERS = 8  # connections


def _office(ledger, secure, names, lost_after):
    from host_tools.ledger.vault import LABORATORY, Vault
    from host_tools.office.app import Options, make_office

    options = Options(
        secure=secure,
        names=frozenset(name.lower() for name in names),
        metrics_token=os.environ.get(TOKEN) or None,
        simulated=ledger.vault.check == Vault(LABORATORY).check,
        lost_after_s=lost_after * 3600,
        told=told,
    )
    return make_office(ledger, options)


def make_server(office, certificate=None, key=None, behind_proxy=False):
    """What serves the pages, once it is run."""
    import uvicorn

    from host_tools.office.app import make_app
    from host_tools.office.pages import PAGES

    config = uvicorn.Config(
        make_app(office, PAGES),
        log_level="critical",
        access_log=False,  # addresses of pages are nobody's business
        lifespan="off",
        server_header=False,
        proxy_headers=behind_proxy,
        forwarded_allow_ips="127.0.0.1",
        ssl_certfile=certificate,
        ssl_keyfile=key,
        limit_concurrency=200,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)


def _demo(stack):
    from host_tools.ledger import Ledger
    from sim.office_city import City
    from sim.office_fleet import Clock

    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="faretap-"))
    click.echo("making two weeks of a simulated city ...")
    clock = Clock()
    ledger = Ledger(f"sqlite:///{Path(folder) / 'city.db'}", time_utc_s=clock)
    City(ledger, clock).make()
    clock.go()
    return ledger


def _demo_people(office):
    password = secrets.token_urlsafe(9)
    kept = office.passwords.keep(password)
    for role in ROLE_NAMES:
        office.people.add(role, role, kept)
    click.echo(f"sign in as admin, clerk, operator or viewer; the password is {password}")


@command.group(epilog="Examples:\n\n  faretap office user add lin --role clerk")
def user():
    """People who may sign in."""


@user.command(
    epilog="""\b
Examples:
  faretap office user add lin --role admin
  faretap office --database city.db user add wang --role viewer --password-stdin < secret.txt
"""
)
@click.argument("name")
@click.option("--role", type=click.Choice(ROLE_NAMES), default="viewer", show_default=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from a pipe.")
@click.pass_obj
def add(database, name, role, password_stdin):
    """Let NAME sign in; asks for a first password."""
    people, passwords = _people(database)
    people.add(name.lower(), role, passwords.keep(_password(password_stdin), name))
    people.note("(console)", "", "add user", f"{name} {role}", "done")
    click.echo(f"{name.lower()} may sign in as {role}")


@user.command(epilog="Examples:\n\n  faretap office user password lin")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from a pipe.")
@click.pass_obj
def password(database, name, password_stdin):
    """Give NAME another password; where NAME is signed in, the old session is over."""
    people, passwords = _people(database)
    people.change(name, password=passwords.keep(_password(password_stdin), name), state="active")
    people.note("(console)", "", "change password", name, "done")
    click.echo(f"{name} has another password")


@user.command(epilog="Examples:\n\n  faretap office user stop lin")
@click.argument("name")
@click.pass_obj
def stop(database, name):
    """Let NAME sign in no more; the audit log keeps what was done."""
    people, _ = _people(database)
    people.change(name, state="stopped")
    people.note("(console)", "", "change user", f"{name} stopped", "done")
    click.echo(f"{name} may not sign in any more")


@user.command("list", epilog="Examples:\n\n  faretap office user list")
@click.pass_obj
def list_people(database):
    """Everybody with a name here."""
    for one in _people(database)[0].all():
        click.echo(f"{one.name:<20} {one.role:<10} {one.state}")


def _people(database):
    from host_tools.office.passwords import Passwords
    from host_tools.office.people import People

    return People(open_ledger(database, True)), Passwords()


def _password(from_pipe):
    if from_pipe:
        return sys.stdin.readline().rstrip("\r\n")
    return click.prompt("password", hide_input=True, confirmation_prompt=True)
