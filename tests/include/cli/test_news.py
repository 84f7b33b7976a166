"""What ``fab news`` tries and shows."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from include.cli.news import main, show_news
from include.project.loader import PROJECTS, load_project
from include.project.model import Project
from include.project.news import Channel
from slipway.exceptions import ProjectFileError
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.notes.news import NewsNotes
from slipway.tasks.news.sender import NewsSender
from tests.forges.stand_in import Reply, StandIn, stand_in
from tests.slipway.notifiers.notes import NOW, note

pytestmark = pytest.mark.usefixtures("artifacts")

SECRET = "s3cr3t-" * 4


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with stand_in() as one:
        one.script = [Reply(body=b"ok")] * 9
        fields = {"conn_type": "slackwebhook", "password": f"{one.url}/T/B/{SECRET}"}
        monkeypatch.setenv("AIRFLOW_CONN_TEAM", json.dumps(fields))
        yield one


def project(**channels: Any) -> Project:
    read = {name: Channel.model_validate(one) for name, one in channels.items()}
    return load_project(PROJECTS / "guestbook.yaml").model_copy(update={"news": read})


def shown(one: Project, *, send: bool = True) -> tuple[bool, str]:
    out = io.StringIO()
    return show_news(one, out, send=send), out.getvalue()


def test_each_channel_gets_a_test_message_whatever_it_is_told_otherwise(host: StandIn) -> None:
    fine, text = shown(project(team={"slack": "team", "events": "broke"}))
    assert fine
    assert "team: Slack, by the connection team; is told broke\n  took a test message" in text
    assert "nothing was sent yet" in text
    assert host.requests[0].body["text"] == "guestbook: a test message"
    assert list(NewsNotes(artifact_store()).waiting(pytest.fail)) == []


def test_a_channel_that_does_not_work_is_said_without_its_secret(host: StandIn) -> None:
    host.script = [Reply(status=404, body=b"no_service")]
    fine, text = shown(project(team={"slack": "team"}, ops={"webhook": "nowhere"}))
    assert not fine
    assert "Slack answers 404: no_service" in text
    assert "Airflow has no connection 'nowhere'" in text
    assert SECRET not in text
    _, again = shown(project(team={"slack": "team"}), send=False)
    assert "Slack answers 404" in again


def test_what_was_sent_last_is_shown(host: StandIn) -> None:
    notes = NewsNotes(artifact_store())
    notes.add(note(project="guestbook"))
    sender = NewsSender(notes=lambda: notes, say=print, clock=lambda: NOW)
    sender.round()
    notes.add(note(project="guestbook", name="guestbook.fixed.1"))
    _, text = shown(project(team={"slack": "team"}), send=False)
    assert "2027-01-15 08:00:00  broke main, to team\n" in text
    assert "1 waiting to be sent" in text
    assert len(host.requests) == 1


def test_a_project_without_a_channel_is_told_how_to_name_one() -> None:
    with pytest.raises(ProjectFileError, match="guestbook_slack"):
        shown(project())
    assert main(["guestbok"]) == 2
