from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from include.localcloud.api.browser_guard import without_browsers


def _ask(**headers: str) -> str:
    """Return the status line that a request with these headers is answered with."""
    answered: list[str] = []

    def cloud(_: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [])
        return [b"done"]

    environ = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    list(without_browsers(cloud)(environ, lambda status, _: answered.append(status)))
    return answered[0]


@pytest.mark.parametrize("host", ["127.0.0.1:4566", "localhost:4566", "LOCALHOST", "127.0.0.1"])
def test_an_aws_client_is_let_in(host: str) -> None:
    assert _ask(host=host) == "200 OK"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:4566",
        "127.0.0.1.evil.example:4566",
        "localhost.evil.example",
        "[::1]:4566",
        "evil.example:127.0.0.1",
        "127.0.0.1@evil.example:4566",
        "",
    ],
)
def test_a_page_whose_name_resolves_to_loopback_is_refused(host: str) -> None:
    assert _ask(host=host) == "403 Forbidden"


@pytest.mark.parametrize(
    "sent",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "none", "sec_fetch_mode": "navigate"},
    ],
)
def test_a_page_that_posts_a_form_to_the_cloud_is_refused(sent: dict[str, str]) -> None:
    assert _ask(host="127.0.0.1:4566", **sent) == "403 Forbidden"
