# SPDX-License-Identifier: Apache-2.0
"""The operator's pages: who may what, forms of others, guessed passwords, hostile text."""

import pytest

from host_tools.ledger import registry
from host_tools.office.guard import URL_MOST
from host_tools.office.pages import PAGES
from host_tools.office.people import IDLE_S, ROLES, SESSION_S, SESSIONS_MOST
from host_tools.office.throttle import KEYS_MOST, WAIT_MOST_S, Throttle
from tests.host.office_stand import OPERATOR, SECRET, Stand, csrf, digest_of, send
from tests.host.test_ledger import PAN

WHERE = {"terminal": "7", "sequence": "2", "day": "2026-11-20", "rollout": "1"}


@pytest.fixture
def stand(tmp_path):
    made = Stand(tmp_path)
    yield made
    made.close()


def path_of(page, digest="00"):
    return page.path.format(**WHERE, digest=digest)


def allowed(page, role):
    return page.permission is None or page.permission in ROLES[role]


@pytest.mark.parametrize("role", [*ROLES, None])
def test_each_page_is_for_the_roles_that_its_row_names(stand, role):
    client = stand.browser(role) if role else stand.client()
    digest = digest_of(stand)[0]
    token = csrf(client) if role else ""
    for page in PAGES:
        path = path_of(page, digest)
        if path in ("/logout", "/login", "/account/password", "/metrics"):
            continue
        if page.method == "GET":
            answer = client.get(path)
        else:
            answer = client.post(path, data={"csrf": token})
        if role is None:
            open_to_all = page.permission is None
            assert answer.status_code == (200 if open_to_all else 303), path
            assert open_to_all or answer.headers["location"].startswith("/login"), path
        elif allowed(page, role):
            assert answer.status_code in (200, 303, 400, 404), (path, answer.status_code)
            assert "不允许" not in answer.text
        else:
            assert answer.status_code == 403, (path, role)


def test_who_is_turned_away_stands_in_the_audit_log(stand):
    assert stand.browser("viewer").get("/audit").status_code == 403
    _, row = stand.office.people.log(0, 1)[0]
    assert (row.who, row.did, row.about) == ("viewer", "denied", "/audit")


def test_no_form_is_taken_without_the_token_of_its_session(stand):
    client, other = stand.browser("admin"), stand.browser("admin")
    stranger = csrf(other)
    for page in PAGES:
        if page.method != "POST" or page.path == "/login":
            continue
        for data in ({}, {"csrf": ""}, {"csrf": "0" * 32}, {"csrf": stranger}):
            answer = client.post(path_of(page), data=data)
            assert answer.status_code == (403 if data else 400), page.path
    assert registry.terminals(stand.ledger)[0].state == "served"
    assert client.get("/").status_code == 200  # nobody was signed out


def test_login_wants_the_token_of_its_page(stand):
    client = stand.client()
    client.get("/login")
    for token in ("", "0" * 32):
        answer = client.post("/login", data={"name": "admin", "password": SECRET, "csrf": token})
        assert answer.status_code == 403
    assert client.get("/").status_code == 303


def test_a_form_of_another_site_is_refused(stand):
    client = stand.browser("operator")
    token = csrf(client)
    for origin in ("http://evil.example", "null", "https://localhost", "http://localhost:81"):
        answer = client.post("/terminals/7/stop", data={"csrf": token}, headers={"origin": origin})
        assert answer.status_code == 403, origin
    own = {"origin": "http://localhost"}
    assert client.post("/terminals/7/stop", data={"csrf": token}, headers=own).status_code == 303


def test_guessing_becomes_slow_and_tells_nobody_which_names_there_are(stand):
    for name in ("admin", "nobody"):
        client = stand.client("10.0.0.9" if name == "nobody" else "10.0.0.8")
        answers = [stand.sign_in(client, name, "wrong-one-" + str(n)) for n in range(6)]
        assert [one.status_code for one in answers] == [403] * 5 + [429]
        assert "Name or password is wrong." in answers[4].text
    assert stand.sign_in(stand.client("10.0.0.8"), "admin").status_code == 429
    assert stand.sign_in(stand.client("10.0.0.7"), "admin").status_code == 303  # elsewhere
    stand.monotonic_s += 3
    assert stand.sign_in(stand.client("10.0.0.8"), "admin").status_code == 303


def test_waits_double_are_bounded_and_so_is_what_is_remembered():
    throttle, now, waits = Throttle(), 0.0, []
    for _ in range(16):
        throttle.failed("a", "x", now)
        waits.append(throttle.wait_s("a", "x", now))
        now += waits[-1]
    assert waits[:7] == [0, 0, 0, 0, 2, 4, 8] and waits[-1] == WAIT_MOST_S
    for number in range(KEYS_MOST):
        throttle.failed(f"name{number}", f"address{number}", now)
    assert len(throttle._tried) == KEYS_MOST


def test_sessions_end(stand):
    client = stand.browser("viewer")
    stand.now += IDLE_S - 1
    assert client.get("/").status_code == 200
    stand.now += IDLE_S - 1
    assert client.get("/").status_code == 200  # it was used
    stand.now += IDLE_S + 61
    assert client.get("/").status_code == 303
    client = stand.browser("viewer")
    begun = stand.now
    while stand.now < begun + SESSION_S:
        stand.now += IDLE_S // 2
        last = client.get("/").status_code
    stand.now += 1
    assert last == 200 and client.get("/").status_code == 303


def test_signing_out_stopping_and_another_role_end_sessions(stand):
    one, two, admin = stand.browser("clerk"), stand.browser("clerk"), stand.browser("admin")
    cookies = dict(one.cookies)
    assert send(one, "/logout").status_code == 303
    one.cookies.update(cookies)  # whoever has kept them
    assert one.get("/").status_code == 303 and two.get("/").status_code == 200
    assert send(admin, "/people/change", name="clerk", role="viewer").status_code == 303
    assert two.get("/").status_code == 303
    assert stand.browser("clerk").get("/dispute").status_code == 403
    assert send(admin, "/people/change", name="clerk", state="stopped").status_code == 303
    assert stand.sign_in(stand.client(), "clerk").status_code == 403
    assert send(admin, "/people/change", name="admin", role="viewer").status_code == 400


def test_a_person_has_a_bounded_number_of_browsers(stand):
    clients = [stand.browser("viewer") for _ in range(SESSIONS_MOST + 2)]
    alive = [client.get("/account").status_code for client in clients]
    assert alive.count(200) == SESSIONS_MOST


def test_a_password_is_changed_by_who_knows_the_old_one(stand):
    client = stand.browser("clerk")
    new = {"new": "another-long-secret", "again": "another-long-secret"}
    assert send(client, "/account/password", old="guess", **new).status_code == 400
    short = {"new": "short", "again": "short"}
    assert send(client, "/account/password", old=SECRET, **short).status_code == 400
    assert send(client, "/account/password", old=SECRET, **new).status_code == 303
    assert client.get("/account").status_code == 303
    assert stand.sign_in(stand.client(), "clerk", "another-long-secret").status_code == 303


@pytest.mark.parametrize("secure", [False, True])
def test_cookies_and_headers(tmp_path, secure):
    stand = Stand(tmp_path, secure=secure)
    client = stand.client()
    answer = stand.sign_in(client, "viewer")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and ("Secure" in cookie) is secure
    assert cookie.startswith("__Host-faretap_office" if secure else "faretap_office")
    page = client.get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script" not in policy and "unsafe" not in policy
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert ("strict-transport-security" in page.headers) is secure
    stand.close()


def test_names_lengths_and_forms_of_others_are_refused(stand):
    client = stand.browser("clerk")
    token = csrf(client)
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400
    assert client.get("/terminals?operator=" + "x" * URL_MOST).status_code == 414
    assert client.get("/terminals?state=a&state=b").status_code == 400
    assert client.get("/terminals?state=%00").status_code == 400
    assert client.get("/terminals?from=-1").status_code == 400
    assert client.get("/terminals/99999999999999999999").status_code == 400
    assert client.get("/days/2026-99-99").status_code == 400
    assert client.get("/nothing").status_code == 404
    assert client.put("/").status_code == 405
    form = {"csrf": token, "card": PAN, "day": "2026-11-20"}
    assert client.post("/dispute", json=form).status_code == 400
    assert client.post("/dispute", data=form | {"yuan": "1e9"}).status_code == 400
    assert client.post("/dispute", data=form | {"note": "x" * 9000}).status_code == 400
    many = {str(number): "x" for number in range(100)}
    assert client.post("/dispute", data=form | many).status_code == 400
    raw = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/dispute", content=b"csrf=%ff%fe\xff", headers=raw).status_code == 400


def test_a_page_behind_the_login_is_one_of_ours(stand):
    for wanted, there in (
        ("/pending", "/pending"), ("//evil.example", "/"), ("https://evil.example", "/"),
        ("/\\evil.example", "/"), ("evil", "/"),
    ):  # fmt: skip
        client = stand.client()
        page = client.get("/login", params={"next": wanted})
        token = page.text.partition('name="csrf" value="')[2].partition('"')[0]
        form = {"name": "viewer", "password": SECRET, "csrf": token, "next": wanted}
        assert client.post("/login", data=form).headers["location"] == there


def test_hostile_text_is_shown_as_what_it_is(stand):
    client = stand.browser("admin")
    digests = digest_of(stand)
    pages = [path_of(one, digest) for one in PAGES if one.method == "GET" for digest in digests]
    shown = {path: client.get(path).text for path in pages}
    assert "alert(&#34;x&#34;)" in shown["/terminals"] and "&lt;202E&gt;" in shown["/terminals"]
    assert "&lt;u&gt;other&lt;/u&gt;" in shown["/quarantine"]
    for path, text in shown.items():
        for raw in ("<script", "<i>reason", "<u>other", "<b>key", OPERATOR[-11:]):
            assert raw not in text, (path, raw)
    chosen = client.get("/terminals", params={"operator": OPERATOR})
    assert chosen.text.count('href="/terminals/') == 2


def test_no_page_and_no_log_shows_a_card_number(stand, caplog, capfd):
    # CL-016: typed in, read back, in a note, in an address that does not fit, in the audit log
    caplog.set_level("DEBUG")
    client = stand.browser("admin")
    told = ""
    for digest in digest_of(stand):
        told += "".join(client.get(path_of(p, digest)).text for p in PAGES if p.method == "GET")
    found = send(client, "/dispute", card=PAN[:4] + " " + PAN[4:], day="2026-11-20")
    assert found.text.count("/records/7/") >= 2 and "622848*********0123" in found.text
    wrong = send(client, "/dispute", card=PAN, day="never")
    note = {"decision": "refunded", "note": f"card {PAN[:6]}-{PAN[6:]} called"}
    assert send(client, "/records/7/2/decide", **note).status_code == 303
    told += found.text + wrong.text + client.get("/records/7/2").text
    told += client.get("/audit").text + client.get(f"/days/{PAN}").text
    ours = [one.getMessage() for one in caplog.records if not one.name.startswith("httpx")]
    log = "".join([*ours, *capfd.readouterr()])  # but what the test's own browser logs
    assert PAN not in told and PAN not in log
    with stand.ledger.engine.connect() as connection:
        for table in ("audit", "decisions", "staff_sessions"):
            assert PAN not in str(connection.exec_driver_sql(f"SELECT * FROM {table}").all())
    assert "******0123" in client.get("/audit").text
