"""What machines see at the repository's address."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest import mock

import httpx
import pytest

from slipway.hooks.apt import address
from slipway.hooks.apt.address import seen_elsewhere
from slipway.hooks.apt.bucket import AptBucket
from tests.slipway.hooks.apt.repositories import REPOSITORY


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(200, text="Date: now"), None),
        (httpx.Response(200, text="Date: then"), "has another one"),
        (httpx.Response(404, text="Date: now"), "answers with status 404"),
        (httpx.Response(403), "answers with status 403"),
        # Who is not let in here may be let in there.
        (httpx.Response(401), None),
        (httpx.Response(503), None),
        (httpx.ConnectTimeout("no"), None),
        (httpx.InvalidURL("no"), None),
    ],
)
def test_only_what_is_seen_elsewhere_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, answer: Any, said: str | None
) -> None:
    bucket = mock.create_autospec(AptBucket, instance=True)
    bucket.signed.return_value = "Date: now"
    monkeypatch.setattr(address, "AptBucket", lambda _: bucket)
    ask = mock.create_autospec(httpx.get, side_effect=[answer])
    monkeypatch.setattr(httpx, "get", ask)
    found = seen_elsewhere(replace(REPOSITORY, url="http://apt.example/x"))
    assert ask.call_args.args == ("http://apt.example/x/dists/stable/InRelease",)
    assert found is None if said is None else said in str(found)
