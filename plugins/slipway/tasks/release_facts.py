"""What a release is made of: the facts that the tasks of one commit's run signed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipway.exceptions import NothingRan, ReleaseAltered
from slipway.hooks.store.releases import ReleaseRecord
from slipway.hooks.store.runs.facts import digest
from slipway.model.facts import (
    Checkout,
    DebPackage,
    PublishedPackage,
    Release,
    SchemaVersion,
    TestReport,
    in_suite,
    something_passed,
)
from slipway.model.text.inert import visible
from slipway.tasks.kept_facts import BUILD_DEB, CHECKOUT, PUBLISH_APT, REHEARSE, TEST, kept_fact

if TYPE_CHECKING:
    from airflow.sdk import Context

    from slipway.hooks.apt.connection import AptRepository

_ANEW = "trigger a new run for this commit"


@dataclass(frozen=True, kw_only=True)
class ReleaseFacts:
    """The facts of one run.

    :param about: the release that each task was about, by the task's id.
    :param made_of: what each task made its fact of, by the task's id.
    :param tests: of the commit.
    :param deb: as it was built.
    :param record: what the catalogue would have of them.
    """

    about: dict[str, Release]
    made_of: dict[str, str]
    tests: TestReport
    deb: DebPackage
    record: ReleaseRecord

    @classmethod
    def of_run(cls, context: Context, *, rehearsed: bool) -> ReleaseFacts:
        """Read what the tasks before this one signed.

        :param context: the task's.
        :param rehearsed: the project has migrations.
        :raises FactMissing: when one of them signed nothing in this run.
        :raises RecordRefused: when somebody else wrote what is there.
        """
        tasks = (CHECKOUT, TEST, BUILD_DEB, PUBLISH_APT, *([REHEARSE] if rehearsed else []))
        kept = {task: kept_fact(context, task) for task in tasks}
        tests = TestReport.from_json(kept[TEST].told)
        return cls(
            about={task: fact.release for task, fact in kept.items()},
            made_of={task: fact.made_of for task, fact in kept.items()},
            tests=tests,
            deb=DebPackage.from_json(kept[BUILD_DEB].told),
            record=ReleaseRecord(
                checkout=Checkout.from_json(kept[CHECKOUT].told),
                package=PublishedPackage.from_json(kept[PUBLISH_APT].told),
                tests=tests,
                schema=SchemaVersion.from_json(kept[REHEARSE].told) if rehearsed else None,
            ),
        )

    def require_one_release(self, project: str) -> None:
        """Make sure that a commit's tests do not vouch for another one's package.

        Nor do those of one event for another: a pull request may have fewer of them than a push.

        :param project: whose release it must be.
        :raises ReleaseAltered: naming what each task was about.
        """
        if len(set(self.about.values())) > 1:
            each = (f"{task}: {one.version} ({one.sha[:7]})" for task, one in self.about.items())
            msg = f"the tasks were about more than one release: {visible('; '.join(each), 500)}"
            advice = f"one of them was run again after the ref had moved: {_ANEW}"
            raise ReleaseAltered(msg, advice=advice)
        found = self.record.checkout.release.project
        if found != project:
            msg = f"this is a release of {visible(found)}, and the DAG makes those of {project}"
            raise ReleaseAltered(msg, advice=_ANEW)
        cause = self.record.checkout.cause
        if not cause.delivers:
            msg = f"this run was about a {cause.kind.value}, which becomes no release"
            raise ReleaseAltered(msg, advice="merge it; its commit is then delivered as any other")
        self._require_one_way()

    def _require_one_way(self) -> None:
        checkout = (CHECKOUT, digest(self.record.checkout))
        built = (BUILD_DEB, digest(self.deb))
        for task, made_of in self.made_of.items():
            source, signed = built if task == PUBLISH_APT else checkout
            if task != CHECKOUT and made_of != signed:
                msg = f"{task} did its work with something else than what {source} signed last"
                advice = f"{source} was run again alone, or this run began before an upgrade"
                raise ReleaseAltered(msg, advice=f"{advice}: {_ANEW}")

    def require_tested(self) -> None:
        """Make sure that the tests show something: what may not fail has not, or none were signed.

        :raises NothingRan: when no step ran and passed.
        """
        if not something_passed(self.tests.steps):
            msg = f"no step ran and passed for {self.tests.release.version}: it is no release"
            raise NothingRan(msg, advice="run the task `test` again")

    def require_built(self) -> None:
        """Make sure that the package holds what the pipeline built, where it is made of that.

        :raises ReleaseAltered: when it is not.
        """
        built = self.tests.built.sha256 if self.tests.built else ""
        if built != self.deb.built:
            msg = "build_deb packaged something else than what this run's pipeline built"
            raise ReleaseAltered(msg, advice=f"one of them was run again alone: {_ANEW}")

    def require_published(self, repository: AptRepository) -> None:
        """Make sure that what was published is what was built, and is in our own repository.

        :param repository: where machines will install it from.
        :raises ReleaseAltered: when it is not.
        """
        deb, package = self.deb, self.record.package
        built = (deb.name, deb.version, deb.architecture, deb.sha256)
        published = (package.name, package.version, package.architecture, package.sha256)
        rest = (package.beside, package.suite, package.others)
        if (*built, deb.beside, deb.suite, deb.others) != (*published, *rest):
            msg = f"build_deb built {_named(deb)}, but publish_apt published {_named(package)}"
            raise ReleaseAltered(msg, advice=f"one of them was run again alone: {_ANEW}")
        distribution = in_suite(repository.distribution, deb.suite)
        ours = (repository.url, distribution, repository.component)
        theirs = (package.repository_url, package.distribution, package.component)
        if theirs != ours:
            told = (visible(" ".join(one)) for one in (theirs, ours))
            msg = "the package was published to {}, and the repository is {}".format(*told)
            advice = f"its connection was changed since: clear publish_apt, or {_ANEW}"
            raise ReleaseAltered(msg, advice=advice)


def _named(package: DebPackage | PublishedPackage) -> str:
    return visible(f"{package.name} {package.version} (sha256 {package.sha256[:12]})")
