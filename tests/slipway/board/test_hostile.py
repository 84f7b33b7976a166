"""What strangers write stands on the pages as text, wherever it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slipway.board.page import FOLDER
from tests.slipway.board.poison import EVIL, Reader, poisoned


def _pages(evil: str) -> Iterator[tuple[str, dict[str, str]]]:
    from urllib.parse import quote

    name = quote(evil, safe="")
    for query in ("", "?wall=1", f"?q={name}", f"?show={name}", f"?page={name}", f"?wall={name}"):
        yield f"/{query}", {}
    yield f"/e/shop/prod?run={name}", {}
    yield "/e/shop/prod/deploy?version=1.0%2B1", {}
    yield f"/e/shop/prod/deploy?version={name}", {}
    yield f"/e/shop/prod/roll-back?version={name}", {}
    yield f"/e/shop/prod/approve?run={name}", {}
    yield "/r/shop/1.0+1", {}
    yield f"/r/shop/{name}", {}
    yield f"/e/{name}/prod", {}
    yield f"/e/shop/{name}", {}
    yield f"/e/shop/prod/{name}", {}
    yield f"/{name}", {}
    yield "/", {"X-Slipway-Part": evil.encode("ascii", "ignore").decode().split("\r")[0][:9] or "x"}


@pytest.mark.parametrize("kind", sorted(EVIL))
def test_a_strangers_text_is_text(kind: str) -> None:
    evil = EVIL[kind]
    with poisoned(evil).browser("ann") as ann:
        for path, headers in _pages(evil):
            safe = {name: re.sub(r"[^ -~]", "", value) for name, value in headers.items()}
            answer = ann.get(path, **safe)
            assert answer.status_code in (200, 404, 409), (path, answer.text)
            reader = Reader()
            reader.feed(answer.text)
            assert not reader.found, (path, reader.found)
            assert "54117" not in answer.text, path
            hidden = [c for c in answer.text if c in "\u202e\u2066\u200b\x00\x1b\r"]
            assert not hidden, path
            assert "a" not in answer.cookies


def test_every_place_was_poisoned() -> None:
    """What no page showed was not tried; so each field is a text of its own here."""
    evil = "canary<x>"
    with poisoned(evil).browser("ann") as ann:
        counts = {
            path: ann.get(path).text.count("canary&lt;x&gt;")
            for path in (
                "/",
                "/e/shop/prod",
                "/e/shop/prod/approve?run=canary%3Cx%3E",
                "/r/shop/1.0+1",
            )
        }
    assert counts["/"] >= 12
    assert counts["/e/shop/prod"] >= 30
    assert counts["/e/shop/prod/approve?run=canary%3Cx%3E"] >= 4
    assert counts["/r/shop/1.0+1"] >= 15


def _all_answers(ann: Any) -> Iterator[Any]:
    for path in ("/", "/e/shop/prod", "/nothing", "/static/board.css", "/static/board.js"):
        yield ann.get(path)
    yield ann.get("/", **{"X-Slipway-Part": "live"})
    yield ann.post("/e/shop/prod/deploy", {})


def test_each_answer_keeps_a_browser_from_everything_else() -> None:
    with poisoned("x").browser("ann") as ann, poisoned("x").browser() as nobody:
        for answer in (*_all_answers(ann), nobody.get("/")):
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "script-src 'self'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'self'" in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "same-origin"
            assert answer.headers["cache-control"]


def test_the_session_is_not_a_scripts_and_stays_on_the_board() -> None:
    with poisoned("x").browser("ann") as ann:
        cookie = ann.get("/e/shop/prod/deploy?version=1.0%2B1").headers["set-cookie"]
    assert cookie.startswith("slipway_board=")
    for part in ("HttpOnly", "Path=/slipway/board", "SameSite=lax"):
        assert part in cookie


def test_no_template_trusts_a_text_or_holds_a_script() -> None:
    for one in (FOLDER / "templates").glob("*.html"):
        text = Path(one).read_text()
        assert not re.search(r"\|\s*safe|autoescape|Markup", text), one
        assert not re.search(r"<script(?! src=)|<style|\son\w+=|\sstyle=|javascript:", text), one
        assert not re.search(r"=\s*\{\{", text), f"{one}: an attribute without quotes"
    script = (FOLDER / "static" / "board.js").read_text()
    assert not re.search(
        r"innerHTML\s*=|insertAdjacentHTML|document\.write|eval\(|Function\(", script
    )
