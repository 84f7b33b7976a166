"""One deployment, and the ways in which it asks its preflight."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException
from moto import mock_aws

from include.localcloud.compute.group_notifications import keep_notifications
from slipway.model.cloud.preflight_facts import DatabaseSeen, Unasked
from slipway.model.git.repository import Repository
from slipway.operators import preflight_look, swap
from slipway.operators.migrations import GooseMigrateOperator
from slipway.operators.plan import PlanOperator
from slipway.operators.preflight import PreflightOperator
from slipway.operators.preflight_look import Preflight
from slipway.operators.preview import ImageOutlook, SchemaOutlook
from slipway.tasks.images.layers import Layers
from tests.fakes.airflow_run import FakeTask
from tests.slipway.fleet import moto_cloud
from tests.slipway.fleet.moto_cloud import client
from tests.slipway.operators.preflight import world
from tests.slipway.operators.preflight.world import Answers
from tests.slipway.operators.releases import make_record

if TYPE_CHECKING:
    from slipway.exceptions import InputError
    from slipway.model.facts import PackageVariant

LAYERS = Layers(region="eu-west-1", unit="shop.service", config={})
SEEN = DatabaseSeen(connection="shop_dev", role="shop", pending=("2_x.sql",))


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answers]:
    with mock_aws():
        keep_notifications()
        world.furnish()
        monkeypatch.setattr(
            swap, "fleet_cloud", lambda *_, **more: moto_cloud.fleet(**_known(more))
        )
        monkeypatch.setattr(preflight_look, "aws_clients", lambda *_: client)
        yield Answers(monkeypatch)


def _known(more: dict[str, Any]) -> dict[str, Any]:
    return {key: more[key] for key in ("target_group", "load_balancer")}


@dataclass
class Way:
    """One deployment, and what was broken about it.

    :param package: of what architecture.
    :param image: None before the bake.
    """

    answers: Answers
    target: dict[str, Any] = field(default_factory=dict)
    parameters: tuple[str, ...] = ("DATABASE_URL",)
    image: str | None = ""
    package: str = "amd64"
    database: DatabaseSeen | Unasked | None = SEEN
    unreadable: InputError | None = None
    repository: str = ""
    layers: Layers = field(default_factory=lambda: LAYERS)
    others: tuple[PackageVariant, ...] = ()

    def preflight(self) -> Any:
        looks = mock.create_autospec(ImageOutlook, instance=True)
        image_id = world.image() if self.image == "" else self.image
        there = world.machine_image(image_id or "to be baked")
        looks.look.return_value = (replace(there, reused=image_id is not None), "words")
        looks.look.side_effect = self.unreadable
        looks.unbaked.return_value = replace(there, reused=False)
        looks.chosen.side_effect = ImageOutlook(layers=self.layers, aws_conn_id="a").chosen
        return Preflight(
            target=world.target(**self.target),
            image=looks,
            parameters=self.parameters,
            schema=mock.create_autospec(SchemaOutlook, instance=True),
        )

    def package_json(self) -> Any:
        record = make_record("2").package
        told = replace(record, architecture=self.package, repository_url=self.repository)
        return replace(told, others=self.others).to_json()

    def dry_run(self) -> None:
        context: Any = {"params": {"dry_run": True}, **context_of("plan")}
        looks = self.preflight()
        schema = mock.create_autospec(SchemaOutlook, instance=True)
        schema.look.return_value = "1 -> 2"
        with DAG(dag_id="shop.dev", schedule=None):
            task = PlanOperator(
                task_id="plan",
                package=self.package_json(),
                image=looks.image,
                target=looks.target,
                schema=schema,
                always=False,
                preflight=looks,
            )
        with self._database():
            task.execute(context)

    def check(self) -> None:
        task = PreflightOperator(
            task_id="preflight", package=self.package_json(), preflight=self.preflight()
        )
        with self._database():
            task.execute(context_of("preflight"))

    def migrate(self) -> None:
        looks = self.preflight()
        image = looks.image.look.return_value[0]
        task = GooseMigrateOperator(
            task_id="migrate",
            target=looks.target,
            image=image.to_json(),
            release=image.release.to_json(),
            repository=Repository(url="u"),
            directory="migrations",
            database_conn_id="shop_dev",
            preflight=looks,
        )
        task.execute(context_of("migrate"))

    def _database(self) -> Any:
        return mock.patch.object(Preflight, "database", autospec=True, return_value=self.database)


def context_of(task_id: str) -> Any:
    ti = FakeTask(task_id=task_id)
    return {**ti.context, "dag_run": SimpleNamespace(triggering_user_name="bob")}


Break = Callable[[Way], None]
Cases = dict[str, tuple[Break, str]]


def entering(cases: Cases) -> Callable[[str, str], Callable[[Break], Break]]:
    """Return what names a case, and what must be said of it; ``...`` is any text."""

    def case(name: str, words: str) -> Callable[[Break], Break]:
        def take(breaks: Break) -> Break:
            cases[name] = (breaks, words)
            return breaks

        return take

    return case


def refusal_of(does: Callable[[], None]) -> str:
    with pytest.raises(AirflowFailException) as told:
        does()
    return str(told.value)
