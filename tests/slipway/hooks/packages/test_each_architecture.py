from __future__ import annotations

import io
import tempfile
from typing import IO, TYPE_CHECKING, Any, cast

import pytest

from slipway.exceptions import PackageRefused
from slipway.hooks.packages.deb_checks import Wanted
from slipway.hooks.packages.each_architecture import build_each
from slipway.hooks.tars import pack
from slipway.model.container import ToolResult

if TYPE_CHECKING:
    from slipway.hooks.packages.nfpm import BuiltDeb
    from slipway.hooks.tools.toolbox import Toolbox

BOTH = ("amd64", "arm64")
WANTED = Wanted(package="shop", version="1.0.0", unit="shop.service")
UNIT = b"-rw-r--r-- root/root 9 2024-01-01 00:00 ./lib/systemd/system/shop.service\n"


class Nfpm:
    """Makes a package for the architecture that it is told, or always for the same one.

    :param fixed: what stands at ``arch``.
    :param lintian: what lintian says of one for arm64.
    """

    def __init__(self, fixed: str = "", lintian: str = "") -> None:
        self.fixed, self.lintian = fixed, lintian
        self.asked: list[str] = []
        self.sources: list[bytes] = []

    def run(
        self,
        *_: str,
        files: IO[bytes],
        collect_into: IO[bytes],
        environment: dict[str, str],
        **__: Any,
    ) -> ToolResult:
        asked = environment["ARCH"]
        self.asked.append(asked)
        self.sources.append(files.read())
        control = f"Package: shop\nVersion: 1.0.0\nArchitecture: {self.fixed or asked}\n"
        found = {
            "out/shop.deb": asked.encode(),
            "out/shop.deb.control": control.encode(),
            "out/shop.deb.contents": UNIT,
            "out/packaging": f"name: shop\narch: {self.fixed or '${ARCH}'}\n".encode(),
            "out/lintian": self.lintian.encode(),
        }
        collect_into.write(pack(found))
        code = 11 if self.lintian and asked == "arm64" else 0
        return ToolResult(exit_code=code, output_tail=[], collected=None, seconds=1)


def _each(nfpm: Nfpm, *architectures: str) -> list[tuple[str, bytes]]:
    found = build_each(
        cast("Toolbox", nfpm),
        io.BytesIO(b"sources"),
        architectures=architectures,
        nfpm_file="nfpm.yaml",
        wanted=WANTED,
        built_at=17,
        open_file=tempfile.TemporaryFile,
        log=lambda _: None,
    )
    return [(one.architecture, _content(one)) for one in found]


def _content(deb: BuiltDeb) -> bytes:
    deb.content.seek(0)
    return deb.content.read()


def test_each_architecture_has_a_package_of_the_same_sources() -> None:
    nfpm = Nfpm()
    assert _each(nfpm, *BOTH) == [("amd64", b"amd64"), ("arm64", b"arm64")]
    assert nfpm.sources == [b"sources", b"sources"]


def test_one_for_all_machines_is_built_once() -> None:
    nfpm = Nfpm(fixed="all")
    assert _each(nfpm, *BOTH) == [("all", b"amd64")]
    assert nfpm.asked == ["amd64"]


def test_a_fixed_architecture_is_refused_with_its_line() -> None:
    with pytest.raises(PackageRefused, match=r"^for arm64: nfpm\.yaml builds a package for amd64"):
        _each(Nfpm(fixed="amd64"), *BOTH)
    with pytest.raises(PackageRefused) as caught:
        # Its programs are the other machines', and it is not lintian that should say so.
        _each(Nfpm(fixed="amd64", lintian="E: shop: binary-from-other-architecture"), *BOTH)
    assert "write `arch: ${ARCH}` (nfpm.yaml, line 2: `arch: amd64`)" in caught.value.advice
    assert "machines are amd64 and arm64" in caught.value.advice


def test_what_is_wrong_with_one_of_them_names_it() -> None:
    """As where a step left the same program for both."""
    with pytest.raises(PackageRefused, match=r"^for arm64: lintian finds errors") as caught:
        _each(Nfpm(lintian="E: shop: binary-from-other-architecture"), *BOTH)
    assert "binary-from-other-architecture" in caught.value.message


def test_machines_of_one_architecture_get_what_there_is() -> None:
    """As before there was a choice: what says nothing may start from an image of any."""
    assert _each(Nfpm(fixed="arm64"), "amd64") == [("arm64", b"amd64")]
