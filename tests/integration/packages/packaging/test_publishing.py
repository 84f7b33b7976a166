"""Publications of many at once, of one twice, and by workers that are killed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import TransientError
from slipway.tasks.naming import labels
from tests.integration.packages.packaging import guestbooks
from tests.integration.packages.packaging.guestbooks import build, context, publish, published

if TYPE_CHECKING:
    from pathlib import Path

    from slipway.hooks.docker.engine import ContainerEngine
    from tests.fakes.git_server import Repository

pytestmark = pytest.mark.integration
engine, guestbook, repository_url, s3 = (
    guestbooks.engine,
    guestbooks.guestbook,
    guestbooks.repository_url,
    guestbooks.s3,
)


def test_the_same_version_with_other_content_is_refused(
    engine: ContainerEngine,
    guestbook: Repository,
    tmp_path: Path,
    repository_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW__SLIPWAY__ARTIFACTS", (tmp_path / "a").as_uri())
    first = build(guestbook, guestbook.commit("A guestbook"), "1.0.0")
    publish(first)
    monkeypatch.setenv("AIRFLOW__SLIPWAY__ARTIFACTS", (tmp_path / "b").as_uri())
    other = guestbook.commit("Other words", guestbook__welcome_dot_txt="Hello")
    second = build(guestbook, other, "1.0.0")
    assert first.sha256 != second.sha256
    with pytest.raises(AirflowFailException, match="published before with other content"):
        publish(second)
    assert published(repository_url) == {"1.0.0": first.sha256}


def test_many_at_once_are_all_there(
    engine: ContainerEngine, guestbook: Repository, artifacts: Path, repository_url: str
) -> None:
    sha = guestbook.commit("A guestbook")
    debs = [build(guestbook, sha, f"1.0.{n}") for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(publish, debs, [f"publish_{deb.version}" for deb in debs]))
    assert published(repository_url) == {deb.version: deb.sha256 for deb in debs}


@pytest.mark.parametrize("first", [True, False])
def test_a_publication_killed_anywhere_is_finished_by_the_next(
    engine: ContainerEngine,
    guestbook: Repository,
    artifacts: Path,
    repository_url: str,
    first: bool,
) -> None:
    sha = guestbook.commit("A guestbook")
    debs = [build(guestbook, sha, f"1.0.{n}") for n in range(7)]
    there = {} if first else {debs[0].version: debs[0].sha256}
    if there:
        publish(debs[0])
    killed = 0
    for number, deb in enumerate(debs[1:]):
        timer = threading.Timer(0.3 + 0.15 * number, _kill, [engine, deb.version])
        timer.start()
        try:
            publish(deb)
        except TransientError:
            killed += 1
        timer.join()
        publish(deb)
        there[deb.version] = deb.sha256
        assert published(repository_url) == there
    assert killed, "no publication was caught while it ran"


def _kill(engine: ContainerEngine, release: str) -> None:
    engine.remove_labelled(labels(context("publish_apt", release)))
