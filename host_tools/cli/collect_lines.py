# SPDX-License-Identifier: Apache-2.0
"""The lines of `faretap collect`: its options, and what they open."""

import click

from host_tools.asking import Asking
from host_tools.lines import tls_context
from host_tools.server import CollectorServer

OPTIONS = (
    click.option("--tcp", default="127.0.0.1:4755", show_default=True, metavar="HOST:PORT|none"),
    click.option("--serial", metavar="PATH", help="A serial line as well."),
    click.option("--baud", default=115200, show_default=True, help="Speed of the serial line."),
    click.option("--http", default="none", metavar="HOST:PORT", help="POST /frames as well."),
    click.option("--tls-cert", metavar="FILE", help="TCP and HTTP speak TLS: certificate, PEM."),
    click.option("--tls-key", metavar="FILE", help="Its private key, PEM."),
    click.option("--client-ca", metavar="FILE", help="Only peers with a certificate of it, PEM."),
    click.option("--mqtt", metavar="URL", help="A broker as well: mqtt://[USER@]HOST or mqtts://."),
    click.option("--mqtt-ca", metavar="FILE", help="Who signs the broker's certificate, PEM."),
    click.option("--mqtt-name", default="faretap-collector", show_default=True,
                 help="Our session at the broker, one collector each."),
    click.option(
        "--lines", type=click.IntRange(1, 65000), default=256, show_default=True,
        help="TCP peers at a time; one more, and the one heard longest ago goes.",
    ),
)  # fmt: skip


def line_options(command):
    """Give a command the OPTIONS; it hands them to Lines as they are."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


class Lines:
    """Everything frames come in by. UsageError, FormatError, OSError where something cannot be."""

    def __init__(
        self, collector, workers, tcp, serial, baud, http, tls_cert, tls_key, client_ca,
        mqtt, mqtt_ca, mqtt_name, lines,
    ):  # fmt: skip
        if not (tcp != "none" or serial or http != "none" or mqtt):
            raise click.UsageError("no --tcp, --serial, --http, --mqtt: nothing could come in")
        tls = tls_of(tls_cert, tls_key, client_ca)
        secure = " with TLS" if tls else ""
        self.parts: list = []
        self.where: list[str] = []
        if tcp != "none" or serial:
            server = CollectorServer(
                collector, address(tcp), serial, baud, workers=workers, lines_most=lines, tls=tls
            )
            self.parts.append(server)
            self.where += [f"port {server.port}{secure}"] if server.port else []
            self.where += [serial] if serial else []
        if http != "none":
            from host_tools.http_line import HttpServer  # a web server

            web = HttpServer(Asking(collector, workers), address(http), tls, lines)
            self.parts.append(web)
            self.where.append(f"HTTP port {web.port}{secure}")
        if mqtt:
            from host_tools.mqtt_line import MqttServer, broker_of  # where a broker is used

            self.parts.append(
                MqttServer(Asking(collector, workers), broker_of(mqtt, mqtt_ca), mqtt_name)
            )
            self.where.append(mqtt)
        elif mqtt_ca:
            raise click.UsageError("--mqtt-ca goes with --mqtt")

    @property
    def alive(self):
        """False when a part has died."""
        return all(part.alive for part in self.parts)

    def start(self):
        """Open all of them. OSError."""
        for part in self.parts:
            part.start()

    def stop(self):
        """Close all of them; what is at hand is answered first."""
        for part in self.parts:
            part.stop()


def tls_of(certificate, key, client_ca):
    """The TLS of the options, None without."""
    if not certificate and not key and not client_ca:
        return None
    if not certificate or not key:
        raise click.UsageError("--tls-cert and --tls-key go together, --client-ca with both")
    return tls_context(certificate, key, client_ca)


def address(text):
    """(host, port) of HOST:PORT, None for "none"."""
    if text == "none":
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise click.BadParameter(f"{text!r} is not HOST:PORT")
    return host, int(port)
