# SPDX-License-Identifier: Apache-2.0
"""Opens the ledger that the commands work with: a file or a URL, and the key from the environment.

Without a key only a ledger of simulated cards is opened: its key is known to everybody.
"""

import os
from pathlib import Path

import click
import sqlalchemy as sa

from firmware.errors import FormatError
from host_tools.ledger import Ledger
from host_tools.ledger.vault import BEFORE, LABORATORY, VARIABLE, key_from

DATABASE = click.option(
    "--database",
    default="ledger.db",
    show_default=True,
    metavar="FILE|URL",
    help="SQLite file, or a URL such as postgresql+psycopg://user@host/city.",
)
NO_KEY = (
    f"{VARIABLE} is not set, and card numbers are stored under a key only. `faretap ledger key`"
    f" prints a new one: export {VARIABLE}=.., and keep a copy where the back-ups are not. For"
    " simulated cards say --simulated instead"
)


def open_ledger(
    database: str, must_exist: bool = False, simulated: bool = False, **more
) -> Ledger:
    """Ledger of a file or URL; `more` goes to Ledger. FileNotFoundError, FormatError when it
    cannot be used.
    """
    url = database if "://" in database else f"sqlite:///{database}"
    if "://" not in database and not Path(database).exists():
        if must_exist:
            raise FileNotFoundError(2, "there is no such ledger", database)
        if not simulated and key_from(os.environ) is None:
            raise FormatError(NO_KEY)
    try:
        return _open(url, must_exist, simulated, more)
    except sa.exc.SQLAlchemyError as wrong:
        raise FormatError(f"{shown(url)}: {wrong.args[0] if wrong.args else wrong}") from wrong


def _open(url: str, must_exist: bool, simulated: bool, more: dict) -> Ledger:
    key = key_from(os.environ)
    if simulated:
        return Ledger(url, LABORATORY, **more)
    more["key_before"] = key_from(os.environ, BEFORE)
    if key is None:
        try:
            return Ledger(url, LABORATORY, make=False, **more)
        except LookupError as empty:
            raise FormatError(NO_KEY) from empty
    try:
        return Ledger(url, key, make=not must_exist, **more)
    except LookupError as empty:
        raise FormatError(f"{shown(url)} holds no ledger") from empty
    except FormatError:
        if not must_exist:
            raise
        return Ledger(url, LABORATORY, make=False, **more)  # questions about simulated cards


def shown(url: str) -> str:
    """A URL without its password."""
    return sa.make_url(url).render_as_string(hide_password=True) if "://" in url else url
