from __future__ import annotations

import json

from slipway.facts import Checkout, Deployment, Release, StepReport, TestReport

RELEASE = Release(project="shop", sha="a" * 40, version="1.4.0+42.gaaaaaaa")


def test_facts_survive_json() -> None:
    report = TestReport(
        release=RELEASE, seconds=1.5,
        steps=(StepReport(name="a", image="b", state="passed", seconds=1.0, exit_code=0),),
    )  # fmt: skip
    deployment = Deployment(
        release=RELEASE, environment="dev", server_group="g", launch_template="t",
        image_id="ami-1", instance_ids=("i-1", "i-2"),
    )  # fmt: skip
    for fact in (report, deployment):
        assert type(fact).from_json(json.loads(json.dumps(fact.to_json()))) == fact


def test_a_newer_writer_does_not_stop_an_older_reader() -> None:
    data = {**RELEASE.to_json(), "added_later": 1}
    assert Release.from_json(data) == RELEASE


def test_optional_facts_may_be_absent() -> None:
    data = Checkout(
        release=RELEASE, repository="u", ref="main", branch="main", message="m",
        author_name="a", author_email="e", committed_at=1,
    ).to_json()  # fmt: skip
    del data["parent"]
    assert Checkout.from_json(data).parent is None


def test_a_slug_fits_every_resource_name() -> None:
    assert RELEASE.slug == "1.4.0-42.gaaaaaaa"
