"""News for tests."""

from __future__ import annotations

from typing import Any

from slipway.model.news.channel import ChannelKind, NewsChannel
from slipway.model.news.event import NewsEvent
from slipway.model.news.note import NewsCommit, NewsNote

SHA = "3f2a1b7c9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6"
NOW = 1_800_000_000.0
ANN = NewsCommit(sha=SHA, title="Sell more", author="Ann", email="ann@example.com")


def channel(kind: ChannelKind = ChannelKind.SLACK, **fields: Any) -> NewsChannel:
    """Make a channel."""
    known: dict[str, Any] = {"name": "team", "connection": "team"}
    return NewsChannel(**{**known, **fields}, kind=kind)


def note(*events: NewsEvent, **fields: Any) -> NewsNote:
    """Make news of the shop's branch."""
    known: dict[str, Any] = {
        "project": "shop",
        "name": "shop.broke.1",
        "at": NOW,
        "channels": (channel(),),
        "branch": "main",
        "version": "1.4.0+42.g3f2a1b7",
        "sha": SHA,
        "commits": (ANN,),
        "repository": "https://github.com/acme/shop.git",
    }
    return NewsNote(**{**known, **fields}, events=events or (NewsEvent.BROKE,))
