"""The receiver as a host, and as an attacker, meets it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from slipway.webhooks.app import Receiver, make_app
from slipway.webhooks.limits import Gate
from slipway.webhooks.projects import Projects
from tests.slipway.webhooks.app import receiver
from tests.slipway.webhooks.app.receiver import Looks, post, secrets
from tests.slipway.webhooks.deliveries import (
    PUSHES,
    SECRET,
    Delivery,
    bitbucket_cloud,
    cloud_change,
    cloud_push,
    github,
)

if TYPE_CHECKING:
    from slipway.hooks.airflow_runs import KnownRepository

client, looks = receiver.client, receiver.looks


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

    receiver = Receiver(projects=Projects(Away(), secrets), looker=looks, gate=Gate())
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
