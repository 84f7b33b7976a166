"""The receiver as a host, and as an attacker, meets it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from slipway.exceptions import ProjectFileError
from slipway.hooks.airflow_runs import KnownRepository
from slipway.webhooks import limits
from slipway.webhooks.app import Receiver, make_app
from slipway.webhooks.limits import LARGEST, Gate
from slipway.webhooks.look import Look, Looker
from slipway.webhooks.projects import Projects
from tests.slipway.webhooks.deliveries import (
    OTHER_SECRET,
    PUSHES,
    SECRET,
    Delivery,
    bitbucket_cloud,
    cloud_change,
    cloud_push,
    github,
    ref_push,
)

KNOWN = {
    "shop": KnownRepository(url="git://h/shop", branch="main", connection=None, webhook="shop"),
    "mail": KnownRepository(url="git://h/mail", branch="main", connection=None, webhook="mail"),
    "bare": KnownRepository(url="git://h/bare", branch="main", connection=None, webhook=None),
    "lost": KnownRepository(url="git://h/lost", branch="main", connection=None, webhook="absent"),
}
SECRETS = {"shop": (SECRET,), "mail": (OTHER_SECRET,)}


class Looks(Looker):
    """Notes what is asked for."""

    def __init__(self) -> None:
        super().__init__(lambda look: [])
        self.asked: list[str] = []

    def ask(self, look: Look) -> None:
        self.asked.append(look.project)


class Source:
    """Knows the projects."""

    def repository(self, dag_id: str) -> KnownRepository | None:
        return KNOWN.get(dag_id)


def _secrets(connection: str) -> tuple[bytes, ...]:
    if connection not in SECRETS:
        msg = "Airflow has no connection 'absent'"
        raise ProjectFileError(msg)
    return SECRETS[connection]


@pytest.fixture
def looks() -> Looks:
    return Looks()


@pytest.fixture
def client(looks: Looks) -> Iterator[TestClient]:
    receiver = Receiver(projects=Projects(Source(), _secrets), looker=looks, gate=Gate())
    with TestClient(make_app(receiver)) as found:
        yield found


def post(client: TestClient, delivery: Delivery, project: str = "shop") -> Any:
    return client.post(f"/{project}", content=delivery.body, headers=delivery.headers)


@pytest.mark.parametrize("host", sorted(PUSHES))
def test_a_push_has_the_repository_looked_at(client: TestClient, looks: Looks, host: str) -> None:
    answer = post(client, PUSHES[host][0](SECRET))
    assert answer.status_code == 202
    assert answer.json() == {"answer": "looking at the repository of shop"}
    assert looks.asked == ["shop"]


def test_an_answer_comes_within_a_tenth_of_a_second(client: TestClient) -> None:
    post(client, PUSHES["github"][0](SECRET))
    took = []
    for _ in range(20):
        began = time.perf_counter()
        assert post(client, PUSHES["github"][0](SECRET)).status_code == 202
        took.append(time.perf_counter() - began)
    assert sorted(took)[10] < 0.1


def _refused() -> dict[str, tuple[str, Callable[[], Delivery]]]:
    good = PUSHES["github"][0]
    return {
        "no signature": ("shop", lambda: good(SECRET).with_header("x-hub-signature-256", None)),
        "a wrong one": ("shop", lambda: good(b"x" * 32)),
        "another project's": ("mail", lambda: good(SECRET)),
        "a project without a hook": ("bare", lambda: good(SECRET)),
        "a project whose connection is missing": ("lost", lambda: good(SECRET)),
        "no such project": ("nothing", lambda: good(SECRET)),
        "no project's name": ("%24%28id%29", lambda: good(SECRET)),
        "a very long name": ("a" * 3000, lambda: good(SECRET)),
        "no host's headers": (
            "shop",
            lambda: Delivery(headers={"content-type": "application/json"}, body=b"{}"),
        ),
        "nothing at all": (
            "shop",
            lambda: Delivery(headers={"content-type": "application/json"}, body=b""),
        ),
        "no json, unsigned": (
            "shop",
            lambda: Delivery(headers=good(SECRET).headers, body=b"{"),
        ),
    }


@pytest.mark.parametrize("kind", sorted(_refused()))
def test_whoever_is_not_believed_learns_nothing(
    client: TestClient, looks: Looks, kind: str
) -> None:
    project, made = _refused()[kind]
    answer = post(client, made(), project)
    usual = post(client, PUSHES["github"][0](b"y" * 32))
    assert answer.status_code == usual.status_code == 401
    assert answer.content == usual.content
    assert answer.headers == usual.headers
    assert looks.asked == []


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "a" * 999]
)
def test_another_content_type_is_not_read(client: TestClient, looks: Looks, kind: str) -> None:
    """GitHub's form is one, which its page for hooks has chosen at first."""
    delivery = PUSHES["github"][0](SECRET).with_header("content-type", kind)
    answer = post(client, delivery)
    assert answer.status_code == 415
    assert answer.json() == {"answer": "let the host send application/json"}
    assert answer.content == post(client, delivery, "nothing").content
    assert looks.asked == []


def test_a_declared_size_is_believed_where_it_is_too_large(client: TestClient) -> None:
    def never() -> Iterator[bytes]:
        yield b"{"
        pytest.fail("the body was read")

    headers = {**PUSHES["github"][0](SECRET).headers, "content-length": str(LARGEST + 1)}
    assert client.post("/shop", content=b"{}", headers=headers).status_code == 413
    for odd in ("9" * 400, "-1", "1e3", "\u0663"):
        answer = client.post(
            "/shop", content=b"{}", headers={**headers, "content-length": odd.encode()}
        )
        assert answer.status_code == 413


def test_what_does_not_tell_its_size_is_cut_off(client: TestClient, looks: Looks) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(64):
            sent += 1
            yield b" " * (LARGEST // 4)

    headers = PUSHES["github"][0](SECRET).headers
    assert client.post("/shop", content=endless(), headers=headers).status_code == 413
    assert looks.asked == []


def test_the_largest_payload_is_read(client: TestClient, looks: Looks) -> None:
    frame = len(github("push", ref_push(pad="")).body)
    delivery = github("push", ref_push(pad="x" * (LARGEST - frame)))
    assert len(delivery.body) == LARGEST
    assert post(client, delivery).status_code == 202
    more = github("push", ref_push(pad="x" * (LARGEST - frame + 1)))
    assert post(client, more).status_code == 413


def test_a_signed_payload_that_is_none_is_said_to_be_so(client: TestClient, looks: Looks) -> None:
    gitlab = PUSHES["gitlab"][0](SECRET)
    answer = post(client, Delivery(headers=gitlab.headers, body=b"{"))
    assert answer.status_code == 400
    assert "no JSON" in answer.json()["answer"]
    assert looks.asked == []


def test_tests_and_other_events_are_answered_well_and_nothing_follows(
    client: TestClient, looks: Looks
) -> None:
    """A host that is told anything else stops sending after a while."""
    for event in ("ping", "issues", "star"):
        answer = post(client, github(event, {"zen": "x"}))
        assert answer.status_code == 200
    assert post(client, bitbucket_cloud("repo:fork", {})).status_code == 200
    assert looks.asked == []


def test_a_second_and_a_third_attempt_and_a_replay_are_looks_like_the_first(
    client: TestClient, looks: Looks
) -> None:
    first = bitbucket_cloud("repo:push", cloud_push(cloud_change("main")))
    for attempt in ("1", "2", "3", "3"):
        assert post(client, first.with_header("x-attempt-number", attempt)).status_code == 202
    assert looks.asked == ["shop"] * 4


HOSTILE = [
    "a/refs/heads/main",
    "a;touch x",
    "$(id)",
    "`id`",
    "--upload-pack=touch x",
    "../../etc/passwd",
    "a\nWARNING forged line",
    "a\r\nb",
    "x" * 4096,
    "{{ 7*7 }}",
    "{% raw %}",
    "\u202egpj.exe",
    "3f2a1b7c" * 5,
    "v1.4.0",
    "\x1b[31mred",
    "\x00",
    "%s%n",
    "refs/heads/main",
    "\ud800",
]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_is_one_line_of_the_log_and_nothing_else(
    client: TestClient, looks: Looks, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    with caplog.at_level(logging.INFO, "slipway"):
        answer = post(client, bitbucket_cloud("repo:push", cloud_push(cloud_change(name))))
    assert answer.json() == {"answer": "looking at the repository of shop"}
    assert looks.asked == ["shop"]
    (line,) = [one.getMessage() for one in caplog.records if one.name == "slipway.webhooks.app"]
    assert line.startswith("shop: Bitbucket Cloud tells of push: refs/heads/")
    assert line.isprintable()
    assert len(line) < 250


def test_no_log_holds_a_secret_or_a_signature(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        for host, (made, header) in PUSHES.items():
            for secret in (SECRET, b"guessed-guessed-guessed"):
                delivery = made(secret)
                post(client, delivery)
                post(client, delivery, "lost")
                for hidden in (delivery.headers[header][-64:], SECRET.decode(), secret.decode()):
                    assert hidden not in caplog.text, host


def test_a_missing_connection_is_said_once_to_the_operator(
    client: TestClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slipway.webhooks.projects.FRESH", 0.0)
    for _ in range(3):
        post(client, PUSHES["github"][0](SECRET), "lost")
    said = [one.getMessage() for one in caplog.records if "refused" in one.getMessage()]
    assert said == ["lost: its webhooks are refused: Airflow has no connection 'absent'"]


def test_a_database_that_is_away_is_no_refusal(
    looks: Looks, caplog: pytest.LogCaptureFixture
) -> None:
    class Away:
        def repository(self, dag_id: str) -> KnownRepository | None:
            raise ConnectionError(dag_id)

    receiver = Receiver(projects=Projects(Away(), _secrets), looker=looks, gate=Gate())
    with TestClient(make_app(receiver)) as client:
        answer = post(client, PUSHES["github"][0](SECRET))
    assert answer.status_code == 503
    assert answer.json() == {"answer": "hooks cannot be checked now"}
    assert "ConnectionError" in caplog.text


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_there_is_nothing_to_be_had_but_by_post(client: TestClient, method: str) -> None:
    assert client.request(method, "/shop").status_code == 405
    known, unknown = (client.request(method, f"/{name}") for name in ("shop", "nothing"))
    assert known.content == unknown.content


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/shop/more", "//shop", "/../x"])
def test_there_is_no_page(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in (404, 405)


def test_who_sends_too_much_is_told_to_come_later_and_nobody_else_is(
    looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BURST", 5)
    receiver = Receiver(projects=Projects(Source(), _secrets), looker=looks, gate=Gate(lambda: 0.0))
    app = make_app(receiver)
    flood = TestClient(app, client=("198.51.100.1", 1))
    wrong = PUSHES["github"][0](b"x" * 32)
    codes = [post(flood, wrong).status_code for _ in range(8)]
    assert codes == [401] * 5 + [429] * 3
    assert post(flood, wrong).headers["retry-after"] == "10"
    assert post(flood, wrong).content == post(flood, wrong, "nothing").content
    host = TestClient(app, client=("203.0.113.1", 1))
    assert post(host, PUSHES["github"][0](SECRET)).status_code == 202
