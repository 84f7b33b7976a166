"""What a pull request brings: merged as git would, and never where releases are looked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slipway.exceptions import (
    RefNotFound,
    RepositoryDamaged,
    RepositoryRefused,
)
from slipway.hooks.git import proposals
from slipway.hooks.git.connection import git_mirror, mirrors_root, proposal_mirror
from slipway.hooks.git.proposals import FOLDER, ProposalMirror, Proposed
from slipway.model.git.deliverable import Deliverable
from slipway.model.git.merge import Merge
from tests.fakes.git_server import Repository
from tests.slipway.hooks.git.proposing import REF, propose
from tests.slipway.operators.checkout.runs import check_out


def brought(repository: Repository, sha: str, **where: str) -> ProposalMirror:
    mirror = proposal_mirror(repository.url, None)
    mirror.bring_branch("main")
    mirror.bring(Proposed(sha=sha, **{"ref": REF, **where}))
    return mirror


def test_what_merges_is_merged_and_the_same_on_every_worker(repository: Repository) -> None:
    repository.commit(base="1")
    head = propose(repository, topic="2")
    target = repository.commit(other="3")
    mirror = brought(repository, head)
    merge = mirror.merge(target, head)
    assert (merge.target, merge.conflicts) == (target, ())
    assert merge.sha not in (head, target)
    assert mirror.read(merge.sha, "topic") == b"2"
    assert mirror.read(merge.sha, "other") == b"3"
    assert mirror.version(merge.sha).name == f"0.0.0+4.g{merge.sha[:7]}"
    # Another worker, which has seen nothing of it.
    elsewhere = ProposalMirror(
        url=repository.url, root=mirrors_root() / "elsewhere", readers=lambda _: []
    )
    elsewhere.bring(Proposed(sha=head, ref=REF))
    elsewhere.remake(merge, head)
    assert elsewhere.read(merge.sha, "topic") == b"2"
    with pytest.raises(RepositoryDamaged, match="merge to something else"):
        elsewhere.remake(Merge(target=target, sha="f" * 40), head)


def test_what_has_the_whole_branch_needs_no_merge(repository: Repository) -> None:
    target = repository.commit(base="1")
    head = propose(repository, topic="2")
    mirror = brought(repository, head)
    assert mirror.merge(target, head) == Merge(target=target, sha=head)
    # What has been merged already as well.
    assert mirror.merge(head, target) == Merge(target=head, sha=target)


def test_files_in_conflict_are_named(repository: Repository) -> None:
    repository.commit(base="1", same="1")
    head = propose(repository, base="2", **{"evil\n\u202e{{7}}": "1"})
    target = repository.commit(base="3", **{"evil\n\u202e{{7}}": "2"})
    merge = brought(repository, head).merge(target, head)
    assert merge == Merge(target=target, conflicts=("base", "evil\n\u202e{{7}}"))


def test_what_has_no_past_in_common_does_not_merge(repository: Repository) -> None:
    target = repository.commit(base="1")
    repository.git("checkout", "--quiet", "--orphan", "strange")
    head = repository.commit("strange")
    repository.git("update-ref", REF, head)
    repository.git("checkout", "--quiet", "main")
    assert brought(repository, head).merge(target, head) == Merge(target=target)


def test_a_commit_that_was_pushed_over_is_tested_or_said_to_be_gone(
    repository: Repository,
) -> None:
    repository.commit(base="1")
    old = propose(repository, topic="1")
    new = propose(repository, topic="2")
    brought(repository, new)
    with pytest.raises(RefNotFound):
        brought(repository, "f" * 40)
    assert old != new


def test_a_fork_is_read_where_it_is_and_named_nowhere(
    daemon: tuple[Path, str], repository: Repository
) -> None:
    base, url = daemon
    target = repository.commit(base="1")
    name = f"{repository.path.name}-fork"
    fork = Repository(base / name, f"{url}/{name}")
    fork.git("fetch", "--quiet", str(repository.path), "main")
    fork.git("reset", "--hard", "--quiet", "FETCH_HEAD")
    # Its own `main`, and a tag that would number every version.
    head = fork.commit("evil", topic="2")
    fork.git("tag", "v99.0.0")
    mirror = brought(repository, head, ref="refs/heads/main", origin=fork.url)
    assert mirror.read(head, "topic") == b"2"
    assert mirror.refs.all() == {"refs/heads/main": target}
    assert mirror.version(head).name.startswith("0.0.0+")


def test_a_fork_that_cannot_be_read_is_said(repository: Repository, daemon: Any) -> None:
    repository.commit(base="1")
    with pytest.raises(RepositoryRefused, match="the fork cannot be read"):
        brought(repository, "f" * 40, origin=f"{daemon[1]}/gone")


@pytest.mark.parametrize(
    "ref", ["--upload-pack=touch x", "refs/heads/a:refs/heads/main", "a\nb", "refs/heads/../x"]
)
def test_a_hostile_branch_is_no_option_and_no_second_ref(repository: Repository, ref: str) -> None:
    repository.commit(base="1")
    with pytest.raises(RepositoryRefused, match="cannot be a ref"):
        brought(repository, "f" * 40, ref=ref)


def test_a_forks_url_names_no_file_and_no_command(repository: Repository, tmp_path: Path) -> None:
    repository.commit(base="1")
    for origin in (f"ext::touch {tmp_path}/x", str(repository.path), f"file://{repository.path}"):
        with pytest.raises(RepositoryRefused):
            brought(repository, "f" * 40, origin=origin)
    assert not (tmp_path / "x").exists()


def test_a_forks_submodules_lead_nowhere_else(repository: Repository) -> None:
    repository.commit(base="1")
    mirror = proposal_mirror(repository.url, None)
    with pytest.raises(RepositoryRefused, match=r"submodule at git\.internal"):
        mirror.submodule("https://git.internal/secret.git")
    mirror.submodule("https://github.com/acme/public.git")
    mirror.submodule(f"{repository.url}-public")
    trusted = proposal_mirror(repository.url, None, stranger=False)
    trusted.submodule("https://git.internal/shared.git")


def test_whoever_reads_only_the_changes_sees_them(repository: Repository) -> None:
    target = repository.commit(_dot_drone_dot_yml="a: 1\n", migrations__1_one="x", other="1")
    head = propose(repository, _dot_drone_dot_yml="a: 2\n", migrations__2_two="y", other="2")
    mirror = brought(repository, head)
    paths = (".drone.yml", "migrations")
    assert mirror.changed(target, head, *paths) == (".drone.yml", "migrations/2_two")
    assert "-a: 1\n+a: 2\n" in mirror.difference(target, head, *paths)
    assert "other" not in mirror.difference(target, head, *paths)
    # No pattern, and no option.
    assert mirror.changed(target, head, "*", ":(exclude)x", "--output=x") == ()


@pytest.mark.usefixtures("artifacts")
@pytest.mark.parametrize("how", ["sha", "short", "ref", "pull ref"])
def test_what_was_only_proposed_is_never_a_release(repository: Repository, how: str) -> None:
    """Also after a worker has fetched and merged it, whatever somebody starts by hand."""
    repository.commit(base="1")
    head = propose(repository, topic="2")
    target = repository.commit(other="3")
    merge = brought(repository, head).merge(target, head)
    name = {"sha": head, "short": head[:9], "ref": "7/head", "pull ref": REF}[how]
    own = git_mirror(repository.url, None)
    if how != "sha":  # a server may give any commit by its sha; what reaches it decides
        with pytest.raises(RefNotFound):
            own.find(name, delivered=Deliverable(branch="main"))
    with pytest.raises(Exception, match=r"there is no|names no commit|reached by no branch"):
        check_out(repository, name)
    with pytest.raises(Exception, match="names no commit"):
        check_out(repository, merge.sha)
    assert not own._store.has(merge.sha)
    assert (mirrors_root() / FOLDER).stat().st_mode & 0o077 == 0


def test_strangers_do_not_fill_a_worker_for_good(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(base="1")
    first = propose(repository, much="x")
    assert brought(repository, first)._store.has(first)
    second = propose(repository, much="y")
    monkeypatch.setattr(proposals, "MOST_KEPT", 0)
    target = git_mirror(repository.url, None).find("refs/heads/main").sha
    anew = brought(repository, second)
    assert not anew._store.has(first)
    # A task of the run that had it finds it again.
    repository.git("update-ref", REF, first)
    anew.bring(Proposed(sha=first, ref=REF))
    assert anew.merge(target, first).sha == first
