"""`same`: what serves, in the edition that it would be launched as today."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.editions import Editions
from slipway.model.edition import is_later, version_of
from slipway.model.launched import Launched
from tests.slipway.tasks.editions.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("artifacts")


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with open_shop(monkeypatch) as found:
        yield found


def noted(name: str) -> Launched:
    found = Editions(artifact_store()).find("shop", "dev", name)
    assert found is not None
    return found


def test_where_nothing_has_changed_there_is_nothing_to_do(shop: Shop) -> None:
    said = "nothing to do: 2.0 serves dev with the settings and the base image of today"
    with pytest.raises(AirflowSkipException, match=said):
        shop.choose("same")
    assert Editions(artifact_store()).later("shop", "dev") == []


def test_a_setting_is_told_with_its_old_and_its_new_value(shop: Shop) -> None:
    shop.config = {"PORT": "81", "HOST": "a"}
    name = shop.choose("same")
    assert is_later(name)
    assert version_of(name) == "2.0"
    assert noted(name).brings == (
        "image: package.config.HOST: a is new",
        "image: package.config.PORT: 80 -> 81",
    )


def test_the_base_image_is_told_by_its_id_and_name(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = shop.publish_base("image-2")
    monkeypatch.setenv("AIRFLOW__SLIPWAY__SOURCE_AMI", "image-2")
    (said,) = noted(shop.choose("same")).brings
    assert said.startswith("base image: ami-")
    assert said.endswith(f" (image) -> {newer} (image-2)")


def test_what_machines_get_by_a_launch_is_told_beside_it(shop: Shop) -> None:
    shop.settings = {"instance_type": "t3.large", "max_size": 8, "profile": "app"}
    assert noted(shop.choose("same")).brings == (
        "instance type: t3.micro -> t3.large",
        "instance profile: none -> app",
        "size.max: 4 -> 8",
    )


def test_the_same_again_is_the_same_edition(shop: Shop) -> None:
    shop.config = {"PORT": "81"}
    first = shop.choose("same")
    assert shop.choose("same") == first
    shop.config = {"PORT": "82"}
    assert shop.choose("same") != first


def test_an_edition_that_serves_has_nothing_more_to_bring(shop: Shop) -> None:
    shop.config = {"PORT": "81"}
    name = shop.choose("same")
    shop.serve(name, shop.bake(name))
    with pytest.raises(AirflowSkipException, match=f"nothing to do: {name} serves dev"):
        shop.choose("same")
    shop.settings = {"instance_type": "t3.large"}
    (line,) = noted(shop.choose("same")).brings
    assert line == "instance type: t3.micro -> t3.large"


def test_what_was_launched_before_there_were_notes_is_compared_as_it_is(shop: Shop) -> None:
    shop.serve("2.0", shop.bake("2.0"), noted=False)
    (artifact_store().delete("editions/shop/dev/2.0.json"))
    with pytest.raises(AirflowSkipException, match="nothing to do"):
        shop.choose("same")
    shop.settings = {"instance_type": "t3.large"}
    name = shop.choose("same")
    assert noted(name).brings == ("instance type: t3.micro -> t3.large",)
    # And there is a way back to it.
    assert noted("2.0").proven
    assert noted("2.0").settings.instance_type == "t3.micro"


def test_previous_leads_from_an_edition_to_the_one_before_it(shop: Shop) -> None:
    shop.config = {"PORT": "81"}
    name = shop.choose("same")
    shop.serve(name, shop.bake(name))
    assert shop.choose("previous") == "2.0"


def test_whoever_names_no_edition_keeps_the_one_that_serves(shop: Shop) -> None:
    shop.config = {"PORT": "81"}
    name = shop.choose("same")
    shop.serve(name, shop.bake(name))
    assert shop.choose("newest") == name
    assert shop.choose(name) == name
    # By its whole name it is that one.
    assert shop.choose("2.0") == "2.0"


def test_an_edition_that_was_never_chosen_here_is_none(shop: Shop) -> None:
    with pytest.raises(AirflowFailException, match=r"dev was never given 2\.0@0123abcd"):
        shop.choose("2.0@0123abcd")
