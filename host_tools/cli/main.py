# SPDX-License-Identifier: Apache-2.0
"""faretap: the console. Adding a command is adding a file to this folder.

A file here that defines `command` (a click command) is a command named after the file; the first
line of its docstring is its one-line help. Listing reads the files without importing them, so
`faretap --help` loads nothing heavy.
Faults of the outside world end here: a sentence, what to do next, exit status 2, no traceback.
"""

import ast
import errno
import re
import signal
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click

from firmware.errors import FormatError, JournalFull, LinkLost
from host_tools.cli import VERSION

FOLDER = Path(__file__).parent

# What to do next, by what went wrong; the first row that fits.
ADVICE_BY_ERRNO = {
    errno.ENOENT: "Check the name; paths are taken from the folder you are in.",
    errno.EACCES: "Check who may use it; for a serial port: sudo usermod -aG dialout $USER",
    errno.EADDRINUSE: "Another program listens there: end it or take another port.",
    errno.ECONNREFUSED: "Start `faretap collect` first, or check address and port.",
    errno.EEXIST: "Nothing is overwritten: take another name, or move away what is there.",
    errno.ENOSPC: "Make room on the disk and start again; what was acknowledged is kept.",
    errno.EISDIR: "A file is wanted here, not a folder.",
}
ADVICE_BY_KIND = (
    (UnicodeDecodeError, "A text file in UTF-8 is wanted here: check which file you named."),
    (FormatError, "Check the input; `faretap COMMAND --help` shows examples that work."),
    (LinkLost, "Check that the other end is there and running, then start again."),
    (
        JournalFull,
        "Upload what is in the journal (`faretap collect` at the other end), then start again.",
    ),
    (OSError, "Check the file, port or address that was given."),
)


def defines_command(tree: ast.Module) -> bool:
    """True when the module binds `command` at its top level."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "command":
            return True
        if isinstance(node, ast.Assign) and any(
            isinstance(one, ast.Name) and one.id == "command" for one in node.targets
        ):
            return True
    return False


def help_of(path: Path) -> str | None:
    """One-line help of the command that a file is, without importing it; None when it is none."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if not defines_command(tree):
        return None
    return (ast.get_docstring(tree) or "").partition("\n")[0].rstrip(".")


def command_files(folder: Path = FOLDER) -> Iterator[tuple[str, str]]:
    """(name, one-line help) of every command in the folder, by name."""
    for path in sorted(folder.glob("*.py")):
        said = help_of(path)
        if said is not None:
            yield path.stem.replace("_", "-"), said


class CommandFolder(click.Group):
    """A group whose commands are the files of this folder, each imported when it is called."""

    def list_commands(self, context: click.Context) -> list[str]:
        return [name for name, _ in command_files()]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        module = name.replace("-", "_")
        path = FOLDER / f"{module}.py"  # one file is read: all of them take half a second of a Pi
        if not re.fullmatch("[a-z0-9-]+", name) or not path.is_file() or help_of(path) is None:
            return None
        command = import_module("host_tools.cli." + module).command
        command.name = name
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        rows = list(command_files())
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


@click.group(
    cls=CommandFolder,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 99},
    epilog="""Start with `faretap demo`. `faretap COMMAND --help` shows examples.

Exit status: 0 well; 1 a negative result, or Ctrl-C; 2 it could not be done, and a sentence says
why. What else there is, the help of a command says.""",
)
@click.version_option(VERSION, prog_name="faretap")
def faretap() -> None:
    """Contactless fare terminals on a desk: simulator, tools and the other end of the upload."""


def advice(fault: Exception) -> str:
    """What to do next about a fault of the outside world; some faults know it themselves."""
    own = getattr(fault, "advice", "")
    if own:
        return own
    if isinstance(fault, LinkLost) and "MemoryError" in str(fault):
        return "Give the terminal more memory: --heap KIB."
    by_number = ADVICE_BY_ERRNO.get(getattr(fault, "errno", None) or 0)
    return by_number or next(text for kind, text in ADVICE_BY_KIND if isinstance(fault, kind))


def describe(fault: Exception) -> str:
    """The fault in one line: a system error as its words and file, without its number."""
    if isinstance(fault, UnicodeDecodeError):
        return "bytes that are no text: %s at %d" % (fault.reason, fault.start)
    if isinstance(fault, OSError) and fault.strerror:
        path = fault.filename2 or fault.filename  # the one that was to be made
        return fault.strerror + (": %s" % path if path else "")
    return str(fault) or type(fault).__name__


def main(arguments: list[str] | None = None) -> None:
    """The console script. Ends the process: 0 well, 1 a negative result, 2 not able to."""
    # A process that owns a terminal takes it along: the `with` blocks end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        faretap.main(args=arguments, prog_name="faretap")
    except (FormatError, LinkLost, JournalFull, OSError, UnicodeDecodeError) as fault:
        click.echo("faretap: %s\n%s" % (describe(fault), advice(fault)), err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
