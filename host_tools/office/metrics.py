# SPDX-License-Identifier: Apache-2.0
"""Figures for machines: /metrics in the form of Prometheus, guarded by a token of its own, and
/health, which says only whether the database answers.

Numbers are those of the last round of figures.py; nothing is counted while Prometheus waits. There
is no line for each terminal: a city has 20,000.
"""

import hmac
from collections.abc import Iterator

import sqlalchemy as sa
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import PlainTextResponse, Response

from host_tools.ledger.schema import BOOKS
from host_tools.office.app import Office
from host_tools.office.asked import Asked
from host_tools.office.figures import Figures, Seen

GAUGES = (
    ("faretap_figures_age_seconds", "Age of the figures below."),
    ("faretap_figures_round_seconds", "How long they took to add up."),
    ("faretap_business_day", "The day they are of, such as 20261122."),
    ("faretap_sales", "Sales of the day."),
    ("faretap_sales_fen", "What they come to, in fen."),
    ("faretap_terminals_lost", "Served terminals that have not been heard for long."),
    ("faretap_quarantine_batches", "Batches that could not be taken."),
    ("faretap_quarantine_terminals", "Terminals that have some."),
)


class _Collected(Collector):
    def __init__(self, figures: Figures, now_utc_s: int):
        self._figures = figures
        self._now_utc_s = now_utc_s

    def collect(self) -> Iterator[Metric]:
        seen = self._figures.seen
        yield GaugeMetricFamily("faretap_figures_up", "1: there are figures.", int(bool(seen)))
        if seen:
            values = _single(seen, self._now_utc_s)
            for name, told in GAUGES:
                yield GaugeMetricFamily(name, told, values[name])
            yield from _families(seen)


def _single(seen: Seen, now_utc_s: int) -> dict[str, float]:
    groups = seen.today.groups
    return {
        "faretap_figures_age_seconds": now_utc_s - seen.at_utc_s,
        "faretap_figures_round_seconds": seen.took_s,
        "faretap_business_day": seen.today.day,
        "faretap_sales": sum(one.sales for one in groups),
        "faretap_sales_fen": sum(one.sales_fen for one in groups),
        "faretap_terminals_lost": seen.fleet.lost,
        "faretap_quarantine_batches": seen.alarms.quarantine,
        "faretap_quarantine_terminals": seen.alarms.quarantine_terminals,
    }


def _families(seen: Seen) -> Iterator[Metric]:
    rows: tuple[tuple[str, str, str, list[tuple[str, float]]], ...] = (
        ("faretap_terminals", "Terminals of the registry.", "state",
         [("served", seen.fleet.served), ("stopped", seen.fleet.stopped)]),
        ("faretap_records_not_counted", "Records by the mark that keeps them out.", "mark",
         list(seen.alarms.marks.items())),
        ("faretap_refusals", "Frames answered with no.", "reason",
         list(seen.alarms.refusals.items())),
        ("faretap_doubtful", "Debits that wait for a decision.", "kind",
         [(one.kind, one.taps) for one in seen.doubtful]),
        ("faretap_doubtful_fen", "What they come to, in fen.", "kind",
         [(one.kind, one.fen) for one in seen.doubtful]),
    )  # fmt: skip
    for name, told, label, values in rows:
        family = GaugeMetricFamily(name, told, labels=[label])
        for word, value in values:
            family.add_metric([word], value)
        yield family


def metrics(office: Office, asked: Asked) -> Response:
    """For who brings the token, as `Authorization: Bearer ..`."""
    token = office.options.metrics_token
    if token is None:
        return PlainTextResponse("no token was given for metrics: there are none", 404)
    if not hmac.compare_digest(asked.bearer.encode(), token.encode()):
        return PlainTextResponse("a token is wanted", 401, {"www-authenticate": "Bearer"})
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(office.figures, office.now()))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def health(office: Office, asked: Asked) -> Response:
    """200 while the database answers and figures are made, 503 otherwise."""
    try:
        with office.ledger.engine.connect() as connection:
            connection.execute(sa.select(BOOKS.c.id)).first()
    except SQLAlchemyError:
        return PlainTextResponse("the database does not answer\n", 503)
    if office.figures.trouble:
        return PlainTextResponse("the figures are not being added up\n", 503)
    return PlainTextResponse("ok\n")
