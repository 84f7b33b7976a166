"""Which units of a package systemd would start."""

from __future__ import annotations

import pytest

from slipway.hooks.packages.deb_units import is_template, units

FOLDER = "./lib/systemd/system/"


def _list(*lines: str) -> str:
    start = {"l": "lrwxrwxrwx", "d": "drwxr-xr-x"}
    return "".join(
        f"{start.get(line[0], '-rw-r--r--')} root/root     1330 2023-11-14 22:13 {line[2:]}\n"
        for line in lines
    )


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("shop.service", "app.service"),
        ("shop.service", "/lib/systemd/system/app.service"),
        ("shop.service", "/usr/lib/systemd/system/app.service"),
        ("shop.service", "../../../share/shop/shop.service"),
        ("shop.service", "/usr/share/shop/shop.service"),
        ("shop.service", "other.service"),  # itself a link
        ("shop@1.service", "app@.service"),
    ],
)
def test_a_link_to_a_file_of_the_package_is_a_unit(link: str, target: str) -> None:
    found = units(
        _list(
            f"d {FOLDER}",
            f"l {FOLDER}{link} -> {target}",
            f"- {FOLDER}app.service",
            "- ./usr/lib/systemd/system/app@.service",
            "- ./usr/share/shop/shop.service",
            f"l {FOLDER}other.service -> app.service",
        )
    )
    assert found.has(link)
    assert found.astray == {}


@pytest.mark.parametrize(
    ("target", "leads"),
    [
        ("gone.service", "/usr/lib/systemd/system/gone.service"),
        ("/dev/null", "/dev/null"),
        ("shop.service", "/usr/lib/systemd/system/shop.service"),
        ("../../../../../../etc/passwd", "/etc/passwd"),
        # /lib is a link, so that a way up from there is one from /usr/lib.
        ("../../../usr/share/shop/shop.service", "/usr/usr/share/shop/shop.service"),
    ],
)
def test_a_link_that_leads_nowhere_in_the_package_is_none(target: str, leads: str) -> None:
    found = units(_list(f"l {FOLDER}shop.service -> {target}"))
    assert not found.has("shop.service")
    assert found.astray == {"shop.service": leads}


def test_an_instance_is_started_from_its_template() -> None:
    found = units(_list(f"- {FOLDER}app@.service"))
    assert found.has("app@1.service")
    assert not found.has("app.service")
    assert not found.has("other@1.service")
    assert (is_template("app@.service"), is_template("app@1.service")) == (True, False)


def test_only_what_systemd_looks_at_is_a_unit() -> None:
    found = units(
        _list(
            "- ./usr/share/doc/lib/systemd/system/a.service",
            "- ./etc/b.service",
            f"- {FOLDER}multi-user.target.wants/c.service",
            f"- {FOLDER}d.timer",
            f"d {FOLDER}e.service",
            f"- {FOLDER}f -> g.service",
            f"- {FOLDER}with blank.service",
        )
    )
    assert found.names == ("with blank.service",)
