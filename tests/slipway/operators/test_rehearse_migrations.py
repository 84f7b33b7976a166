"""When a commit's migrations are rehearsed."""

from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

import pytest

from slipway.model.facts import Checkout, SchemaVersion
from slipway.operators import migrations
from slipway.operators.rehearse_migrations import GooseRehearseOperator
from slipway.tasks.schema.rehearsal import Rehearsal
from tests.fakes.airflow_run import FakeTask
from tests.fakes.git_server import Repository
from tests.slipway.operators.commit_runs import signed
from tests.slipway.operators.releases import make_record

pytestmark = pytest.mark.usefixtures("artifacts")
SEEN = SchemaVersion(version=1, before=0, seconds=3.0, applied=("00001_a.sql",))


@pytest.fixture
def rehearsal(monkeypatch: pytest.MonkeyPatch) -> Iterator[mock.Mock]:
    monkeypatch.setattr(migrations, "container_engine", mock.Mock())
    with (
        mock.patch.object(Rehearsal, "look", autospec=True),
        mock.patch.object(Rehearsal, "run", autospec=True, return_value=SEEN) as run,
    ):
        yield run


def rehearse(repository: Repository, checkout: Checkout, *, run_id: str, try_number: int) -> None:
    operator = GooseRehearseOperator(
        task_id="rehearse_migrations",
        checkout=checkout.to_json(),
        repository=repository.source,
        directory="migrations",
        postgres=15,
    )
    task = FakeTask(
        dag_id="shop", run_id=run_id, task_id="rehearse_migrations", try_number=try_number
    )
    seen = operator.execute(signed(task.context, checkout=checkout))
    assert SchemaVersion.from_json(seen).version == 1


def test_a_task_that_somebody_cleared_rehearses_anew_and_the_next_run_goes_by_it(
    repository: Repository, rehearsal: mock.Mock
) -> None:
    file = repository.path / "migrations" / "00001_a.sql"
    file.parent.mkdir()
    file.write_text("-- +goose Up\ncreate table a ();\n-- +goose Down\ndrop table a;\n")
    sha = repository.commit("one")
    record = make_record("1").checkout
    checkout = Checkout.from_json(
        {**record.to_json(), "release": {**record.release.to_json(), "sha": sha}}
    )
    ran = []
    for run_id, try_number in (("one", 1), ("two", 1), ("two", 2), ("three", 1)):
        rehearse(repository, checkout, run_id=run_id, try_number=try_number)
        ran.append(rehearsal.call_count)
    assert ran == [1, 1, 2, 2]
