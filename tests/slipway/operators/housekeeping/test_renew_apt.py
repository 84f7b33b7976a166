"""What a renewed signature leaves behind for the bakes that follow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest

from slipway.hooks.apt.aptly import Aptly, Signed
from slipway.hooks.apt.bucket import AptBucket, ReleaseFile
from slipway.hooks.apt.connection import AptRepository
from slipway.hooks.apt.repository_keys import RepositoryKeys
from slipway.hooks.store.artifacts import artifact_store
from slipway.operators.housekeeping import renew_apt
from slipway.operators.housekeeping.renew_apt import RenewAptReleaseOperator

pytestmark = pytest.mark.usefixtures("artifacts")
URL, DISTRIBUTION = "http://apt/x", "stable"


def renew(monkeypatch: pytest.MonkeyPatch, signed: Signed | None) -> bool:
    """Renew a signature of two days ago."""
    repository = AptRepository(
        url=URL,
        bucket="apt",
        aws_conn_id="aws_default",
        region="eu-west-1",
        distribution=DISTRIBUTION,
        component="main",
        acl="none",
        signing_key="",
    )
    bucket = mock.create_autospec(AptBucket, instance=True)
    bucket.distributions.return_value = [DISTRIBUTION]
    bucket.release.return_value = ReleaseFile(
        signed=datetime.now(UTC) - timedelta(days=2), valid_until=None
    )
    aptly = mock.create_autospec(Aptly, instance=True)
    aptly.renew.return_value = signed
    monkeypatch.setattr(renew_apt, "apt_repository", lambda _: repository)
    monkeypatch.setattr(renew_apt, "AptBucket", lambda _: bucket)
    monkeypatch.setattr(renew_apt, "Aptly", lambda **_: aptly)
    monkeypatch.setattr(renew_apt, "account", lambda *_: None)
    monkeypatch.setattr(renew_apt, "container_engine", lambda _: None)
    ti = SimpleNamespace(dag_id="housekeeping", task_id="renew_apt_release", run_id="r")
    context: Any = {"ti": ti}
    return RenewAptReleaseOperator(task_id="renew_apt_release").execute(context)


def test_after_a_rotation_the_first_renewal_tells_bakes_the_new_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = RepositoryKeys(artifact_store())
    keys.note(URL, DISTRIBUTION, "old")
    assert renew(monkeypatch, Signed(public_key="new", warning=None))
    assert RepositoryKeys(artifact_store()).current(URL, DISTRIBUTION) == "new"


def test_an_engine_without_the_repository_changes_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    RepositoryKeys(artifact_store()).note(URL, DISTRIBUTION, "old")
    assert not renew(monkeypatch, None)
    assert RepositoryKeys(artifact_store()).current(URL, DISTRIBUTION) == "old"
