"""A release of several packages: all of them are published, compared and part of what it is."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import IO, Any
from unittest.mock import create_autospec

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import ReleaseAltered
from slipway.hooks.apt.aptly import Aptly, Signed
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.model.facts import DebPackage, PackageBeside, PublishedPackage
from slipway.operators import publish_apt as apt_publish
from slipway.operators.publish_apt import PublishAptOperator
from slipway.operators.record_release import RecordReleaseOperator
from slipway.tasks.consent import Admission
from slipway.tasks.images.layers import Layers
from tests.fakes.airflow_run import FakeTask
from tests.slipway.operators.commit_runs import APT, facts_of, sign_all, signed
from tests.slipway.operators.releases import make_record

ROOT = Path(__file__).resolve().parents[4]
RUN = FakeTask(dag_id="shop", run_id="commit__1", task_id="publish_apt")
pytestmark = pytest.mark.usefixtures("artifacts")


def beside(name: str, *, installed: bool = True) -> PackageBeside:
    return PackageBeside(
        name=name,
        version="1",
        architecture="all",
        artifact=f"deb/{name}_1_all.deb",
        sha256=hashlib.sha256(name.encode()).hexdigest(),
        size=len(name),
        installed=installed,
    )


DATA, DEBUG = beside("shop-data"), beside("shop-dbgsym", installed=False)
ALONE = make_record("1").package
SEVERAL = replace(ALONE, beside=(DATA, DEBUG))


def test_what_was_stored_before_there_were_several_is_read_and_is_the_same_release() -> None:
    old = ALONE.to_json()
    del old["beside"]
    assert PublishedPackage.from_json(old) == ALONE
    assert ALONE.digest == ALONE.sha256
    assert PublishedPackage.from_json(json.loads(json.dumps(SEVERAL.to_json()))) == SEVERAL


def test_each_package_is_part_of_what_a_release_is() -> None:
    others = (
        ALONE,
        replace(SEVERAL, sha256="e"),
        replace(SEVERAL, beside=(DATA,)),
        replace(SEVERAL, beside=(DATA, replace(DEBUG, sha256="f"))),
    )
    assert len({SEVERAL.digest, *(one.digest for one in others)}) == 5
    assert replace(SEVERAL, beside=(DEBUG, DATA)).digest == SEVERAL.digest


def test_an_image_is_keyed_by_all_and_holds_what_the_unit_needs() -> None:
    layers = Layers(region="eu-west-1", unit="shop.service", config={}, recipes=str(ROOT))
    bake = layers.app(SEVERAL, "ami-0", "n")
    assert bake.tags["slipway:deb-sha256"] == SEVERAL.digest
    assert bake.variables["app_beside"] == [
        {"name": "shop-data", "version": "1", "sha256": DATA.sha256}
    ]
    assert bake.variables["app_sha256"] == SEVERAL.sha256
    plain = layers.app(ALONE, "ami-0", "n")
    assert "app_beside" not in plain.variables
    assert plain.tags["slipway:deb-sha256"] == ALONE.sha256


def test_a_yes_and_a_plan_are_bound_to_all() -> None:
    record = replace(make_record("1"), package=SEVERAL)
    ReleaseCatalogue(artifact_store()).record(record)
    admission, release = Admission(project="shop", environment="dev"), record.checkout.release
    assert admission.record(release, SEVERAL.digest) == record
    with pytest.raises(ReleaseAltered):
        admission.record(release, SEVERAL.sha256)


def deb() -> DebPackage:
    found = facts_of(make_record("1"))["build_deb"]
    assert isinstance(found, DebPackage)
    main = replace(found, artifact="deb/shop_1_all.deb", size=4)
    return replace(main, sha256=hashlib.sha256(b"shop").hexdigest(), beside=(DATA, DEBUG))


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bytes]]:
    """What aptly is given; the store has the packages."""
    monkeypatch.setenv("AIRFLOW_CONN_SLIPWAY_APT", json.dumps(APT))
    for name in ("shop", "shop-data", "shop-dbgsym"):
        artifact_store().put(f"deb/{name}_1_all.deb", name.encode())
    found: list[tuple[str, bytes]] = []

    def publish(name: str, content: IO[bytes], _: Any) -> Signed:
        content.seek(0)
        found.append((name, content.read()))
        return Signed(public_key="key", warning=None)

    aptly = create_autospec(Aptly, instance=True)
    aptly.publish.side_effect = publish
    monkeypatch.setattr(apt_publish, "Aptly", lambda **_: aptly)
    monkeypatch.setattr(apt_publish, "container_engine", lambda _: None)
    monkeypatch.setattr(apt_publish, "account", lambda *_: None)
    monkeypatch.setattr(apt_publish, "seen_elsewhere", lambda _: None)
    return found


def test_all_are_published_and_the_one_that_needs_the_others_is_the_last(
    published: list[tuple[str, bytes]],
) -> None:
    context = signed(RUN.context, build_deb=deb())
    told = PublishAptOperator(task_id="publish_apt", deb=deb().to_json()).execute(context)
    assert published == [
        ("shop-data_1_all.deb", b"shop-data"),
        ("shop-dbgsym_1_all.deb", b"shop-dbgsym"),
        ("shop_1_all.deb", b"shop"),
    ]
    assert PublishedPackage.from_json(told).beside == (DATA, DEBUG)


@pytest.mark.parametrize("content", [b"evil-data", b"shop-data and more", b""])
def test_another_package_in_the_bucket_is_not_published(
    published: list[tuple[str, bytes]], content: bytes
) -> None:
    artifact_store().put(DATA.artifact, content)
    context = signed(RUN.context, build_deb=deb())
    with pytest.raises(AirflowFailException, match=r"shop-data_1_all\.deb in the artifact store"):
        PublishAptOperator(task_id="publish_apt", deb=deb().to_json()).execute(context)
    assert published == []


def test_what_was_published_beside_is_what_was_built_beside(
    published: list[tuple[str, bytes]],
) -> None:
    facts = facts_of(make_record("1"))
    built, package = facts["build_deb"], facts["publish_apt"]
    assert isinstance(built, DebPackage)
    assert isinstance(package, PublishedPackage)
    task = RecordReleaseOperator(
        task_id="record_release", project="shop", checkout={}, package={}, tests={}
    )
    sign_all(RUN, "1", build_deb=replace(built, beside=(DATA, DEBUG)))
    with pytest.raises(AirflowFailException, match=r"build_deb built .* publish_apt published"):
        task.execute(RUN.context)
    several = replace(package, beside=(DATA, DEBUG))
    sign_all(RUN, "1", build_deb=replace(built, beside=(DATA, DEBUG)), publish_apt=several)
    task.execute(RUN.context)
    assert ReleaseCatalogue(artifact_store()).find("shop", "1").package == several
