# SPDX-License-Identifier: Apache-2.0
"""faretap pump: a script on a pty; what cannot be is said with file and line."""

from click.testing import CliRunner

from host_tools.cli.pump import command
from tests.host.console import faretap


def test_script_should_run_and_show_the_totals(tmp_path):
    script = tmp_path / "day.txt"
    script.write_text("lift\n# nobody asks\n\nspoil crc\nfault on\nfault off\nhang\nsleep 0.1\n")
    link = tmp_path / "pump"
    how = ["--unit", "kg", "--price", "480", "--script", str(script), "--link", str(link)]
    done = CliRunner().invoke(command, how)
    assert done.exit_code == 0, done.output
    assert "pump at /dev/pts/" in done.output and "price: 4.80 yuan" in done.output
    assert "0.000 kg" in done.output and not link.is_symlink()


def test_line_that_cannot_be_should_be_named(tmp_path):
    script = tmp_path / "day.txt"
    script.write_text("lift\nfill 100\n")
    done = faretap("pump", "--script", str(script))
    assert done.returncode == 2 and "day.txt:2: nothing comes: it is not released" in done.stderr
    assert "Traceback" not in done.stderr


def test_price_that_does_not_fit_should_be_refused():
    done = CliRunner().invoke(command, ["--price", "0"])
    assert done.exit_code == 2 and "1 to 99999 fen" in done.output
