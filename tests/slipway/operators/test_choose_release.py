"""Which release a run is about: what is named, what dev runs, what served before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput

from slipway.fleet.capacity import serving_version
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.model.facts import Release
from slipway.model.fleet import Fleet
from slipway.model.git.repository import Repository as GitRepository
from slipway.operators import swap
from slipway.operators.choose_release import ChooseReleaseOperator
from slipway.tasks import release_form
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.git_server import Repository
from tests.slipway.fleet.worlds import make_group, make_target
from tests.slipway.operators.releases import catalogue, make_record

CONTEXT: Any = {"ti": SimpleNamespace(run_id="manual__1")}
DEV, PROD = make_target(), make_target(environment="prod")

pytestmark = pytest.mark.usefixtures("artifacts")


@pytest.fixture
def clouds(monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeFleetCloud]:
    """Two environments; the operator opens the one that it is about."""
    clouds = {"dev": FakeFleetCloud(), "prod": FakeFleetCloud()}

    def opened(*_: Any, environment: str, **__: Any) -> FakeFleetCloud:
        return clouds[environment]

    monkeypatch.setattr(swap, "fleet_cloud", opened)
    return clouds


def serve(cloud: FakeFleetCloud, version: str | None) -> None:
    group = make_group(version)
    cloud.groups = {group.name: group}


def choose(version: str, *, before: bool = True) -> str:
    operator = ChooseReleaseOperator(
        task_id="choose_release",
        target=PROD,
        version=version,
        before=DEV if before else None,
    )
    chosen = operator.execute(CONTEXT)
    assert chosen["release"] == chosen["checkout"]["release"]
    return str(chosen["release"]["version"])


def remember(*versions: str) -> None:
    for version in versions:
        release = Release(project="shop", sha="a", version=version)
        DeploymentHistory(artifact_store()).record(release, "prod", run_id="manual__1")


def test_without_a_version_it_is_what_dev_runs(clouds: dict[str, FakeFleetCloud]) -> None:
    catalogue("1.0", "2.0", "3.0")
    serve(clouds["dev"], "2.0")
    serve(clouds["prod"], "1.0")
    assert choose("") == "2.0"
    assert choose(" ") == "2.0"


def test_where_no_environment_comes_before_it_is_the_newest(
    clouds: dict[str, FakeFleetCloud],
) -> None:
    catalogue("1.0", "2.0", "3.0")
    assert choose("", before=False) == "3.0"
    serve(clouds["dev"], "2.0")
    assert choose("newest") == "3.0"


def test_previous_goes_back_from_what_serves(clouds: dict[str, FakeFleetCloud]) -> None:
    catalogue("1.0", "2.0", "3.0")
    remember("1.0", "2.0", "3.0")
    serve(clouds["prod"], "3.0")
    assert choose("previous") == "2.0"
    remember("2.0")
    serve(clouds["prod"], "2.0")
    assert choose("previous") == "1.0"


@pytest.mark.parametrize(
    ("history", "serving", "said"),
    [
        (("3.0",), "3.0", "nothing is known to have served prod before 3.0"),
        (("1.0",), None, "prod runs no release of shop yet"),
        (("9.9", "3.0"), "3.0", "shop has no release '9.9'"),
    ],
)
def test_there_may_be_no_way_back(
    clouds: dict[str, FakeFleetCloud], history: tuple[str, ...], serving: str | None, said: str
) -> None:
    catalogue("1.0", "2.0", "3.0")
    remember(*history)
    if serving:
        serve(clouds["prod"], serving)
    with pytest.raises(AirflowFailException, match=said):
        choose("previous")


def test_only_what_passed_the_pipeline_can_be_chosen(clouds: dict[str, FakeFleetCloud]) -> None:
    catalogue("1.0.0+1.gaaaaaaa", "1.0.0+2.gbbbbbbb")
    assert choose("1.0.0+1.gaaaaaaa") == "1.0.0+1.gaaaaaaa"
    assert choose("bbbbbbb0") == "1.0.0+2.gbbbbbbb"
    with pytest.raises(AirflowFailException, match=r"there is 1\.0\.0\+2\.gbbbbbbb"):
        choose("1.0.0+2.gbbbbbb")
    serve(clouds["dev"], "0.9")
    with pytest.raises(AirflowFailException, match=r"shop has no release '0\.9'"):
        choose("")


def test_what_serves_is_what_has_proved_itself() -> None:
    old, new = make_group("1"), replace(make_group("2"), live_since=None)
    newer = make_group("3", live_since=900)
    assert serving_version(Fleet(groups=(old, new))) == "1"
    assert serving_version(Fleet(groups=(newer, old))) == "3"
    standby = make_group("4", live_since=950, attached=False)
    assert serving_version(Fleet(groups=(old, standby))) == "1"
    assert serving_version(Fleet(groups=(new, make_group(None)))) is None


def test_a_fleet_that_slipway_did_not_make_has_no_version(
    clouds: dict[str, FakeFleetCloud], artifacts: Path
) -> None:
    serve(clouds["dev"], None)
    with pytest.raises(AirflowFailException, match="dev runs no release of shop yet"):
        choose("")
    assert not (artifacts / "deployments").exists()


EVENT = {"chosen_options": ["1.0"], "responded_by_user": {"id": "7", "name": "Ada"}}


def ask(catalogued: tuple[str, ...]) -> dict[str, Any]:
    catalogue(*catalogued)
    operator = ChooseReleaseOperator(
        task_id="choose_release", target=PROD, version="choose", before=DEV
    )
    context: Any = {"ti": SimpleNamespace(id="x")}
    with mock.patch.object(release_form, "upsert_hitl_detail", autospec=True) as asked:
        with pytest.raises(TaskAwaitingInput) as waiting:
            operator.execute(context)
        assert waiting.value.method_name == "execute_complete"
    return dict(asked.call_args.kwargs)


def test_a_person_chooses_from_a_list_with_what_dev_runs_as_the_default(
    clouds: dict[str, FakeFleetCloud],
) -> None:
    serve(clouds["dev"], "2.0")
    serve(clouds["prod"], "1.0")
    asked = ask(("1.0", "2.0", "10.0"))
    assert asked["options"] == ["10.0", "2.0", "1.0"]
    assert asked["defaults"] == ["2.0"]
    assert asked["params"] == {}, "the API refuses None"
    assert asked["subject"] == "Which release of shop goes to prod?"
    assert "| 2.0 | Sell more | a | on dev now |" in asked["body"]
    assert "| 1.0 | Sell more | a | on prod now |" in asked["body"]


def test_a_commit_cannot_write_a_row_of_its_own_or_a_link_into_the_list(
    clouds: dict[str, FakeFleetCloud], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = make_record("3.0")
    hostile = replace(
        record.checkout,
        author_name="Alice | on prod now\n| 9.9 | urgent | root | on prod now",
        message="![x](https://evil.example/x.png) [fix](https://evil.example)\n\nbody",
    )
    asked: dict[str, Any] = {}
    monkeypatch.setattr(release_form, "upsert_hitl_detail", lambda **told: asked.update(told))
    context: Any = {"ti": SimpleNamespace(id="x")}
    with pytest.raises(TaskAwaitingInput):
        release_form.ask_which(
            context, [replace(record, checkout=hostile)], subject="Which?", past={}, default=None
        )
    rows = asked["body"].split("\n")
    assert len(rows) == 3
    assert rows[2] == (
        "| 3.0 | `![x](https://evil.example/x.png) [fix](https://evil.example)` | `Alice "
        "<U+007C> on prod now<U+000A><U+007C> 9.9 <U+007C> urgent <U+007C> root <U+007C> on prod "
        "now` |  |"
    )


def test_what_dev_runs_need_not_be_on_the_list(clouds: dict[str, FakeFleetCloud]) -> None:
    assert ask(("1.0",))["defaults"] is None


def test_the_chosen_release_is_taken(
    clouds: dict[str, FakeFleetCloud], capsys: pytest.CaptureFixture[str]
) -> None:
    catalogue("1.0", "2.0")
    operator = ChooseReleaseOperator(task_id="choose_release", target=PROD, version="choose")
    assert operator.execute_complete(CONTEXT, EVENT)["release"]["version"] == "1.0"
    assert "Ada chose 1.0" in capsys.readouterr().out


def test_there_may_be_nothing_to_choose_from(clouds: dict[str, FakeFleetCloud]) -> None:
    with pytest.raises(AirflowFailException, match="no release to choose from yet"):
        choose("choose")


def _newest(url: str) -> str:
    repository = GitRepository(url=url)
    operator = ChooseReleaseOperator(
        task_id="choose_release",
        target=PROD,
        version="newest",
        repository=repository,
        branch="main",
    )
    return str(operator.execute(CONTEXT)["release"]["version"])


def test_the_newest_release_is_the_branchs_although_a_clock_was_wrong(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    shas = [repository.commit(readme=str(n)) for n in range(3)]
    versions = [f"1.0.0+{n}.g{sha[:7]}" for n, sha in enumerate(shas)]
    for at, version in zip((5, 2_114_380_800, 7), versions, strict=True):
        record = make_record(version, committed_at=at)
        release = replace(record.checkout.release, sha=shas[versions.index(version)])
        record = replace(record, checkout=replace(record.checkout, release=release))
        ReleaseCatalogue(artifact_store()).record(record)
    assert _newest(repository.url) == versions[2]
    repository.git("reset", "--quiet", "--hard", shas[0])
    assert _newest(repository.url) == versions[0]
    assert _newest("git://127.0.0.1:1/away") == versions[2]
    assert "the newest release is taken by the order noted then" in capsys.readouterr().out
