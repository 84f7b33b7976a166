"""What the tasks of a commit's run sign, for the operators that come after them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from slipway.hooks.store.releases import ReleaseRecord
from slipway.model.facts import (
    Checkout,
    DebPackage,
    Fact,
    Json,
    Release,
    SchemaVersion,
    StepReport,
    TestReport,
)
from slipway.tasks.kept_facts import keep_fact
from slipway.tasks.proposals.source import APPROVE
from tests.fakes.airflow_run import FakeTask
from tests.slipway.operators.releases import make_record

APT = {"conn_type": "generic", "host": "http://x", "password": "k", "extra": {"bucket": "apt"}}
PASSED = StepReport(name="unit", image="i", state="passed", seconds=1.0, exit_code=0)


def facts_of(record: ReleaseRecord, *steps: StepReport) -> dict[str, Fact]:
    """Build what each task of a run returns, by its id."""
    release, package = record.checkout.release, record.package
    return {
        "checkout": record.checkout,
        "test": TestReport(release=release, seconds=1.0, steps=steps or (PASSED,)),
        "rehearse_migrations": SchemaVersion(version=3, before=0, seconds=1.0),
        "build_deb": DebPackage(
            release=release,
            name=package.name,
            version=package.version,
            architecture=package.architecture,
            sha256=package.sha256,
            size=1,
            artifact="deb/x",
        ),
        "publish_apt": package,
    }


def sign(run: FakeTask, release: Release, **facts: Fact) -> None:
    """Let tasks of a run sign what they did to a release, each with what the one before it did."""
    for task, fact in facts.items():
        of = facts.get({"checkout": "", "publish_apt": "build_deb"}.get(task, "checkout"))
        keep_fact(replace(run, task_id=task).context, release, fact.to_json(), of=of)


def signed(context: Any, **facts: Fact | Json) -> Any:
    """Let the tasks before this one sign what they returned, as they do in a run.

    :param context: of the task that is told of it.
    :param facts: what each returned, with a ``release``, by its id: ``checkout``, ``build_deb``.
    :returns: the context.
    """
    for task_id, fact in facts.items():
        told = fact if isinstance(fact, dict) else fact.to_json()
        before = FakeTask(context["ti"].dag_id, context["ti"].run_id, task_id)
        keep_fact(before.context, Release.from_json(told["release"]), told)
    return context


def let_in(context: Any, checkout: Checkout) -> None:
    """Sign that a pull request may run."""
    ti = context["ti"]
    before = FakeTask(ti.dag_id, ti.run_id, APPROVE)
    keep_fact(before.context, checkout.release, {"asked": False}, of=checkout)


def sign_all(run: FakeTask, version: str, *steps: StepReport, **other: Fact) -> None:
    """Let every task of a run sign what it did to a release of the shop."""
    record = make_record(version)
    sign(run, record.checkout.release, **(facts_of(record, *steps) | other))
