"""A release that is watched while its database is migrated: what breaks it, and since when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest

from slipway.exceptions import ToolFailed
from slipway.hooks.docker.engine import ContainerEngine
from slipway.model.cloud.health_check import ANY_SUCCESS
from slipway.model.proof_settings import ProofSettings, Question
from slipway.tasks.proof.live_service import Answer, LiveService, NotStartable
from slipway.tasks.proof.live_trial import Broken, Trial
from slipway.tasks.proof.scratch_database import ScratchDatabase

HEALTH, PAGE = Question(method="GET", path="/healthz"), Question(method="GET", path="/page")
QUERY = "SELECT gone FROM t"
LOGGED = f"x ERROR:  42703: no column gone at character 8\nx STATEMENT:  {QUERY}\n"


class World:
    """A service that fails while ``broken``, and a database that logs."""

    def __init__(self) -> None:
        self.broken: set[str] = set()
        self.heals = False
        self.log = b""
        self.said: list[str] = []
        self.taken = {"before": True, "after": True}
        self.service = mock.create_autospec(LiveService, instance=True)
        self.service.health, self.service.settings = HEALTH, ProofSettings(questions=(PAGE,))
        self.service.right = ANY_SUCCESS
        self.service.ask.side_effect = self._ask
        engine = mock.create_autospec(ContainerEngine, instance=True)
        engine.written.side_effect = lambda *_: iter([self.log])
        self.trial = Trial(
            service=self.service,
            database=self._database(engine, "after"),
            reference=self._database(engine, "before"),
            log=self.said.append,
        )

    def _database(self, engine: Any, name: str) -> Any:
        database = mock.create_autospec(ScratchDatabase, instance=True)
        database.engine, database.container = engine, "c"
        database.takes.side_effect = lambda _: self.taken[name]
        return database

    def _ask(self, questions: list[Question]) -> list[Answer]:
        answers = [
            Answer(status=500 if one.path in self.broken else 200, said="x") for one in questions
        ]
        if self.heals:
            self.broken.clear()
        return answers

    def migrate(self, *broken: str, log: str = "") -> Callable[[], None]:
        def run() -> None:
            self.broken = set(broken)
            self.log += log.encode()

        return run


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("slipway.tasks.proof.live_trial.time.sleep", lambda _: None)
    return World()


def test_the_first_file_after_which_it_fails_to_the_end_is_named(world: World) -> None:
    world.trial.begin()
    world.trial.step("1.sql", world.migrate("/page"))
    world.trial.step("2.sql", world.migrate())
    world.trial.step("3.sql", world.migrate("/page", log=LOGGED))
    world.trial.step("4.sql", world.migrate("/page"))
    broken = world.trial.end()
    assert broken is not None
    assert broken.migration == "3.sql"
    assert broken.said == (
        "GET /page: 500 x\n  the first query that failed: no column gone (SQLSTATE 42703), "
        f"in: {QUERY}"
    )


def test_what_failed_before_is_no_migrations_fault(world: World) -> None:
    world.broken, world.log = {"/page"}, LOGGED.encode()
    world.taken["after"] = False
    world.trial.begin()
    world.trial.step("1.sql", world.migrate("/page", log=LOGGED))
    assert world.trial.end() is None
    assert world.said == ["GET /page shows nothing: before any migration it answers 500 x"]
    assert world.trial.seen().startswith("GET /healthz; name ")


def test_what_a_later_file_heals_is_no_fault(world: World) -> None:
    world.trial.begin()
    world.trial.step("1.sql", world.migrate("/page", log=LOGGED))
    world.trial.step("2.sql", world.migrate())
    assert world.trial.end() is None


def test_a_failure_for_a_moment_is_told_and_no_fault(world: World) -> None:
    world.trial.begin()
    world.heals = True
    world.trial.step("1.sql", world.migrate("/page"))
    assert world.said == ["for a moment after 1.sql: GET /page: 500 x"]
    assert world.trial.end() is None


def test_a_query_that_the_service_swallows_counts_where_the_old_schema_takes_it(
    world: World,
) -> None:
    world.taken["after"] = False
    world.trial.begin()
    world.trial.step("1.sql", world.migrate(log=LOGGED))
    broken = world.trial.end()
    assert broken == Broken(
        said=f"the first query that failed: no column gone (SQLSTATE 42703), in: {QUERY}",
        migration="1.sql",
    )


def test_a_query_that_neither_schema_takes_or_both_do_is_no_fault(world: World) -> None:
    for before, after in ((False, False), (True, True)):
        world.taken.update(before=before, after=after)
        world.trial.begin()
        world.trial.step("1.sql", world.migrate(log=LOGGED))
        assert world.trial.end() is None


def test_a_release_that_does_not_start_again_is_broken(world: World) -> None:
    world.trial.begin()
    world.trial.step("1.sql", world.migrate())
    world.service.start_again.side_effect = NotStartable("exit code 1")
    assert world.trial.end() == Broken(said="it does not start: exit code 1")


def test_a_migration_that_waits_for_the_service_is_applied_without_it(world: World) -> None:
    world.trial.begin()
    tries = [ToolFailed("lock timeout"), None]
    world.trial.step("1.sql", mock.Mock(side_effect=tries))
    assert world.trial.end() is None
    assert "1.sql cannot be applied while the release runs: lock timeout" in world.said[0]
    world.service.stop.assert_called_once()


def test_the_projects_command_counts_where_it_worked_before(world: World) -> None:
    world.service.settings = ProofSettings(command="x")
    world.service.command.side_effect = [(True, ""), (True, ""), (False, "exit code 1\nno column")]
    world.trial.begin()
    world.trial.step("1.sql", world.migrate())
    assert world.trial.end() == Broken(said="the command fails: exit code 1\nno column")


def test_what_works_only_once_is_no_migrations_fault(world: World) -> None:
    """Something of a name that is taken from then on."""
    once = iter([200, 200, 200, 409])
    world.service.ask.side_effect = lambda asked: [
        Answer(status=next(once, 200), said="x") for _ in asked
    ]
    world.service.settings = ProofSettings(questions=(PAGE,), command="x")
    world.service.command.side_effect = [(True, ""), (False, "it is there already")]
    world.trial.begin()
    assert world.said == [
        "GET /page shows nothing: before any migration asked again it answers 409 x",
        "the command shows nothing: before any migration it fails the second time: it is there "
        "already",
    ]
    world.trial.step("1.sql", world.migrate())
    assert world.trial.end() is None


@pytest.mark.parametrize(
    ("right", "before", "after", "broken"),
    [
        ("401", 401, 500, True),
        ("401", 401, 401, False),
        ("401", 401, 200, True),
        ("200-299", 200, 302, True),
        ("200-399", 200, 302, False),
        ("200-499", 404, 503, True),
    ],
)
def test_health_is_what_the_balancer_calls_so(
    world: World, right: str, before: int, after: int, broken: bool
) -> None:
    """A service behind a login answers 401, and one that turns people away is not healthy."""
    status = {"/healthz": before, "/page": 200}
    world.service.right = right
    world.service.ask.side_effect = lambda asked: [
        Answer(status=status[one.path], said="x") for one in asked
    ]
    world.trial.begin()
    assert world.said == []
    assert world.trial.seen() == "GET /healthz, GET /page"
    world.trial.step("1.sql", lambda: status.update({"/healthz": after}))
    found = world.trial.end()
    assert (found is not None) == broken
    if found is not None:
        assert found.said.startswith(f"GET /healthz: {after} x")
        assert found.migration == "1.sql"
