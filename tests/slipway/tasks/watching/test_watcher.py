"""One question for each repository, and what becomes of those that fail."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from slipway.exceptions import RepositoriesInTrouble, SlipwayError
from slipway.hooks.git.mirror import GitMirror
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.watch_trouble import Trouble, note_trouble, troubles
from slipway.model.git.watching import WatchedProject, Watching
from slipway.tasks.watching.finder import Glance
from slipway.tasks.watching.found import Find
from slipway.tasks.watching.memory import remember_seen
from slipway.tasks.watching.standing import raise_for_troubles
from slipway.tasks.watching.watcher import Watcher
from tests.fakes.git_server import Repository
from tests.slipway.sensors.polls import watch

AWAY = WatchedProject(dag_id="away", url="git://127.0.0.1:1/x", branch="main")
REFUSED = WatchedProject(dag_id="lost", url="https://127.0.0.1:1/x", branch="main", connection="no")


class Said(list[str]):
    """What the watcher said."""

    def __call__(self, words: str) -> None:
        self.append(words)


def watcher(*projects: WatchedProject, said: Said | None = None, interval: float = 0) -> Watcher:
    say = said if said is not None else Said()
    return Watcher(lambda: projects, artifact_store(), say, interval=interval)


def settle(finds: list[Find]) -> list[str]:
    remember_seen(artifact_store(), [seen for find in finds for seen in find.seen])
    return [f"{find.dag_id} {find.run_id}" for find in finds]


def test_projects_of_one_repository_share_its_question(
    repository: Repository, artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = repository.commit(readme="one")
    asked = []
    of = GitMirror.listed

    def counted(mirror: GitMirror, *args: object, **options: object) -> dict[str, str]:
        asked.append(mirror.url)
        return of(mirror, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(GitMirror, "listed", counted)
    both = watcher(watch(repository, "shop"), watch(repository, "shop-docs", tags=("v*",)))
    assert settle(both.sweep()) == [f"shop commit__{head}", f"shop-docs commit__{head}"]
    assert asked == [repository.url]


def test_a_repository_that_has_not_changed_costs_one_question_and_nothing_of_the_store(
    repository: Repository, artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(readme="one")
    one = watcher(watch(repository))
    settle(one.sweep())
    assert one.sweep() == []
    with monkeypatch.context() as patch:
        patch.setattr("slipway.hooks.store.artifacts.ArtifactStore.get", None)
        assert one.sweep() == []
    head = repository.commit(readme="two")
    assert settle(one.sweep()) == [f"shop commit__{head}"]


def test_a_repository_that_fails_is_shown_with_its_reason_until_it_answers(
    daemon: tuple[Path, str], artifacts: Path
) -> None:
    base, url = daemon
    late = WatchedProject(dag_id="late", url=f"{url}/late-repository", branch="main")
    said = Said()
    watcher(late, said=said).sweep()
    (trouble,) = troubles(artifact_store())
    assert (trouble.projects, trouble.failures) == (("late",), 1)
    assert trouble.again > time.time() + 10
    with pytest.raises(RepositoriesInTrouble, match=r"late: .*late-repository"):
        raise_for_troubles()
    assert len(said) == 1
    # Another watcher asks no sooner; and nothing of it is forgotten.
    assert watcher(late, said=said).sweep() == []
    assert len(said) == 1
    note_trouble(artifact_store(), Trouble.from_json({**trouble.to_json(), "again": 0.0}))
    Repository(base / "late-repository", late.url).commit(readme="one")
    assert len(watcher(late, said=said).sweep()) == 1
    assert "mended" in said[-1]
    assert troubles(artifact_store()) == []
    raise_for_troubles()


def test_a_server_that_is_away_for_a_moment_alarms_nobody_and_one_that_stays_away_does(
    artifacts: Path,
) -> None:
    one = watcher(AWAY)
    for failures in (1, 2, 3):
        raise_for_troubles()
        note = [Trouble.from_json({**one_.to_json(), "again": 0.0}) for one_ in _noted()]
        for trouble in note:
            note_trouble(artifact_store(), trouble)
        one = watcher(AWAY)
        one.sweep()
        assert [trouble.failures for trouble in _noted()] == [failures]
    with pytest.raises(RepositoriesInTrouble, match="away: "):
        raise_for_troubles()


def _noted() -> list[Trouble]:
    return troubles(artifact_store())


def test_a_missing_branch_is_shown_with_the_branches_that_there_are_until_it_is_there(
    repository: Repository, artifacts: Path
) -> None:
    repository.commit(readme="one")
    repository.git("branch", "--move", "main", "master")
    one = watcher(watch(repository))
    settle(one.sweep())
    with pytest.raises(RepositoriesInTrouble, match=r"no branch 'main'(.|\n)*master"):
        raise_for_troubles()
    repository.git("branch", "--move", "master", "main")
    settle(one.sweep())
    raise_for_troubles()


def test_what_is_wrong_with_a_project_that_is_gone_is_forgotten(artifacts: Path) -> None:
    watcher(REFUSED).sweep()
    assert len(_noted()) == 1
    watcher(AWAY).sweep()
    assert [trouble.projects for trouble in _noted()] == [("away",)]


def test_one_finder_that_fails_keeps_no_other_from_finding(
    repository: Repository, artifacts: Path
) -> None:
    class Broken:
        by_refs = False

        def wanted(self, project: WatchedProject) -> bool:
            return True

        def find(self, glance: Glance) -> list[Find]:
            msg = "the host's API says no"
            raise SlipwayError(msg, advice="wait")

    from slipway.tasks.watching.finders import FINDERS

    repository.commit(readme="one")
    said = Said()
    one = Watcher(lambda: [watch(repository)], artifact_store(), said, finders=(Broken(), *FINDERS))
    assert len(settle(one.sweep())) == 1
    assert one.sweep() == []
    assert said == ["shop: the host's API says no\n  what to do: wait"]
    head = repository.commit(readme="two")
    assert settle(one.sweep()) == [f"shop commit__{head}"]


def test_what_is_asked_now_and_then_is_not_mended_in_between(
    repository: Repository, artifacts: Path
) -> None:
    repository.commit(readme="one")

    class Seldom:
        by_refs = False
        turns = iter(("fails", "later", "later", "works"))

        def wanted(self, project: WatchedProject) -> bool:
            return True

        def find(self, glance: Glance) -> list[Find]:
            match next(self.turns):
                case "fails":
                    msg = "the host's API says no"
                    raise SlipwayError(msg, advice="wait")
                case "later":
                    glance.later()
            return []

    said = Said()
    one = Watcher(lambda: [watch(repository)], artifact_store(), said, finders=(Seldom(),))
    for _ in range(3):
        one.sweep()
        assert len(list(troubles(artifact_store()))) == 1
    assert said == ["shop: the host's API says no\n  what to do: wait"]
    one.sweep()
    assert list(troubles(artifact_store())) == []
    assert said[1:] == ["shop: mended: the host's API says no"]


def test_each_is_asked_when_its_turn_comes_and_what_is_found_is_handed_on_at_once(
    repository: Repository, artifacts: Path
) -> None:
    head = repository.commit(readme="one")
    one = watcher(watch(repository), AWAY, interval=0.5)
    found = _until_found(one)
    assert settle(found) == [f"shop commit__{head}"]
    head = repository.commit(readme="two")
    assert settle(_until_found(one)) == [f"shop commit__{head}"]


def _until_found(one: Watcher) -> list[Find]:
    deadline = time.monotonic() + 60
    while not (found := one.tick()):
        assert time.monotonic() < deadline
    return found


def test_one_with_much_to_run_keeps_nobody_elses_from_being_handed_on(
    repository: Repository, artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow may have no DAG of it, and then nothing would be run for as long as that lasts."""

    class Many:
        by_refs = False

        def wanted(self, project: WatchedProject) -> bool:
            return True

        def find(self, glance: Glance) -> list[Find]:
            own = glance.project.dag_id
            return [
                Find(dag_id=own, run_id=str(at), sha="0" * 40, event=None)
                for at in range(9 if own == "new" else 2)
            ]

    repository.commit(readme="one")
    monkeypatch.setattr("slipway.tasks.watching.watcher.MOST_FINDS", 5)
    both = [watch(repository, "new"), watch(repository, "shop")]
    one = Watcher(lambda: both, artifact_store(), Said(), interval=9.0, finders=(Many(),))
    found = [f"{find.dag_id} {find.run_id}" for find in _until_found(one)]
    assert found == ["new 0", "new 1", "new 2", "shop 0", "shop 1"]


def test_what_cannot_be_noted_is_no_reason_to_show_nothing_else(artifacts: Path) -> None:
    (artifacts / "watch" / "trouble").mkdir(parents=True)
    for number, stored in enumerate((b"{", b"[]", b'{"subject": 1}', b"\xff", b"[" * 100_000)):
        (artifacts / "watch" / "trouble" / f"{number}.json").write_bytes(stored)
    raise_for_troubles()
    watcher(REFUSED).sweep()
    with pytest.raises(RepositoriesInTrouble, match="lost: "):
        raise_for_troubles()


def test_settings_that_change_have_the_repository_looked_at_again(
    repository: Repository, artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slipway.tasks.watching.watcher.REFRESH", 0.0)
    head = repository.commit(readme="one")
    projects = [watch(repository)]
    one = Watcher(lambda: list(projects), artifact_store(), Said())
    settle(one.sweep())
    assert one.sweep() == []
    projects[0] = WatchedProject(
        dag_id="shop", url=repository.url, branch="main", watching=Watching(tags=("v*",))
    )
    assert one.sweep() == []
    subprocess.run(["git", "tag", "v1"], cwd=repository.path, check=True)
    (found,) = one.sweep()
    assert (found.sha, found.dag_id) == (head, "shop")
