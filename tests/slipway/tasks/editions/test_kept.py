"""What is kept of an edition: its image, its settings, and what it brought."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import MachineImageRefused
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.editions import Editions
from slipway.tasks.editions.kept import brings, launch_target, note_launch, prove, require_noted
from tests.slipway.fleet.moto_cloud import client
from tests.slipway.tasks.editions.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("artifacts")


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with open_shop(monkeypatch) as found:
        yield found


def _with_other_settings(shop: Shop) -> str:
    """Have an edition serve that differs in everything."""
    shop.config = {"PORT": "81"}
    shop.settings = {"instance_type": "t3.large", "desired_size": 3}
    name = shop.choose("same")
    shop.serve(name, shop.bake(name))
    return name


def test_an_edition_is_baked_of_todays_inputs_though_an_image_is_there(shop: Shop) -> None:
    before = shop.bake("2.0")
    shop.config = {"PORT": "81"}
    name = shop.choose("same")
    planned, words = shop.look(name)
    assert words.startswith("bakes shop-2.0-")
    made = shop.bake(name)
    assert made.image_id != before.image_id
    assert made.release.version == name
    assert shop.packer.layers == ["base", "app", "app"]
    assert shop.packer.baked[-1].variables["app_config"]["PORT"] == {"__ansible_unsafe": "81"}
    assert planned.name in made.name


def test_only_other_machines_need_no_other_image(shop: Shop) -> None:
    before = shop.bake("2.0")
    shop.settings = {"instance_type": "t3.large"}
    name = shop.choose("same")
    assert shop.look(name)[1].startswith("uses ")
    assert shop.bake(name).image_id == before.image_id
    assert shop.packer.layers == ["base", "app"]


def test_a_bake_that_is_done_again_comes_to_the_same_image(shop: Shop) -> None:
    shop.config = {"PORT": "81"}
    name = shop.choose("same")
    made = shop.bake(name)
    # Nobody noted it: the worker died.
    editions = Editions(artifact_store())
    noted = editions.find("shop", "dev", name)
    assert noted is not None
    editions.note(type(noted).from_json({**noted.to_json(), "image_id": ""}))
    assert shop.bake(name).image_id == made.image_id
    # What is edited afterwards changes nothing of it.
    shop.config = {"PORT": "99"}
    assert shop.bake(name).image_id == made.image_id


def test_what_was_chosen_is_what_is_baked_or_nothing_is(shop: Shop) -> None:
    shop.config = {"PORT": "81"}
    name = shop.choose("same")
    shop.config = {"PORT": "82"}
    said = f"{name} was chosen with another application than there is by now"
    with pytest.raises(AirflowFailException, match=said):
        shop.bake(name)
    with pytest.raises(MachineImageRefused, match=said):
        shop.look(name)
    assert shop.packer.layers == ["base", "app"]


def test_a_newer_base_image_does_not_change_what_was_chosen(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.config = {"PORT": "81"}
    name = shop.choose("same")
    shop.publish_base("image-2")
    monkeypatch.setenv("AIRFLOW__SLIPWAY__SOURCE_AMI", "image-2")
    assert shop.bake(name).base_image_id == shop.bake("2.0").base_image_id


def test_the_way_back_is_to_the_image_and_the_settings_of_then(shop: Shop) -> None:
    before = shop.bake("2.0")
    _with_other_settings(shop)
    assert shop.look("2.0")[0].kept
    back = shop.bake("2.0")
    assert (back.image_id, back.kept) == (before.image_id, True)
    target = launch_target(shop.target, back)
    assert target.instance_type == "t3.micro"
    assert (target.desired_size, target.resized_from, target.resized_back) == (2, 3, True)
    # What the environment is to be asked for, and how long, is of today.
    assert target.health_timeout == shop.target.health_timeout


def test_a_way_back_whose_image_is_gone_is_made_anew_and_says_so(shop: Shop) -> None:
    before = shop.bake("2.0")
    name = _with_other_settings(shop)
    client("ec2").deregister_image(ImageId=before.image_id)
    # Nothing of the edition's is taken back, for today's settings come again.
    planned, words = shop.look("2.0")
    assert (planned.kept, words.partition(" ")[0]) == (False, "uses")
    assert list(brings("shop", "dev", "2.0", name, image=planned)) == []
    assert shop.bake("2.0").image_id == planned.image_id == shop.bake(name).image_id
    shop.config = {"PORT": "82"}
    assert shop.look("2.0")[1].startswith("bakes ")
    assert not shop.bake("2.0").kept


def test_what_was_baked_for_other_settings_goes_nowhere_else(shop: Shop) -> None:
    """It may have failed; and production has settings of its own."""
    good = shop.bake("2.0")
    shop.config = {"PORT": "broken"}
    bad = shop.bake(shop.choose("same"))
    shop.config = {"PORT": "80"}
    assert bad.image_id != good.image_id
    assert shop.bake("2.0", on="prod").image_id == good.image_id


def test_a_commits_own_deployment_has_the_settings_of_today(shop: Shop) -> None:
    shop.settings = {"instance_type": "t3.large"}
    made = shop.bake("2.0", reuse=False)
    assert not made.kept
    assert launch_target(shop.target, made).instance_type == "t3.large"


def test_a_launch_that_fails_takes_nothing_from_what_served(shop: Shop) -> None:
    served = shop.bake("2.0")
    shop.config, shop.settings = {"PORT": "broken"}, {"instance_type": "t3.large"}
    failed = shop.bake("2.0", reuse=False)
    note_launch(shop.target, failed)
    assert _noted(shop, "2.0") == (served.image_id, "t3.micro")
    # The next way back serves with what served before, and proves that alone.
    back = shop.bake("2.0")
    assert (back.image_id, back.kept) == (served.image_id, True)
    note_launch(shop.target, back)
    prove(shop.target, "2.0", back.image_id, print)
    assert _noted(shop, "2.0") == (served.image_id, "t3.micro")
    # Where the launch served in the end, its settings are those to come back to.
    note_launch(shop.target, failed)
    prove(shop.target, "2.0", failed.image_id, print)
    assert _noted(shop, "2.0") == (failed.image_id, "t3.large")


def test_a_note_that_nobody_signed_holds_no_swap_up_at_its_end(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    path = "editions/shop/dev/2.0.json"
    there = artifact_store().get_json(path)
    assert isinstance(there, dict)
    artifact_store().put_json(path, {**there, "image_id": "ami-evil"})
    prove(shop.target, "2.0", "ami-1", print)
    assert "that 2.0 has served is not noted: " in capsys.readouterr().out


def _noted(shop: Shop, name: str) -> tuple[str, str]:
    found = Editions(artifact_store()).find("shop", shop.target.environment, name)
    assert found is not None
    return found.image_id, found.settings.instance_type


def test_an_editions_machines_are_launched_of_its_own_image_alone(shop: Shop) -> None:
    other = shop.bake("2.0")
    shop.config = {"PORT": "81"}
    name = shop.choose("same")
    made = shop.bake(name)
    require_noted(shop.target, made)
    planted = type(made).from_json({**made.to_json(), "image_id": other.image_id})
    with pytest.raises(MachineImageRefused, match=f"{other.image_id} is not the image of {name}"):
        require_noted(shop.target, planted)


def test_settings_that_nobody_signed_launch_nothing(shop: Shop) -> None:
    name = _with_other_settings(shop)
    made = shop.bake(name)
    path = f"editions/shop/dev/{name}.json"
    there = artifact_store().get_json(path)
    assert isinstance(there, dict)
    artifact_store().put_json(path, {**there, "image_id": "ami-evil"})
    with pytest.raises(Exception, match="is not what was signed there"):
        launch_target(shop.target, made)


def test_what_an_edition_brings_is_told_and_what_a_way_back_takes_back(shop: Shop) -> None:
    name = _with_other_settings(shop)
    kept = shop.bake("2.0")
    brought = list(brings("shop", "dev", name, "2.0", image=None))
    assert brought == [
        "instance type: t3.micro -> t3.large",
        "size.desired: 2 -> 3",
        "image: package.config.PORT: 80 -> 81",
    ]
    back = list(brings("shop", "dev", "2.0", name, image=kept))
    assert back == [f"takes back {line}" for line in brought]
    assert list(brings("shop", "dev", name, name, image=None)) == []
    assert list(brings("shop", "dev", name, "", image=None)) == []
    assert list(brings("shop", "dev", "3.0", name, image=None)) == []


def test_asking_what_would_come_rewrites_nothing_of_what_served(shop: Shop) -> None:
    first = _with_other_settings(shop)
    before = Editions(artifact_store()).find("shop", "dev", first)
    shop.config = {"PORT": "82"}
    second = shop.choose("same")
    shop.serve(second, shop.bake(second))
    shop.config = {"PORT": "81"}
    assert shop.choose("same") == first
    assert Editions(artifact_store()).find("shop", "dev", first) == before


def test_sizes_that_a_release_did_not_bring_are_still_to_be_brought(shop: Shop) -> None:
    """A swap launches as many machines as serve, whatever the project file says by now."""
    shop.settings = {"desired_size": 5}
    made = shop.bake("1.0")
    note_launch(shop.target, made, like_live=True)
    prove(shop.target, "1.0", made.image_id, print)
    shop.serve("1.0", made, noted=False)
    noted = Editions(artifact_store()).find("shop", "dev", shop.choose("same"))
    assert noted is not None
    assert noted.brings == ("size.desired: 2 -> 5",)
