"""A bake beside the tests: whatever fails or dies, nothing unproven is found, and nothing stays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import create_autospec

import pytest
from airflow.sdk.exceptions import AirflowFailException
from moto import mock_aws

from slipway.exceptions import (
    BakeFailed,
    CloudUnavailable,
    EnvironmentMisconfigured,
    MachineImageRefused,
    ReleaseNotFound,
)
from slipway.hooks.apt import publication
from slipway.hooks.apt.aptly import Aptly, Signed
from slipway.hooks.aws import candidate_images
from slipway.hooks.aws.candidate_images import CandidateImages
from slipway.hooks.aws.lookup import tags_of
from slipway.hooks.aws.machine_images import ImageCatalogue
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.hooks.store.image_records import ImageRecord, ImageRecords
from slipway.hooks.store.installation import installation_name
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.hooks.store.runs.facts import RunFacts
from slipway.hooks.tools.packer import Bake
from slipway.model.cloud.account import Account
from slipway.model.controls import Action, ControlEvent
from slipway.model.event import Event, EventKind
from slipway.model.facts import DebPackage, Fact, MachineImage
from slipway.operators import bake_image
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.housekeeping import retire_images as retention
from slipway.operators.housekeeping.retire_images import RetireImagesOperator
from slipway.operators.images import bake_early
from slipway.operators.images.bake_early import BakeEarlyOperator
from slipway.policies import image_retention
from slipway.policies.controls import after
from slipway.policies.freeze_windows import FreezeWindow
from slipway.tasks.consent import Admission
from slipway.tasks.images import search
from slipway.tasks.images.search import known_images, require_recorded
from slipway.tasks.kept_facts import kept_fact
from tests.fakes.airflow_run import FakeTask
from tests.slipway.fleet import moto_cloud
from tests.slipway.fleet.moto_cloud import client
from tests.slipway.fleet.worlds import make_target
from tests.slipway.operators.commit_runs import APT, facts_of, sign
from tests.slipway.operators.releases import make_record
from tests.slipway.operators.test_bake_image import FakePacker

ROOT = Path(__file__).resolve().parents[4]
RECORD = make_record("2.0")
RELEASE = RECORD.checkout.release
DEB = facts_of(RECORD)["build_deb"]
PLACE = Account(aws_conn_id="aws", region="eu-west-1")
RUN = FakeTask(dag_id="shop", run_id="commit__2", task_id="bake_early")
KEY = RECORD.package.signing_key
HELD = Admission(project="shop", environment="dev", by_itself=True)

pytestmark = pytest.mark.usefixtures("artifacts")


class Killed(BaseException):
    """Nothing of ours catches it."""


@dataclass
class World:
    """The cloud, a Packer and an apt repository, in which a run goes its way.

    :param offered: files that were published among the candidates.
    """

    packer: FakePacker
    offered: list[tuple[str, str]]

    def early(self, package: Fact = DEB, **more: Any) -> Any:
        operator = BakeEarlyOperator(
            task_id="bake_early",
            package=package.to_json(),
            environment="dev",
            **_inputs(),
            **more,
        )
        return operator.execute(RUN.context)

    def passes(self) -> None:
        """Let the commit pass: what the later tasks go by is that record alone."""
        ReleaseCatalogue(artifact_store()).record(RECORD)

    def bakes(self, run: FakeTask = RUN, **more: Any) -> MachineImage:
        operator = BakeImageOperator(
            task_id="bake_image",
            package=RECORD.package.to_json(),
            admission=Admission(project="shop", environment="dev"),
            **_inputs(),
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


def _inputs() -> dict[str, Any]:
    return {"unit": "shop.service", "config": {}, "account": PLACE, "recipes": str(ROOT)}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("AIRFLOW__SLIPWAY__SOURCE_OWNER", "self")
    monkeypatch.setenv("AIRFLOW__SLIPWAY__SOURCE_AMI", "image")
    monkeypatch.setenv("AIRFLOW_CONN_SLIPWAY_APT", json.dumps(APT))
    for module in (bake_image, bake_early):
        monkeypatch.setattr(module, "container_engine", lambda _: SimpleNamespace())
        monkeypatch.setattr(module, "aws_client", lambda _, __, service: client(service))
        monkeypatch.setattr(module, "account", lambda *_: None)
    for module in (retention, search):
        monkeypatch.setattr(module, "aws_client", lambda _, __, service: client(service))
    packer, offered = FakePacker(), list[tuple[str, str]]()
    monkeypatch.setattr(bake_image, "bake", packer)
    monkeypatch.setattr(publication, "_fetch", lambda *_: None)

    def aptly(*, repository: Any, **_: Any) -> Any:
        made = create_autospec(Aptly, instance=True)

        def offer(name: str, *_: Any) -> Signed:
            offered.append((repository.distribution, name))
            return Signed(public_key=KEY, warning=None)

        made.offer.side_effect = offer
        return made

    monkeypatch.setattr(bake_early, "Aptly", aptly)
    sign(RUN, RELEASE, build_deb=DEB)
    with mock_aws():
        moto_cloud.furnish()
        yield World(packer, offered)


def test_what_was_baked_beside_the_tests_is_taken_on_once_they_have_passed(world: World) -> None:
    told = world.early()
    world.require_unproven_is_nobodys()
    assert world.offered == [("stable-candidate", "x")]
    (plan,) = [one for one in world.packer.baked if one.tags["slipway:layer"] == "candidate"]
    # What serves is installed from the real repository; the builder alone knows the candidates.
    assert plan.variables["app_repository_distribution"] == "stable"
    assert plan.variables["app_candidate_distribution"] == "stable-candidate"
    assert RELEASE.version not in plan.image_name
    world.passes()
    image = world.bakes()
    assert (image.image_id, image.reused) == (told["image_id"], False)
    assert world.packer.layers == ["base", "candidate"]
    world.require_one_image(image)


def test_the_image_is_the_one_that_would_have_been_baked_afterwards(world: World) -> None:
    world.passes()
    after = world.bakes()
    early = world.early()
    assert early is None, "it has its image"
    record = ImageRecords(artifact_store()).find(after.image_id, RELEASE)
    assert record
    (plan,) = [one for one in world.packer.baked if one.tags["slipway:layer"] == "app"]
    assert "app_candidate_distribution" not in plan.variables


def test_tests_that_fail_while_it_bakes_leave_an_image_that_is_nobodys(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.early()
    world.require_unproven_is_nobodys()
    ReleaseCatalogue(artifact_store()).record(make_record("3.0"))
    assert world.tidied(monkeypatch) == []


def test_a_bake_that_fails_while_they_run_decides_nothing(world: World) -> None:
    def fail(plan: Bake) -> None:
        if plan.tags["slipway:layer"] == "candidate":
            msg = "no disk left"
            raise BakeFailed(msg, advice="x")

    world.packer.meanwhile = fail
    assert world.early() is None
    world.passes()
    world.require_one_image(world.bakes())


@pytest.mark.parametrize("error", [OSError("gone"), KeyError("x"), BakeFailed("m", advice="a")])
def test_whatever_is_wrong_with_the_repository_the_commit_goes_its_way(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(bake_early, "Aptly", fail)
    assert world.early() is None
    world.passes()
    world.require_one_image(world.bakes())


def _at(where: Any, name: str, *, before: bool) -> Callable[[pytest.MonkeyPatch], None]:
    """Die once, just before a call or when its answer was on its way."""

    def arm(patch: pytest.MonkeyPatch) -> None:
        real, left = getattr(where, name), [1]

        def call(*args: Any, **kwargs: Any) -> Any:
            if before and left.pop():
                patch.setattr(where, name, real)
                raise Killed
            answer = real(*args, **kwargs)
            if left and left.pop():
                patch.setattr(where, name, real)
                raise Killed
            return answer

        patch.setattr(where, name, call)

    return arm


_DEATHS = {
    f"{name}-{'before' if before else 'after'}": _at(where, name, before=before)
    for where, name in (
        (bake_image.Baker, "bake"),
        (search.KnownImages, "describe"),
        (RunFacts, "forget"),
        (RunFacts, "keep"),
        (CandidateImages, "find"),
        (CandidateImages, "take_on"),
        (ImageRecords, "record"),
    )
    for before in (True, False)
}


@pytest.mark.parametrize("passes", [True, False], ids=["passed", "failed"])
@pytest.mark.parametrize("arm", _DEATHS.values(), ids=_DEATHS)
def test_whoever_is_killed_anywhere_is_followed_by_one_that_finishes(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    arm: Callable[[pytest.MonkeyPatch], None],
    passes: bool,
) -> None:
    with monkeypatch.context() as patch:
        arm(patch)
        for _ in range(2):  # killed, and tried again
            try:
                world.early()
            except Killed:
                continue
            break
        if not passes:
            patch.undo()
            world.require_unproven_is_nobodys()
            ReleaseCatalogue(artifact_store()).record(make_record("3.0"))
            with monkeypatch.context() as later:
                assert world.tidied(later) == []
            return
        world.passes()
        try:
            world.bakes()
        except Killed:
            world.bakes()
    image = world.bakes()
    world.require_one_image(image)
    with monkeypatch.context() as later:
        kept = world.tidied(later)
    assert [one["slipway:layer"] for one in kept] == ["app"]


def test_an_answer_that_is_lost_on_the_way_is_no_second_image(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = world.early()
    world.passes()
    with monkeypatch.context() as patch:
        _at(CandidateImages, "take_on", before=False)(patch)
        with pytest.raises(Killed):
            world.bakes()
    # Its tags are those of a release by now, and no right would let them be written again.
    monkeypatch.setattr(CandidateImages, "take_on", None)
    image = world.bakes()
    assert image.image_id == told["image_id"]
    world.require_one_image(image)
    assert world.packer.layers == ["base", "candidate"]


def test_a_role_of_before_there_were_candidates_bakes_once_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = world.early()
    world.passes()

    def refuse(*_: Any) -> None:
        msg = "CreateTags was refused: UnauthorizedOperation: You may not"
        raise EnvironmentMisconfigured(msg, advice="check the rights of the connection's role")

    monkeypatch.setattr(CandidateImages, "take_on", refuse)
    image = world.bakes()
    assert image.image_id != told["image_id"]
    world.require_one_image(image)


def test_a_cloud_that_does_not_answer_just_then_is_asked_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = world.early()
    world.passes()
    with monkeypatch.context() as patch:

        def away(*_: Any) -> None:
            msg = "the cloud's API does not answer"
            raise CloudUnavailable(msg, advice="x")

        patch.setattr(CandidateImages, "take_on", away)
        with pytest.raises(CloudUnavailable):
            world.bakes()
    assert world.bakes().image_id == told["image_id"]


def test_a_task_that_was_marked_as_successful_baked_nothing(world: World) -> None:
    world.passes()
    image = world.bakes()
    assert world.packer.layers == ["base", "app"]
    world.require_one_image(image)


def test_another_runs_image_is_not_taken_on(world: World) -> None:
    told = world.early()
    world.passes()
    image = world.bakes(replace(RUN, run_id="manual__9"))
    assert image.image_id != told["image_id"]


def test_what_somebody_else_signed_counts_for_nothing(world: World, artifacts: Path) -> None:
    world.early()
    (path,) = artifacts.rglob("bake_early.json")
    path.write_text(path.read_text().replace(RELEASE.version, "2.1"))
    world.passes()
    world.require_one_image(world.bakes())
    assert world.packer.layers == ["base", "candidate", "app"]


def test_a_planted_image_is_not_taken_on(world: World) -> None:
    """Who may tag gives an image of theirs the tags of a candidate: no run signed for it."""
    told = world.early()
    candidate = {"slipway:layer": "candidate", "slipway:project": "shop"}
    planted = client("ec2").register_image(Name="planted")["ImageId"]
    pairs = [{"Key": key, "Value": value} for key, value in candidate.items()]
    client("ec2").create_tags(Resources=[planted], Tags=pairs)
    world.passes()
    assert world.bakes().image_id == told["image_id"]


def test_an_image_whose_tags_were_changed_is_not_taken_on(world: World) -> None:
    told = world.early()
    owner = [{"Key": "slipway:project", "Value": "till"}]
    client("ec2").create_tags(Resources=[told["image_id"]], Tags=owner)
    world.passes()
    assert world.bakes().image_id != told["image_id"]


def test_an_image_that_is_gone_is_baked_again(world: World) -> None:
    told = world.early()
    client("ec2").deregister_image(ImageId=told["image_id"])
    world.passes()
    world.require_one_image(world.bakes())


def test_what_has_changed_meanwhile_is_baked(world: World) -> None:
    """An approval may take days, and the base layer is renewed meanwhile."""
    told = world.early()
    world.passes()
    operator = BakeImageOperator(
        task_id="bake_image",
        package=RECORD.package.to_json(),
        admission=Admission(project="shop", environment="dev"),
        **_inputs() | {"config": {"PORT": "9"}},
    )
    context = replace(RUN, task_id="bake_image").context
    assert MachineImage.from_json(operator.execute(context)).image_id != told["image_id"]


def test_an_image_that_housekeeping_may_be_retiring_is_not_taken_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert image_retention.TAKEN_ON_WITHIN < image_retention.YOUNG
    told = world.early()
    world.passes()
    monkeypatch.setattr("slipway.tasks.images.early.TAKEN_ON_WITHIN", -60.0)
    assert world.bakes().image_id != told["image_id"]


def test_another_package_than_was_recorded_is_not_taken_on(world: World) -> None:
    """build_deb was run again after the bake, and built something else."""
    told = world.early()
    other = replace(RECORD, package=replace(RECORD.package, sha256="e"))
    ReleaseCatalogue(artifact_store()).record(other)
    operator = BakeImageOperator(
        task_id="bake_image",
        package=other.package.to_json(),
        admission=Admission(project="shop", environment="dev"),
        **_inputs(),
    )
    made = operator.execute(replace(RUN, task_id="bake_image").context)
    assert made["image_id"] != told["image_id"]


def test_a_package_that_no_task_signed_is_not_baked(world: World) -> None:
    assert isinstance(DEB, DebPackage)
    assert world.early(replace(DEB, sha256="e")) is None
    assert world.packer.baked == []


def test_what_a_try_has_baked_already_is_found_again(world: World) -> None:
    first, again = world.early(), world.early()
    assert first == again
    assert world.packer.layers == ["base", "candidate"]
    assert (
        ImageRecord.from_json(kept_fact(RUN.context, "bake_early").told).image_id
        == (first["image_id"])
    )


def test_nothing_is_baked_early_within_a_freeze(world: World) -> None:
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    window = FreezeWindow(begin="00:00", until="24:00", zone="UTC", reason="x", days=days)
    assert world.early(windows=[window]) is None
    assert world.packer.baked == []


@pytest.mark.parametrize(("deploys", "baked"), [(False, 0), (True, 2)])
def test_a_tags_run_is_baked_for_where_it_deploys(world: World, deploys: bool, baked: int) -> None:
    facts = RunFacts(artifact_store(), dag_id=RUN.dag_id, run_id=RUN.run_id)
    facts.announce(Event(kind=EventKind.TAG, ref="refs/tags/v2"), RELEASE.sha)
    world.early(deploys_tags=deploys)
    assert len(world.packer.baked) == baked


@pytest.mark.parametrize("action", [Action.HOLD, Action.STOP])
def test_nothing_is_baked_early_while_commits_are_held(world: World, action: Action) -> None:
    say = ControlEvent(
        action=action,
        project="shop",
        environment="dev",
        by="ann",
        at=0,
        why="it loses orders",
        dag_id="controls",
        run_id="c1",
    )
    ControlBook(artifact_store()).note(say, after)
    assert world.early(admission=HELD) is None
    assert (world.packer.baked, world.offered) == ([], [])
    ControlBook(artifact_store()).note(replace(say, action=Action.RESUME, run_id="c2"), after)
    assert world.early(admission=HELD)["image_id"]


def test_what_is_in_a_candidate_stands_in_no_tag(world: World) -> None:
    world.early()
    told = json.dumps(world.tags())
    mine = installation_name(artifact_store())
    assert RELEASE.version not in told.replace(mine, "")
    assert RELEASE.sha not in told
    assert candidate_images.candidate_tags("shop").items() <= world.tags()[0].items()


def test_an_image_that_was_not_taken_on_is_not_launched(world: World) -> None:
    """Also where the release passed since: the image that bake_image told of is the one."""
    told = world.early()
    world.passes()
    image = replace(world.bakes(replace(RUN, run_id="other")), image_id=told["image_id"])
    with pytest.raises(MachineImageRefused, match="no record"):
        require_recorded(image, make_target())
