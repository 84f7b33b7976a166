"""What is not believed, too large, hostile or too much."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from slipway.webhooks import limits
from slipway.webhooks.app import Receiver, make_app
from slipway.webhooks.limits import LARGEST, Gate
from slipway.webhooks.projects import Projects
from tests.slipway.webhooks.app import receiver
from tests.slipway.webhooks.app.receiver import Looks, Source, post, secrets
from tests.slipway.webhooks.deliveries import (
    PUSHES,
    SECRET,
    Delivery,
    bitbucket_cloud,
    cloud_change,
    cloud_push,
    github,
    ref_push,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

client, looks = receiver.client, receiver.looks


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


def test_who_sends_too_much_is_told_to_come_later_and_nobody_else_is(
    looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BURST", 5)
    receiver = Receiver(projects=Projects(Source(), secrets), looker=looks, gate=Gate(lambda: 0.0))
    app = make_app(receiver)
    flood = TestClient(app, client=("198.51.100.1", 1))
    wrong = PUSHES["github"][0](b"x" * 32)
    codes = [post(flood, wrong).status_code for _ in range(8)]
    assert codes == [401] * 5 + [429] * 3
    assert post(flood, wrong).headers["retry-after"] == "10"
    assert post(flood, wrong).content == post(flood, wrong, "nothing").content
    host = TestClient(app, client=("203.0.113.1", 1))
    assert post(host, PUSHES["github"][0](SECRET)).status_code == 202
