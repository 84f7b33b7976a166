"""What Airflow's side of `fab check` finds around a shop in which something is wrong."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from unittest import mock

import pytest
from airflow.sdk import BaseHook, Variable
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException
from moto import mock_aws

from include.delivery.doctor import check_dag, connections, source, surroundings
from include.delivery.doctor.finding import Checked, State, looked
from include.project.loader import PROJECTS, load_project
from include.project.model import Project
from slipway.exceptions import DatabaseUnavailable, RepositoryRefused
from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.forge.hooks.base import HostHooks, InstalledHook
from slipway.hooks.git.mirror import GitMirror
from slipway.model.cloud.preflight_facts import DatabaseSeen, Unasked
from slipway.operators.preflight_look import Preflight
from tests.fakes.airflow_run import FakeTask
from tests.slipway.fleet.moto_cloud import client
from tests.slipway.fleet.worlds import make_target
from tests.slipway.operators.preflight import world
from tests.slipway.operators.preflight.world import Answers

GUESTBOOK = load_project(PROJECTS / "guestbook.yaml")


@pytest.fixture
def project() -> Project:
    return GUESTBOOK


def by_what(found: Iterator[Checked]) -> dict[str, Checked]:
    return {one.what: one for one in found}


def of_state(found: Iterator[Checked], state: State) -> list[str]:
    return [one.what for one in found if one.state is state]


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The connections that Airflow has."""
    known = set(connections.named(GUESTBOOK))

    def get(name: str) -> Any:
        if name not in known:
            raise AirflowNotFoundException(name)
        return mock.Mock(password="x" * 40)

    monkeypatch.setattr(BaseHook, "get_connection", get)
    monkeypatch.setattr(Variable, "get", lambda name: f"v4lue of {name}")
    return known


def test_connections_that_are_there_are_fine_and_their_secrets_nowhere(
    project: Project, there: set[str]
) -> None:
    found = list(connections.connections(project))
    assert {one.state for one in found} == {State.FINE}
    assert "xxx" not in str(found)
    assert "v4lue" not in str(found)
    told = {one.what for one in found}
    assert {f"connection {name}" for name in there} <= told
    assert "variable guestbook_test_password" in told


def test_a_connection_that_is_missing_is_told_with_its_purpose_and_cure(
    project: Project, there: set[str]
) -> None:
    there.discard("guestbook_prod")
    found = by_what(connections.connections(project))
    one = found["connection guestbook_prod"]
    assert one.state is State.WRONG
    assert "the database of prod" in one.words
    assert "airflow connections add guestbook_prod" in one.cure
    assert found["connection guestbook_dev"].state is State.FINE


def test_a_key_that_signs_records_is_looked_for(project: Project) -> None:
    [one] = connections.signing(project)
    assert one.state is State.FINE


@pytest.mark.parametrize(
    ("head", "state"), [("a" * 40, State.FINE), (None, State.WRONG)], ids=["there", "gone"]
)
def test_the_delivered_branch_is_asked_for(
    project: Project, monkeypatch: pytest.MonkeyPatch, head: str | None, state: State
) -> None:
    mirror = mock.create_autospec(GitMirror, instance=True)
    mirror.head.return_value = head
    monkeypatch.setattr(source, "git_mirror", lambda *_: mirror)
    [one] = source.repository(project)
    assert one.state is state


def hook(**given: Any) -> InstalledHook:
    fields: dict[str, Any] = {
        "id": "1",
        "url": "https://airflow.example.com/slipway/hooks/guestbook",
        "active": True,
        "events": frozenset({"push"}),
        "problem": "",
    }
    return InstalledHook(**{**fields, **given})


@pytest.mark.parametrize(
    ("installed", "said"),
    [
        ([hook()], ""),
        ([], "none that sends here"),
        ([hook(url="https://airflow.example.com/slipway/hooks/other")], "none that sends here"),
        ([hook(active=False)], "switched off"),
        ([hook(events=frozenset())], "does not tell of push"),
        ([hook(problem="sends no JSON")], "sends no JSON"),
    ],
)
def test_a_webhook_that_is_not_right_is_told_and_not_mended(
    project: Project, monkeypatch: pytest.MonkeyPatch, installed: list[InstalledHook], said: str
) -> None:
    host = mock.create_autospec(HostHooks, instance=True, events=frozenset({"push"}))
    host.installed.return_value = installed
    monkeypatch.setattr(source, "open_hooks", lambda _: host)
    monkeypatch.setattr(source, "webhook_secrets", lambda _: [b"s"])
    monkeypatch.setattr(source, "last_hook", lambda *_: None)
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.com")
    [one] = source.webhook(project)
    assert (one.state is State.WRONG) == bool(said)
    assert said in one.words
    host.put.assert_not_called()
    if said:
        assert one.cure == "`fab hook guestbook` puts it right"


def test_one_look_that_breaks_takes_no_other_with_it() -> None:
    def broken() -> list[Checked]:
        msg = "postgresql://shop:secret@host"
        raise RuntimeError(msg)

    def refused() -> list[Checked]:
        msg = "no such\nrepository \x1b[2J"
        raise RepositoryRefused(msg, advice="make it")

    def passing() -> list[Checked]:
        msg = "it restarts"
        raise DatabaseUnavailable(msg)

    [one] = looked("prod", "cloud", broken)
    assert (one.state, "secret" in str(one)) == (State.UNASKED, False)
    [two] = looked("repository", "it", refused)
    assert (two.state, two.cure) == (State.WRONG, "make it")
    assert two.words == "no such repository <U+001B>[2J"
    [three] = looked("prod", "database", passing)
    assert three.state is State.UNASKED


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answers]:
    with mock_aws():
        world.furnish()
        given = Answers(monkeypatch)
        monkeypatch.setattr(surroundings, "aws_clients", lambda *_: lru_cache(client))
        yield given


def shop(**dev: Any) -> Project:
    """Return the shop, whose place in the account is as the world has it."""
    target = make_target()
    return Project.model_validate(
        {
            "name": "shop",
            "repository": {"url": "https://git.example.org/shop.git"},
            "package": {"name": "shop", "unit": "shop.service"},
            "environments": {
                "dev": {
                    "deploy": "continuous",
                    "aws": {"region": target.region},
                    "target_group": target.target_group,
                    "instance": {
                        "subnets": target.subnets,
                        "security_groups": target.security_groups,
                    },
                    "health": {"path": "/healthz", "port": 8000},
                    **dev,
                }
            },
        }
    )


def test_a_target_group_that_is_not_there_is_told_with_the_nearest(answers: Answers) -> None:
    target = make_target()
    wrong = f"{target.target_group}x"
    found = list(surroundings.cloud(shop(target_group=wrong), "dev"))
    [one] = [one for one in found if wrong in one.what]
    assert one.state is State.WRONG
    assert f"did you mean {target.target_group!r}?" in one.words
    assert one.cure
    before = client("ec2").describe_launch_templates()["LaunchTemplates"]
    list(surroundings.cloud(shop(), "dev"))
    assert client("ec2").describe_launch_templates()["LaunchTemplates"] == before


def test_a_right_that_is_missing_is_told_with_the_policy_that_has_it(answers: Answers) -> None:
    answers.refuse("DescribeSubnets", "UnauthorizedOperation")
    found = by_what(surroundings.cloud(shop(), "dev"))
    one = found["right to see subnets"]
    assert one.state is State.WRONG
    assert "python -m include.iam shop dev" in one.cure


@pytest.mark.parametrize(
    ("seen", "state", "said"),
    [
        (DatabaseSeen(connection="guestbook_dev", trouble="lets nobody in"), State.WRONG, "nobody"),
        (DatabaseSeen(connection="guestbook_dev", role="g"), State.FINE, ""),
        (Unasked(what="database", why="no container"), State.UNASKED, "no container"),
    ],
)
def test_a_database_is_asked_as_a_deployment_would(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    seen: DatabaseSeen | Unasked,
    state: State,
    said: str,
) -> None:
    mirror = mock.create_autospec(GitMirror, instance=True)
    mirror.tip.return_value = "a" * 40
    monkeypatch.setattr(surroundings, "git_mirror", lambda *_: mirror)
    monkeypatch.setattr(Preflight, "database", lambda *_: seen)
    [one] = surroundings.database(project, "dev", FakeTask().context)
    assert one.state is state
    assert said in one.words


def run(project: str = "") -> FakeTask:
    task = FakeTask(dag_id=check_dag.CHECK, task_id=check_dag.TASK)
    check_dag.check(ti=task, run_id=task.run_id, params={"project": project or None})
    return task


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[Checked]:
    found = [Checked(area="dev", what="cloud")]
    monkeypatch.setattr(check_dag, "examine", lambda *_: iter(found))
    return found


def test_a_run_leaves_what_it_found_and_fails_where_something_is_wrong(
    looks: list[Checked], caplog: pytest.LogCaptureFixture
) -> None:
    assert run("guestbook").xcoms["findings"]["guestbook"][0]["state"] == "fine"
    looks.append(Checked(area="dev", what="it", state=State.WRONG, words="is bad", cure="mend it"))
    task = FakeTask()
    with (
        caplog.at_level(logging.INFO),
        pytest.raises(AirflowFailException, match="1 thing is wrong"),
    ):
        check_dag.check(ti=task, params={"project": "guestbook"})
    assert task.xcoms["findings"]["guestbook"][1]["cure"] == "mend it"
    assert "mend it" in caplog.text


def test_a_project_that_is_not_there_is_told_with_the_nearest(looks: list[Checked]) -> None:
    with pytest.raises(AirflowFailException, match="did you mean guestbook"):
        run("gestbook")


def test_all_projects_are_looked_at_where_none_is_named(looks: list[Checked]) -> None:
    assert "guestbook" in run().xcoms["findings"]


def test_the_worker_says_whether_its_tools_are_there(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = mock.create_autospec(ContainerEngine, instance=True)
    engine.ensure_image.return_value = mock.Mock(id="sha256:" + "a" * 64)
    monkeypatch.setattr(source, "container_engine", lambda: engine)
    [one] = source.worker(project)
    assert one.state is State.FINE


def test_the_dag_is_made_alike_each_time() -> None:
    assert check_dag.check_dag().dag_id == "check_projects"
    assert check_dag.check_dag().task_ids == ["check"]
