"""What each edition is launched from: noted, proven by serving, and signed."""

from __future__ import annotations

import pytest

from slipway.exceptions import RecordRefused
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.editions import Editions
from slipway.model.facts import Release
from slipway.model.launched import Launched, LaunchSettings, mark_of
from tests.slipway.fleet.worlds import make_target

pytestmark = pytest.mark.usefixtures("artifacts")


def launched(name: str, **target: object) -> Launched:
    return Launched(
        release=Release(project="shop", sha="a" * 40, version=name),
        environment="dev",
        settings=LaunchSettings.of(make_target(**target)),
        image_id="ami-1",
    )


def test_a_launch_counts_once_it_has_served() -> None:
    editions = Editions(artifact_store())
    editions.note_launch(launched("1"))
    assert editions.find("shop", "dev", "1") is None
    for _ in range(2):  # a task is run again
        editions.prove("shop", "dev", "1", "ami-1")
        found = editions.find("shop", "dev", "1")
        assert found is not None
        assert found.proven
    editions.note_launch(launched("1", instance_type="t3.large"))
    assert editions.find("shop", "dev", "1") == found
    # What served was launched of another image, or nobody knows: that launch failed.
    for other in ("ami-2", ""):
        editions.prove("shop", "dev", "1", other)
        assert editions.find("shop", "dev", "1") == found
    assert editions.find("shop", "prod", "1") is None


def test_what_was_chosen_counts_at_once_and_is_listed() -> None:
    editions = Editions(artifact_store())
    editions.prove("shop", "dev", "1@0123abcd", "ami-1")  # nothing is noted of it
    editions.note(launched("1"))
    editions.note(launched("1@0123abcd"))
    assert editions.later("shop", "dev") == ["1@0123abcd"]
    assert editions.find("shop", "dev", "1@0123abcd") == launched("1@0123abcd")


def test_a_note_of_somebody_else_is_refused_and_so_is_one_of_another_place() -> None:
    store, editions = artifact_store(), Editions(artifact_store())
    editions.note(launched("1"))
    there = store.get_json("editions/shop/dev/1.json")
    assert isinstance(there, dict)
    store.put_json("editions/shop/prod/1.json", there)
    with pytest.raises(RecordRefused):
        editions.find("shop", "prod", "1")
    store.put_json("editions/shop/dev/1.json", {**there, "image_id": "ami-2"})
    with pytest.raises(RecordRefused):
        editions.find("shop", "dev", "1")


def test_what_stands_for_settings_depends_on_all_of_them_and_on_nothing_else() -> None:
    settings, made_of = LaunchSettings.of(make_target()), {"application": "a"}
    mark = mark_of(settings, made_of)
    assert mark == mark_of(LaunchSettings.of(make_target(soak=99.0)), made_of)
    assert mark != mark_of(LaunchSettings.of(make_target(profile="app")), made_of)
    assert mark != mark_of(settings, {"application": "b"})


def test_settings_are_told_in_the_words_of_the_project_file() -> None:
    old = LaunchSettings.of(make_target())
    new = LaunchSettings.of(make_target(subnets=("a", "b"), security_groups=(), min_size=2))
    assert list(old.changes(new)) == [
        "subnets: a -> a, b",
        "security groups: s -> none",
        "size.min: 1 -> 2",
    ]
    assert old.to(make_target(min_size=9, soak=9.0)) == make_target(soak=9.0)
