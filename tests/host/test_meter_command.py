# SPDX-License-Identifier: Apache-2.0
"""faretap meter: a script on a pty; what cannot be is said with file and line."""

from click.testing import CliRunner

from host_tools.cli.meter import command
from tests.host.console import faretap


def test_script_should_run_and_show_the_totals(tmp_path):
    script = tmp_path / "day.txt"
    script.write_text("in\n# nobody answers here\n\nfault xor\nsilent on\nsleep 0.1\n")
    link = tmp_path / "meter"
    done = CliRunner().invoke(command, ["--script", str(script), "--link", str(link)])
    assert done.exit_code == 0, done.output
    assert "meter (jtt905) at /dev/pts/" in done.output and "by card" in done.output
    assert not link.is_symlink()


def test_line_that_cannot_be_should_be_named(tmp_path):
    script = tmp_path / "day.txt"
    script.write_text("in\nstop\n")
    done = faretap("meter", "--kind", "bf", "--script", str(script))
    assert done.returncode == 2 and "day.txt:2: nobody is in the car" in done.stderr
    assert "Traceback" not in done.stderr


def test_plate_that_does_not_fit_should_be_refused():
    done = CliRunner().invoke(command, ["--plate", "LONGPLATE"])
    assert done.exit_code == 2 and "six letters and digits" in done.output
