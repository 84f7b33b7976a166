"""A commit whose bake begins beside its tests."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import create_autospec

import pytest
from airflow.sdk.exceptions import AirflowFailException
from moto import mock_aws

from slipway.exceptions import ReleaseNotFound
from slipway.hooks.apt import publication
from slipway.hooks.apt.aptly import Aptly, Signed
from slipway.hooks.aws.lookup import tags_of
from slipway.hooks.aws.machine_images import ImageCatalogue
from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.hooks.store.runs.facts import RunFacts
from slipway.model.cloud.account import Account
from slipway.model.facts import Fact, MachineImage
from slipway.operators import bake_image
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.housekeeping import retire_images as retention
from slipway.operators.housekeeping.retire_images import RetireImagesOperator
from slipway.operators.images import bake_early, bakes
from slipway.operators.images.bake_early import BakeEarlyOperator
from slipway.policies import image_retention
from slipway.tasks.consent import Admission
from slipway.tasks.images import awaited_package, search
from slipway.tasks.images.search import known_images, require_recorded
from tests.fakes.airflow_run import BesideOthers, FakeTask
from tests.slipway.fleet import moto_cloud
from tests.slipway.fleet.moto_cloud import client
from tests.slipway.fleet.worlds import make_target
from tests.slipway.operators.commit_runs import APT, facts_of, sign
from tests.slipway.operators.packer import FakePacker
from tests.slipway.operators.releases import make_record

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[5]
RECORD = make_record("2.0")
RELEASE = RECORD.checkout.release
DEB = facts_of(RECORD)["build_deb"]
PLACE = Account(aws_conn_id="aws", region="eu-west-1")
RUN = FakeTask(dag_id="shop", run_id="commit__2", task_id="bake_early")
KEY = RECORD.package.signing_key


@dataclass
class World:
    """The cloud, a Packer and an apt repository, in which a run goes its way.

    :param offered: files that were published among the candidates.
    :param run: the task that bakes early.
    """

    packer: FakePacker
    offered: list[tuple[str, str]]
    run: FakeTask = field(default_factory=lambda: RUN)

    def early(self, checkout: Fact = RECORD.checkout, **more: Any) -> Any:
        operator = BakeEarlyOperator(
            task_id="bake_early",
            checkout=checkout.to_json(),
            environment="dev",
            **inputs(),
            **more,
        )
        return operator.execute(self.run.context)

    def package(self) -> None:
        """Let the run's own task build the package."""
        sign(RUN, RELEASE, checkout=RECORD.checkout, build_deb=DEB)

    def awaits(self, monkeypatch: pytest.MonkeyPatch, *seen: str | None) -> None:
        """Let the bake begin before there is a package, of whose task it sees these states."""
        monkeypatch.setattr(awaited_package, "supervised", lambda: True)
        monkeypatch.setattr(awaited_package, "_LOOK", 0.0)
        RunFacts(artifact_store(), dag_id=RUN.dag_id, run_id=RUN.run_id).forget("build_deb")
        states = list(seen or ("running",))
        self.run = BesideOthers(RUN.dag_id, RUN.run_id, "bake_early", seen=states)

    def passes(self) -> None:
        """Let the commit pass: what the later tasks go by is that record alone."""
        ReleaseCatalogue(artifact_store()).record(RECORD)

    def bakes(self, run: FakeTask = RUN, **more: Any) -> MachineImage:
        operator = BakeImageOperator(
            task_id="bake_image",
            package=RECORD.package.to_json(),
            admission=Admission(project="shop", environment="dev"),
            **inputs(),
            **more,
        )
        return MachineImage.from_json(operator.execute(replace(run, task_id="bake_image").context))

    def tags(self) -> list[dict[str, str]]:
        """The tags of every image with an application in it."""
        found = client("ec2").describe_images(Owners=["self"])["Images"]
        tags = [tags_of(one) for one in found]
        return [one for one in tags if one.get("slipway:layer") in ("app", "candidate")]

    def require_unproven_is_nobodys(self) -> None:
        """Nothing of what is there can be found, launched or taken for a release."""
        for one in self.tags():
            assert set(one) == {"slipway:layer", "slipway:project", "slipway:installation"}
            assert one["slipway:layer"] == "candidate"
        assert artifact_store().keys(f"images/shop/{RELEASE.version}") == []
        with pytest.raises((AirflowFailException, ReleaseNotFound)):
            self.bakes()
        catalogue = ImageCatalogue(client("ec2"))
        known = known_images(catalogue, "eu-west-1")
        assert known.find({"slipway:version": "2.0"}, RELEASE).record is None

    def require_one_image(self, image: MachineImage) -> None:
        """One image is the release's, and that one counts wherever it is looked for."""
        (release,) = [one for one in self.tags() if one["slipway:layer"] == "app"]
        assert release["slipway:version"] == "2.0"
        require_recorded(image, make_target())
        assert self.bakes(reuse=True).image_id == image.image_id
        assert self.bakes().reused

    def tidied(self, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
        """Let housekeeping come by a day later, and return what stays."""
        monkeypatch.setattr(image_retention, "YOUNG", -1.0)
        operator = RetireImagesOperator(
            task_id="t", project="shop", environments=["dev"], keep=1, account=PLACE
        )
        operator.execute({})
        monkeypatch.undo()
        return self.tags()


def inputs() -> dict[str, Any]:
    return {"unit": "shop.service", "config": {}, "account": PLACE, "recipes": str(ROOT)}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("AIRFLOW__SLIPWAY__SOURCE_OWNER", "self")
    monkeypatch.setenv("AIRFLOW__SLIPWAY__SOURCE_AMI", "image")
    monkeypatch.setenv("AIRFLOW_CONN_SLIPWAY_APT", json.dumps(APT))
    engine = create_autospec(ContainerEngine, instance=True)
    for module in (bakes, bake_early):
        monkeypatch.setattr(module, "container_engine", lambda _: engine)
        monkeypatch.setattr(module, "account", lambda *_: None)
    for module in (bake_image, bake_early, retention, search):
        monkeypatch.setattr(module, "aws_client", lambda _, __, service: client(service))
    packer, offered = FakePacker(), list[tuple[str, str]]()
    monkeypatch.setattr(bakes, "bake", packer)
    monkeypatch.setattr(publication, "_fetch", lambda *_: None)

    def aptly(*, repository: Any, **_: Any) -> Any:
        made = create_autospec(Aptly, instance=True)

        def offer(name: str, *_: Any) -> Signed:
            offered.append((repository.distribution, name))
            return Signed(public_key=KEY, warning=None)

        made.offer.side_effect = offer
        return made

    monkeypatch.setattr(bake_early, "Aptly", aptly)
    with mock_aws():
        moto_cloud.furnish()
        made = World(packer, offered)
        made.package()
        yield made
