"""Whom a project's news are told, as people write it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from include.project.loader import PROJECTS, load_project
from include.project.news import Channel, news_routes
from slipway.exceptions import ProjectFileError
from slipway.model.news.channel import NewsRoutes
from slipway.model.news.event import TELLABLE, NewsEvent

GUESTBOOK = (PROJECTS / "guestbook.yaml").read_text()


def routes(**channels: Any) -> NewsRoutes:
    read = {name: Channel.model_validate(one) for name, one in channels.items()}
    found = news_routes("shop", read, "dev")
    assert found is not None
    return found


def names(found: NewsRoutes, event: NewsEvent, environment: str = "") -> list[str]:
    return [one.name for one in found.of([event], environment)]


def test_a_channel_alone_is_told_what_matters() -> None:
    found = routes(team={"slack": "shop_slack"})
    for event in TELLABLE:
        assert names(found, event, "prod") == ["team"]
    assert names(found, NewsEvent.DEPLOYED, "dev") == []
    assert names(found, NewsEvent.ROLLED_BACK, "dev") == ["team"]
    assert names(found, NewsEvent.BROKE) == ["team"]
    assert news_routes("shop", {}, "dev") is None


def test_events_and_environments_are_chosen() -> None:
    found = routes(
        team={"slack": "s", "events": ["broke", "deployed"]},
        oncall={"email": "smtp_default", "to": "a@example.com", "environments": "prod"},
    )
    assert names(found, NewsEvent.DEPLOYED, "dev") == ["team"]
    assert names(found, NewsEvent.FIXED) == []
    assert names(found, NewsEvent.BROKE) == ["team"]
    assert names(found, NewsEvent.ROLLED_BACK, "prod") == ["oncall"]


def test_a_channel_is_told_the_first_that_it_wants() -> None:
    found = routes(a={"slack": "s", "events": "fixed"}, b={"slack": "s", "events": "deployed"})
    told = found.of([NewsEvent.DEPLOYED, NewsEvent.FIXED], "prod")
    both = [NewsEvent.DEPLOYED, NewsEvent.FIXED]
    assert [one.first_wanted(both) for one in told] == [NewsEvent.FIXED, NewsEvent.DEPLOYED]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "name the Airflow connection of one of slack, email and webhook"),
        ({"slack": "a", "webhook": "b"}, "not slack and webhook"),
        ({"slack": "a", "events": ["brok"]}, "there is no event 'brok'; did you mean 'broke'"),
        ({"slack": "a", "events": ["test"]}, "there is no event 'test'"),
        ({"slack": "a", "events": []}, "at least 1 item"),
        ({"slack": "a", "to": ["a@example.com"]}, "to belongs to a channel of email"),
        ({"webhook": "a", "channel": "#x"}, "channel belongs to a channel of slack"),
        ({"email": "a"}, "say who gets the e-mail"),
        ({"email": "a", "to": ["a@example.com\nBcc: b@c"]}, "to.0"),
        ({"email": "a", "to": ["Ann <a@example.com>"]}, "to.0"),
        ({"email": "a", "to": ["a@b.c", "A@b.c"]}, "twice"),
        ({"email": "a", "authors": ["*"]}, "authors.0"),
        ({"slack": "a", "channel": "shop"}, "channel"),
        ({"slack": "a", "people": {"ann@example.com": "ann"}}, "people"),
        ({"slack": "https://hooks.slack.com/services/T/B/x"}, "may be a secret"),
    ],
)
def test_mistakes_are_named(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        Channel.model_validate(fields)
    assert words in str(wrong.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("news: {team: {slak: x}}", "unknown field; did you mean 'slack'?"),
        ("news: {team: {slack: x, events: [fixd]}}", "there is no event 'fixd'; did you mean"),
        (
            "news: {team: {slack: x, environments: [prd]}}",
            "news.team: there is no environment 'prd'; did you mean 'prod'?",
        ),
        ("nws: {team: {slack: x}}", "did you mean 'news'?"),
        ("news: {Team: {slack: x}}", "news.Team"),
        ("news: {team: {slack: 'https://hooks.slack.com/services/T/B/s3cr3t'}}", "may be a secret"),
    ],
)
def test_a_mistake_in_a_file_names_the_nearest_right_name(
    tmp_path: Path, text: str, words: str
) -> None:
    file = tmp_path / "guestbook.yaml"
    file.write_text(f"{GUESTBOOK}\n{text}\n")
    with pytest.raises(ProjectFileError) as wrong:
        load_project(file)
    assert words in str(wrong.value)
    assert "s3cr3t" not in str(wrong.value)
