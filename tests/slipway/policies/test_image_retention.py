"""Which images go: never one that somebody needs."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from slipway.model.cloud.stored_image import StoredImage
from slipway.policies.image_retention import YOUNG, Verdict, judge_bases, judge_releases

NOW = 1_000_000_000.0
OLD = NOW - 2 * YOUNG


def image(number: int, version: str = "", *, created: float | None = None) -> StoredImage:
    at = OLD + number if created is None else created
    return StoredImage(image_id=f"ami-{number}", name=f"n-{number}", created=at, version=version)


def gone(verdicts: tuple[Verdict, ...]) -> dict[str, str]:
    return {one.image.image_id: one.reason for one in verdicts if one.goes}


def test_only_what_nobody_needs_goes() -> None:
    images = [image(n, str(n)) for n in range(6)]
    verdicts = judge_releases(images, in_use={"ami-0"}, last=["5", "4"], deployed={"1"}, now=NOW)
    assert gone(verdicts) == {
        "ami-2": "2 releases came after it",
        "ami-3": "2 releases came after it",
    }
    said = [str(one) for one in verdicts if not one.goes]
    assert said == [
        "keep ami-5 (n-5): 5 is among the last releases",
        "keep ami-4 (n-4): 4 is among the last releases",
        "keep ami-1 (n-1): 1 is deployed",
        "keep ami-0 (n-0): a server group, a launch template or a machine uses it",
    ]


def test_an_older_image_of_the_same_release_goes() -> None:
    images = [image(1, "a"), image(2, "a")]
    verdicts = judge_releases(images, in_use=(), last=["a"], deployed=(), now=NOW)
    assert gone(verdicts) == {"ami-1": "ami-2 is a newer image of a"}


def test_a_young_image_may_be_about_to_be_launched() -> None:
    fresh = image(1, "a", created=NOW - YOUNG + 1)
    assert gone(judge_releases([fresh], in_use=(), last=["b"], deployed=(), now=NOW)) == {}


def test_without_any_record_nothing_goes() -> None:
    """The store may be the wrong one."""
    assert gone(judge_releases([image(1, "a")], in_use=(), last=[], deployed=(), now=NOW)) == {}


def test_the_base_layers_of_each_platform_count_by_themselves() -> None:
    """A system that is baked each day does not push out the one that is baked once a month."""
    daily = [replace(image(n), platform="debian-12-amd64") for n in range(10, 15)]
    monthly = [replace(image(n), platform="debian-13-arm64") for n in range(2)]
    verdicts = judge_bases([*daily, *monthly], in_use=(), made_of=(), keep=2, now=NOW)
    assert set(gone(verdicts)) == {"ami-10", "ami-11", "ami-12"}
    kept = {one.image.image_id: one.reason for one in verdicts if not one.goes}
    assert kept["ami-0"] == "one of the 2 newest debian-13-arm64"


def test_base_layers() -> None:
    images = [image(n) for n in range(5)]
    verdicts = judge_bases(images, in_use={"ami-0"}, made_of={"ami-1"}, keep=2, now=NOW)
    assert gone(verdicts) == {"ami-2": "2 are newer, and no image was made of it"}


IMAGES = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from("abcdef"), st.floats(0, 3 * YOUNG)),
    unique_by=lambda one: one[0],
    max_size=12,
)
IDS = st.sets(st.integers(0, 30).map("ami-{}".format))
VERSIONS = st.sets(st.sampled_from("abcdef"))


@given(IMAGES, IDS, VERSIONS, VERSIONS)
def test_what_is_needed_never_goes(
    drawn: list[tuple[int, str, float]], in_use: set[str], last: set[str], deployed: set[str]
) -> None:
    images = [image(n, version, created=NOW - age) for n, version, age in drawn]
    verdicts = judge_releases(images, in_use=in_use, last=sorted(last), deployed=deployed, now=NOW)
    assert sorted(one.image.image_id for one in verdicts) == sorted(i.image_id for i in images)
    taken = gone(verdicts)
    assert not in_use & set(taken)
    kept = {one.image.version for one in verdicts if not one.goes}
    there = {one.version for one in images}
    assert (last | deployed) & there <= kept
    assert not any(one.image_id in taken for one in images if NOW - one.created < YOUNG)


@given(IMAGES, IDS, IDS, st.integers(1, 5))
def test_no_base_goes_that_an_image_stands_on(
    drawn: list[tuple[int, str, float]], in_use: set[str], made_of: set[str], keep: int
) -> None:
    images = [image(n, created=NOW - age) for n, _, age in drawn]
    verdicts = judge_bases(images, in_use=in_use, made_of=made_of, keep=keep, now=NOW)
    assert not (in_use | made_of) & set(gone(verdicts))
    assert sum(not one.goes for one in verdicts) >= min(keep, len(images))


def test_an_older_image_stays_where_a_release_served_with_it() -> None:
    """Also one of a release that is among the last ones no more: it served not long ago."""
    images = [image(1, "a"), image(2, "a"), image(3, "b"), image(4, "c")]
    verdicts = judge_releases(
        images, in_use=(), last=["a"], deployed=(), now=NOW, kept={"ami-1", "ami-3"}
    )
    assert gone(verdicts) == {"ami-4": "1 releases came after it"}
