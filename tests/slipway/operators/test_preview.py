"""What baking and migrating would do, and that asking does neither."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

import boto3
import pytest
from airflow.sdk.exceptions import AirflowFailException
from moto import mock_aws

from slipway.exceptions import SchemaAhead
from slipway.hooks.apt.repository_keys import RepositoryKeys
from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.migrations.goose import DatabaseState, Goose
from slipway.hooks.store.artifacts import artifact_store
from slipway.model.cloud.account import Account
from slipway.model.facts import MachineImage, PublishedPackage
from slipway.operators import bake_image, preview
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.images import bakes
from slipway.operators.preview import ImageOutlook, SchemaOutlook
from slipway.policies.schema import OnRollBack
from slipway.tasks.images.layers import Layers
from tests.slipway.operators.releases import make_record, on_record

if TYPE_CHECKING:
    from tests.fakes.git_server import Repository

ROOT = Path(__file__).resolve().parents[3]
REGION = "eu-west-1"
CONTEXT: Any = {"ti": SimpleNamespace(dag_id="shop.prod", task_id="plan", run_id="r")}
LAYERS = Layers(region=REGION, unit="shop.service", config={"PORT": "80"}, recipes=str(ROOT))
PACKAGE = make_record("2.0").package

pytestmark = pytest.mark.usefixtures("artifacts")


@pytest.fixture
def ec2(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AIRFLOW__SLIPWAY__SOURCE_OWNER", "self")
    monkeypatch.setenv("AIRFLOW__SLIPWAY__SOURCE_AMI", "debian")
    with mock_aws():
        make: Any = boto3.client
        ec2 = make("ec2", region_name=REGION, aws_access_key_id="x", aws_secret_access_key="y")
        for module in (preview, bake_image):
            monkeypatch.setattr(module, "aws_client", lambda *_: ec2)
        _image(ec2, "debian")
        yield ec2


def _image(ec2: Any, name: str, **tags: str) -> str:
    some = ec2.describe_images()["Images"][0]["ImageId"]
    machine = ec2.run_instances(ImageId=some, MinCount=1, MaxCount=1)["Instances"][0]
    image = ec2.create_image(InstanceId=machine["InstanceId"], Name=name)["ImageId"]
    pairs = [{"Key": f"slipway:{key.replace('_', '-')}", "Value": tags[key]} for key in tags]
    if pairs:
        ec2.create_tags(Resources=[image], Tags=pairs)
    return str(image)


def _baked(
    ec2: Any,
    package: PublishedPackage = PACKAGE,
    name: str = "shop-2.0-old",
    *,
    recorded: bool = True,
    **record: str,
) -> str:
    """An image of the release, on a base layer and by a recipe of long ago."""
    release = package.release
    tags = {
        "layer": "app",
        "deb_sha256": package.sha256,
        "project": release.project,
        "version": release.version,
        "sha": release.sha,
        "playbook": "0ld",
        "base_image": "ami-0ld",
    }
    image = _image(ec2, name, **tags)
    if recorded:
        on_record(image, release, name=name, **{**tags, **record})
    return image


def look() -> tuple[MachineImage, str]:
    return ImageOutlook(layers=LAYERS, aws_conn_id="aws").look(PACKAGE)


def test_an_image_that_ran_before_is_used_again(ec2: Any) -> None:
    baked = _baked(ec2)
    image, said = look()
    assert (image.image_id, image.base_image_id, image.reused) == (baked, "ami-0ld", True)
    assert said == f"uses shop-2.0-old ({baked}), which is there"


def test_other_bytes_of_the_same_version_are_another_image(ec2: Any) -> None:
    _baked(ec2, replace(PACKAGE, sha256="other"))
    image, said = look()
    assert not image.reused
    assert said.startswith("bakes shop-2.0-")


def test_what_is_not_there_would_be_baked(ec2: Any) -> None:
    before = len(ec2.describe_images(Owners=["self"])["Images"])
    source = ec2.describe_images(Filters=[{"Name": "name", "Values": ["debian"]}])["Images"][0]
    _, said = look()
    assert f"a base layer that is baked first, from {source['ImageId']}" in said
    from slipway.hooks.aws.machine_images import ImageCatalogue

    tags = LAYERS.base(ImageCatalogue(ec2), "x").tags
    plain = {key.removeprefix("slipway:"): tags[key] for key in tags}
    base = _image(ec2, "base", **plain)
    _, said = look()
    assert f" on a base layer that is baked first, from {source['ImageId']}" in said
    on_record(base, None, **plain)
    _, said = look()
    assert said.endswith(f" on {base}")
    assert len(ec2.describe_images(Owners=["self"])["Images"]) == before + 1


@pytest.mark.usefixtures("ec2")
def test_a_plan_names_the_image_that_is_baked_with_the_repositorys_key_of_today() -> None:
    keys = RepositoryKeys(artifact_store())
    keys.note(PACKAGE.repository_url, PACKAGE.distribution, "new")
    image, _ = look()
    assert image.name == LAYERS.app(PACKAGE, "", "plan", "new").image_name
    assert image.name != LAYERS.app(PACKAGE, "", "plan").image_name


def test_an_image_that_only_its_tags_speak_for_is_passed_over(ec2: Any) -> None:
    """As on the day of an upgrade, or where somebody who may tag made it look like the release."""
    image = _baked(ec2, recorded=False)
    found, said = look()
    assert not found.reused
    assert said.startswith("bakes shop-2.0-")
    assert f"; shop-2.0-old ({image}) is not used: no record says that it was baked here" in said


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"deb_sha256": "other"}, "its tags were changed after the bake"),
        ({"version": "1.0"}, "its tags were changed after the bake"),
        ({"owner": "999999999999"}, "it was baked by account 999999999999 in eu-west-1"),
        ({"region": "us-east-1"}, "it was baked by account 123456789012 in us-east-1"),
    ],
)
def test_an_image_that_is_not_what_its_record_says_is_passed_over(
    ec2: Any, record: dict[str, str], why: str
) -> None:
    known: dict[str, Any] = dict(record)
    image = _baked(ec2, **known)
    found, said = look()
    assert not found.reused
    assert f"shop-2.0-old ({image}) is not used: {why}" in said


def test_a_newer_image_with_the_same_tags_does_not_hide_the_one_on_record(ec2: Any) -> None:
    """Who may tag images in the account cannot slip one in, nor keep the right one out."""
    baked = _baked(ec2)
    _baked(ec2, name="shop-2.0-evil", recorded=False)
    image, _ = look()
    assert image.image_id == baked


def test_the_record_of_an_image_that_was_made_up_in_the_bucket_is_refused(
    ec2: Any, artifacts: Path
) -> None:
    good, evil = _baked(ec2), _baked(ec2, name="shop-2.0-evil", recorded=False)
    folder = artifacts / "images" / "shop" / "2.0"
    text = (folder / f"{good}.json").read_text()
    for forged in (text, text.replace(good, evil)):
        (folder / f"{evil}.json").write_text(forged)
        image, _ = look()
        assert image.image_id == good


def bake(*, reuse: bool) -> MachineImage:
    operator = BakeImageOperator(
        task_id="bake_image",
        package=PACKAGE.to_json(),
        unit="shop.service",
        config={},
        account=Account(aws_conn_id="aws", region=REGION),
        recipes=str(ROOT / "nowhere"),
        reuse=reuse,
    )
    return MachineImage.from_json(operator.execute(CONTEXT))


def test_the_bake_agrees_and_needs_no_recipe_for_it(
    ec2: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = mock.create_autospec(ContainerEngine, instance=True)
    monkeypatch.setattr(bakes, "container_engine", lambda _: engine)
    baked = _baked(ec2)
    assert bake(reuse=True) == look()[0]
    assert bake(reuse=True).image_id == baked
    # A commit's own run wants the image that is up to date.
    with pytest.raises(AirflowFailException, match="is missing"):
        bake(reuse=False)


@pytest.fixture
def goose(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    engine = mock.create_autospec(ContainerEngine, instance=True)
    monkeypatch.setattr(preview, "container_engine", lambda _: engine)
    connection = {"conn_type": "postgres", "host": "db", "login": "u", "password": "p/w"}
    monkeypatch.setenv("AIRFLOW_CONN_SHOP_PROD", json.dumps(connection))
    with mock.patch.object(preview, "Goose", autospec=True) as made:
        made.return_value.env = {}

        def make(**options: Any) -> Goose:
            made.return_value.migrations = options["migrations"]
            return cast("Goose", made.return_value)

        made.side_effect = make
        yield made
    assert [call[0] for call in made.return_value.method_calls] == ["state"] * made.call_count


def standing(version: int) -> DatabaseState:
    """A database that has all migrations up to a number."""
    return DatabaseState(applied=frozenset(range(1, version + 1)))


THREE = {f"migrations__{n}_x_dot_sql": "-- +goose Up\n" for n in (1, 2, 3)}


@pytest.mark.parametrize(
    ("database", "said"),
    [
        (0, "0 -> 3, applies 1_x.sql, 2_x.sql, 3_x.sql"),
        (2, "2 -> 3, applies 3_x.sql"),
        (3, "3, and nothing to apply"),
        (7, "the database has schema 7, release 2.0 knows 3: nothing is applied"),
    ],
)
def test_the_schema_is_only_looked_at(
    repository: Repository, goose: Any, database: int, said: str
) -> None:
    goose.return_value.state.return_value = standing(database)
    release = replace(PACKAGE.release, sha=repository.commit(**THREE))
    schema = SchemaOutlook(
        repository=repository.source,
        directory="migrations",
        database_conn_id="shop_prod",
    )
    assert schema.look(release, CONTEXT, lambda _: None).startswith(said)
    assert goose.call_args.kwargs["url"] == "postgres://u:p%2Fw@db:5432/u"


def test_a_project_may_stop_where_the_database_is_ahead(repository: Repository, goose: Any) -> None:
    goose.return_value.state.return_value = standing(7)
    release = replace(PACKAGE.release, sha=repository.commit(**THREE))
    schema = SchemaOutlook(
        repository=repository.source,
        directory="migrations",
        database_conn_id="shop_prod",
        on_roll_back=OnRollBack.STOP,
    )
    with pytest.raises(SchemaAhead, match="schema 7"):
        schema.look(release, CONTEXT, lambda _: None)
