"""The apt connection changes, or something else writes its bucket: what machines then find."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from slipway.exceptions import EnvironmentMisconfigured, PackageRefused, VersionConflict
from slipway.hooks.apt.address import seen_elsewhere
from slipway.hooks.apt.aptly import Aptly, Signed
from slipway.hooks.apt.bucket import AptBucket, ReleaseFile
from slipway.hooks.apt.connection import AptRepository, apt_repository
from slipway.operators.housekeeping.renew_apt import RenewAptReleaseOperator
from tests.fakes.airflow_run import FakeTask
from tests.integration.apt import publishing
from tests.integration.apt.publishing import get, make_deb, publish
from tests.integration.packages.packaging.guestbooks import published
from tests.lanes import own

pytestmark = pytest.mark.integration
aptly, engine, s3, repository_url = (
    publishing.aptly,
    publishing.engine,
    publishing.s3,
    publishing.repository_url,
)
Make = Callable[[], Aptly]


def _store(repository: AptRepository) -> Any:
    return AptBucket(repository)._store


def _change(monkeypatch: pytest.MonkeyPatch, **extra: str) -> None:
    connection = json.loads(os.environ["AIRFLOW_CONN_SLIPWAY_APT"])
    host = connection["host"]
    if bucket := extra.get("bucket"):
        host = f"{host.rpartition('/')[0]}/{bucket}"
    changed = {**connection, "host": host, "extra": {**connection["extra"], **extra}}
    monkeypatch.setenv("AIRFLOW_CONN_SLIPWAY_APT", json.dumps(changed))


def _publish_for(aptly: Aptly, architecture: str, version: str) -> Signed:
    deb = make_deb("shop", version, architecture=architecture)
    return aptly.publish(f"shop_{version}_{architecture}.deb", io.BytesIO(deb), lambda _: None)


def test_a_package_that_no_machine_would_look_for_is_not_called_published(
    aptly: Make, repository_url: str
) -> None:
    for _ in range(2):  # before the first publication, and after it
        with pytest.raises(PackageRefused, match="for armhf, and the repository is for amd64, arm"):
            _publish_for(aptly(), "armhf", "1.0")
        _publish_for(aptly(), "arm64", "1.0")
    assert published(repository_url) == {}  # amd64's index
    assert "Package: shop" in get(repository_url, "main/binary-arm64/Packages").decode()


def test_another_component_is_refused_with_the_present_one(
    aptly: Make, repository_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(aptly(), "shop", "1.0")
    _change(monkeypatch, component="contrib")
    with pytest.raises(EnvironmentMisconfigured, match="with the component 'main'") as refused:
        publish(aptly(), "shop", "2.0")
    assert "put 'main' back" in refused.value.advice
    assert published(repository_url).keys() == {"1.0"}


@pytest.mark.usefixtures("artifacts")
def test_another_distribution_begins_beside_the_first_which_stays_signed(
    aptly: Make, repository_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(aptly(), "shop", "1.0")
    _change(monkeypatch, distribution="bookworm", component="contrib")
    publish(aptly(), "shop", "2.0")
    index = AptBucket(apt_repository("slipway_apt")).index()
    assert index.names() == ["shop_2.0_all"]
    assert published(repository_url).keys() == {"1.0"}
    before = get(repository_url, "InRelease")
    monkeypatch.setattr(ReleaseFile, "due", lambda *_: True)
    operator = RenewAptReleaseOperator(task_id="renew_apt_release")
    assert operator.execute(FakeTask(dag_id="housekeeping", run_id=own("nightly")).context) is True
    assert get(repository_url, "InRelease") != before
    assert published(repository_url).keys() == {"1.0"}


def test_another_bucket_gets_every_package_and_the_move_is_said_once(
    aptly: Make, repository_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert publish(aptly(), "shop", "1.0").warning is None
    first = apt_repository("slipway_apt")
    other = f"{first.bucket}-b"
    _store(first).create_bucket(
        Bucket=other, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    _change(monkeypatch, bucket=other)
    warning = publish(aptly(), "shop", "2.0").warning
    assert warning
    assert f"in the bucket {other} now" in warning
    assert f"Nobody signs {first.bucket}" in warning
    assert publish(aptly(), "shop", "3.0").warning is None
    assert published(apt_repository("slipway_apt").url).keys() == {"1.0", "2.0", "3.0"}
    assert published(repository_url).keys() == {"1.0"}


def test_a_distribution_that_aptly_cannot_publish_is_said_at_once(
    repository_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _change(monkeypatch, distribution="bookworm/updates")
    with pytest.raises(EnvironmentMisconfigured, match="'bookworm/updates'"):
        apt_repository("slipway_apt")


def test_a_bucket_that_is_not_there_is_said_at_once(
    aptly: Make, repository_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _change(monkeypatch, bucket="nobody-made-this-one")
    with pytest.raises(EnvironmentMisconfigured, match="NoSuchBucket"):
        publish(aptly(), "shop", "1.0")


def test_an_engine_without_the_packages_does_not_take_them_from_machines(
    aptly: Make, repository_url: str
) -> None:
    """A worker has another Docker engine, and an earlier version left no state in the bucket."""
    publish(aptly(), "shop", "1.0")
    mine = aptly()
    mine.engine.remove_labelled({"slipway.kind": "apt"})
    repository = mine.repository
    _store(repository).delete_object(Bucket=repository.bucket, Key=AptBucket(repository)._state)
    with pytest.raises(EnvironmentMisconfigured, match=r"does not know \(shop_1.0_all\)"):
        publish(mine, "shop", "2.0")
    assert published(repository_url).keys() == {"1.0"}


def test_a_file_of_another_content_in_the_bucket_is_final_and_holds_nobody_up(
    aptly: Make, repository_url: str
) -> None:
    publish(aptly(), "shop", "1.0")
    for name, version in (("shop", "1:1.0"), ("already-exists", "1.0")):
        if name != "shop":
            repository = apt_repository("slipway_apt")
            key = f"pool/main/a/{name}/{name}_1.0_all.deb"
            _store(repository).put_object(Bucket=repository.bucket, Key=key, Body=b"other")
        with pytest.raises(VersionConflict, match="has the file name of another package"):
            publish(aptly(), name, version, "other")
    publish(aptly(), "shop", "2.0")
    assert published(repository_url).keys() == {"1.0", "2.0"}


def test_an_address_that_leads_to_another_bucket_is_said(aptly: Make, repository_url: str) -> None:
    publish(aptly(), "shop", "1.0")
    repository = apt_repository("slipway_apt")
    assert seen_elsewhere(repository) is None
    warning = seen_elsewhere(replace(repository, url=f"{repository.url}-old"))
    assert warning
    assert "answers with status 404" in warning
    old = get(repository_url, "InRelease")
    publish(aptly(), "shop", "2.0")
    _store(repository).put_object(
        Bucket=repository.bucket, Key="old/dists/stable/InRelease", Body=old, ACL="public-read"
    )
    warning = seen_elsewhere(replace(repository, url=f"{repository.url}/old"))
    assert warning
    assert "has another one" in warning
    assert seen_elsewhere(replace(repository, url="http://127.0.0.1:1")) is None
