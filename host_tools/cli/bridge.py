# SPDX-License-Identifier: Apache-2.0
"""Carry a terminal's frames from TCP or a serial line to a collector behind MQTT or HTTP."""

import signal
import threading
from contextlib import suppress

import click

from host_tools.cli.collect import wait
from host_tools.cli.collect_lines import address
from host_tools.server import CollectorServer
from host_tools.trust import client_context


@click.command(
    epilog="""\b
Examples:
  faretap bridge --terminal 7 --to mqtt://broker.example.org
  faretap bridge --terminal 7 --to mqtts://bus@broker.example.org --ca broker-ca.pem
  faretap bridge --terminal 7 --serial /dev/ttyUSB1 --tcp none --to https://collector.example.org/frames
"""
)
@click.option("--terminal", required=True, type=click.IntRange(1, 0xFFFFFFFF), help="Its number.")
@click.option("--to", "where", required=True, metavar="URL", help="mqtt:, mqtts:, http:, https:.")
@click.option("--tcp", default="127.0.0.1:4755", show_default=True, metavar="HOST:PORT|none")
@click.option("--serial", metavar="PATH", help="A serial line as well.")
@click.option("--baud", default=115200, show_default=True, help="Speed of the serial line.")
@click.option("--ca", metavar="FILE", help="Who may have signed the other end's certificate, PEM.")
@click.option("--cert", metavar="FILE", help="Our own certificate, PEM; with --key.")
@click.option("--key", metavar="FILE", help="Its private key, PEM.")
def command(terminal, where, tcp, serial, baud, ca, cert, key):
    """Runs beside a terminal that speaks TCP or serial, until Ctrl-C.

    It keeps nothing: an answer is the collector's, and while that is away the terminal hears
    "later" and keeps its records.

    The password for a broker stands in FARETAP_MQTT_PASSWORD.
    """
    if tcp == "none" and not serial:
        raise click.UsageError("neither --tcp nor --serial: nothing could come in")
    if bool(cert) != bool(key):
        raise click.UsageError("--cert and --key go together")
    there = opened(where, terminal, ca, (cert, key) if cert else None)
    server = CollectorServer(there, address(tcp), serial, baud)
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    server.start()
    ends = [f"port {server.port}"] if server.port else []
    ends += [serial] if serial else []
    click.echo(f"carrying frames of terminal {terminal} from {' and '.join(ends)} to {where}")
    with suppress(KeyboardInterrupt):
        wait(over, server)
    server.stop()
    there.close()
    click.echo("stopped; what is not acknowledged stays in the terminal")


def opened(where, terminal, ca, identity):
    """What answers at the other end, connected if it has to be."""
    if where.startswith("mqtt"):
        from host_tools.mqtt_line import MqttCollector, broker_of

        there = MqttCollector(broker_of(where, ca, identity), terminal)
        there.start()
        return there
    from host_tools.http_caller import HttpCollector

    tls = None
    if where.startswith("https"):
        tls = client_context(ca, identity)
    elif ca or identity:
        raise click.UsageError("certificates are for https:// and mqtts://")
    return HttpCollector(where, tls)
