# SPDX-License-Identifier: Apache-2.0
"""The web side of `faretap panel` asked without a browser, kindly and not (ASGI)."""

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.errors import FormatError
from host_tools.panel import server

HOST = (b"host", b"127.0.0.1:8905")


class Table:
    """A table that writes down what it is asked; `say` takes one word alone."""

    waterfall = None

    def __init__(self):
        self.asked = []
        self.listeners = []
        self.hand = self
        self.is_free = True

    def listen(self, heard):
        self.listeners.append(heard)
        return lambda: self.listeners.remove(heard)

    def state(self):
        return {"event": "state"}

    def cards(self):
        return [{"name": name} for name in ("a", "b", *(f"card-{n}" for n in range(9)))]

    def _note(self, *what):
        self.asked.append(what)
        return self.is_free

    def tap(self, names):
        return self._note("tap", *names)

    def hold(self, name):
        return self._note("hold", name)

    def leave(self, name):
        return self._note("leave", name)

    def tear(self, name, where):
        return self._note("tear", name, where)

    def say(self, part, word):
        if word != "hire":
            raise FormatError(f"{word}: nobody is in the car")
        return self._note("say", part, word)

    def pull_plug(self):
        return self._note("out")

    def plug_in(self):
        return self._note("in")

    def cut_link(self):
        return self._note("off")

    def mend_link(self):
        raise OSError("the port is taken")


async def exchange(app, method, path, query, headers, body, most=1 << 20):
    """(status, headers, body) of one request; a stream is left once `most` bytes have come."""
    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode()}
    scope.update(query_string=query, headers=list(headers), http_version="1.1", scheme="http")
    scope.update(server=("127.0.0.1", 8905), client=("127.0.0.1", 50000), root_path="")
    said, left = [], asyncio.Event()
    sent = []

    async def receive():
        if not sent:
            sent.append(True)
            return {"type": "http.request", "body": body, "more_body": False}
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        said.append(message)
        if sum(len(one.get("body", b"")) for one in said) >= most:
            left.set()

    await asyncio.wait_for(app(scope, receive, send), 5)
    start = said[0]
    content = b"".join(one.get("body", b"") for one in said[1:])
    return start["status"], dict(start["headers"]), content.decode()


def ask(app, path, query=b"", method="POST", headers=(HOST,), body=b"", most=1 << 20):
    return asyncio.run(exchange(app, method, path, query, headers, body, most))


@pytest.fixture
def table():
    return Table()


@pytest.fixture
def app(table):
    return server.make_app(table, {"device": {}}, {"valid": b"<svg/>"})


@pytest.mark.parametrize(
    ("path", "query", "asked"),
    [
        ("/tap", b"card=a&card=b", ("tap", "a", "b")),
        ("/hold", b"card=a", ("hold", "a")),
        ("/leave", b"card=a", ("leave", "a")),
        ("/tear", b"card=a&where=late", ("tear", "a", "late")),
        ("/say", b"part=meter&word=hire", ("say", "meter", "hire")),
        ("/plug", b"where=out", ("out",)),
        ("/plug", b"where=in", ("in",)),
        ("/link", b"where=off", ("off",)),
    ],
)
def test_post_should_reach_the_table_once(app, table, path, query, asked):
    assert ask(app, path, query)[0] == 204
    assert table.asked == [asked]


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/tap", b"", 400),
        ("/tap", b"card=", 400),
        ("/tap", b"card=nobody", 404),
        ("/tap", b"card=a&card=a", 400),
        ("/tap", b"&".join(b"card=card-%d" % n for n in range(9)), 400),
        ("/tap", b"card=a&where=late", 400),
        ("/tap", b"card=a&__proto__=x", 400),
        ("/hold", b"card=a&card=b", 409),
        ("/tear", b"card=a", 400),
        ("/tear", b"card=a&where=never", 400),
        ("/tear", b"card=a&where=late&where=early", 400),
        ("/say", b"part=meter", 400),
        ("/say", b"part=meter&word=" + b"x" * 65, 400),
        ("/say", b"part=meter&word=stop", 409),
        ("/plug", b"", 400),
        ("/plug", b"where=sideways", 400),
        ("/link", b"where=on", 409),
        ("/boom", b"", 404),
        ("/../panel.py", b"", 404),
    ],
)
def test_whatever_is_not_written_down_should_be_refused(app, table, path, query, status):
    assert ask(app, path, query)[0] == status
    assert table.asked == []


def test_refusal_should_say_why(app):
    assert "nobody is in the car" in ask(app, "/say", b"part=meter&word=stop")[2]
    assert "port is taken" in ask(app, "/link", b"where=on")[2]


def test_full_hands_should_be_told_to_wait(app, table):
    table.is_free = False
    assert ask(app, "/tap", b"card=a")[0] == 429


def test_post_should_have_no_body(app, table):
    assert ask(app, "/tap", b"card=a", body=b"card=b")[0] == 400
    assert ask(app, "/tap", b"card=a", headers=(HOST, (b"content-length", b"9")))[0] == 400
    assert table.asked == []


@pytest.mark.parametrize(
    "host", [b"evil.example", b"", b"evil.example:8905", b"127.0.0.1.evil.example", b"\xff"]
)
def test_name_that_is_not_this_machine_should_be_refused(app, host):
    """A foreign page may point its own name at 127.0.0.1."""
    assert ask(app, "/", method="GET", headers=((b"host", host),))[0] == 400


@pytest.mark.parametrize("host", [b"localhost:1", b"127.0.0.1", b"[::1]:8905", b"192.168.1.9:80"])
def test_address_of_this_machine_should_be_served(app, host):
    status, headers, text = ask(app, "/", method="GET", headers=((b"host", host),))
    assert status == 200 and "faretap" in text
    assert b"default-src 'self'" in headers[b"content-security-policy"]


def test_post_of_another_page_should_be_refused(app, table):
    for origin, status in (
        (b"http://evil.example", 403),
        (b"null", 403),
        (b"http://" + HOST[1], 204),
    ):
        assert ask(app, "/tap", b"card=a", headers=(HOST, (b"origin", origin)))[0] == status
    assert len(table.asked) == 1


def test_page_should_load_nothing_from_elsewhere(app):
    for path in server.FILES:
        status, _, text = ask(app, path, method="GET")
        foreign = [word for word in ("https://", "//cdn", "@import") if word in text]
        links = [one for one in text.split('"') if one.startswith("http://")]
        assert status == 200 and foreign == []
        assert links in ([], ["http://www.w3.org/2000/svg"])


def test_pictures_should_be_there_or_not(app):
    assert ask(app, "/ticket/valid.svg", method="GET")[2] == "<svg/>"
    assert ask(app, "/ticket/other.svg", method="GET")[0] == 404
    assert ask(app, "/waterfall.svg", method="GET")[0] == 404


def test_stream_should_begin_with_the_state_and_end_with_its_browser(app, table):
    status, _, text = ask(app, "/events", method="GET", most=1)
    assert status == 200
    first = json.loads(text.partition("\n")[0].removeprefix("data: "))
    assert first == {"event": "state", "device": {}}
    assert table.listeners == []


def test_one_browser_too_many_should_be_sent_away(app, table):
    table.listeners = [print] * server.BROWSERS_MOST
    assert ask(app, "/events", method="GET")[0] == 503


WORDS = st.text(max_size=80)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["card", "where", "word", "part"]) | WORDS, WORDS)))
def test_query_should_be_read_or_refused(pairs):
    """FormatError and nothing else; what is read has every key, each of a bounded length."""
    for keys, words, _ in server.ACTS.values():
        try:
            found = server.read_query(pairs, keys, words)
        except FormatError:
            continue
        assert set(found) == set(keys)
        assert all(0 < len(value) <= server.WORD_MOST for _, value in pairs)
