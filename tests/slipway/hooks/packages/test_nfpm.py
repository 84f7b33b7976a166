from __future__ import annotations

import hashlib
import io
from typing import IO, TYPE_CHECKING, Any, cast

import pytest

from slipway.exceptions import PackageRefused, ToolFailed
from slipway.hooks.packages.deb_checks import Wanted
from slipway.hooks.packages.nfpm import build_deb
from slipway.hooks.tars import pack
from slipway.model.container import ToolResult

if TYPE_CHECKING:
    from slipway.hooks.tools.toolbox import Toolbox

CONTROL = b"Package: shop\nVersion: 1.0.0+0.gabc\nArchitecture: all\n"
CONTENTS = (
    b"drwxr-xr-x root/root 0 2024-01-01 00:00 ./lib/systemd/system/\n"
    b"-rw-r--r-- root/root 9 2024-01-01 00:00 ./lib/systemd/system/shop.service\n"
    b"-rw-r--r-- root/root 9 2024-01-01 00:00 ./etc/other.service\n"
)
WANTED = Wanted(package="shop", version="1.0.0+0.gabc", unit="shop.service")


RIGHT = b"name: shop\nversion: ${VERSION}\nversion_schema: none\n"


class Tool:
    """Answers as the toolbox would, and remembers what it was asked."""

    def __init__(self, exit_code: int, files: dict[str, bytes], *tail: str) -> None:
        self.packed = pack(files)
        self.result = ToolResult(
            exit_code=exit_code, output_tail=list(tail), collected=None, seconds=1
        )
        self.argv: tuple[str, ...] = ()
        self.environment: dict[str, str] = {}

    def run(
        self,
        *argv: str,
        collect_into: IO[bytes],
        environment: dict[str, str] | None = None,
        **_: Any,
    ) -> ToolResult:
        self.argv, self.environment = argv, environment or {}
        collect_into.write(self.packed)
        return self.result


def _build(tool: Any, file: str = "nfpm.yaml") -> Any:
    return build_deb(
        tool,
        b"",
        nfpm_file=file,
        version="1.0.0+0.gabc",
        built_at=17,
        into=io.BytesIO(),
        log=lambda _: None,
    )


def test_reads_what_was_built() -> None:
    files = {
        "out/shop_1.deb": b"deb",
        "out/shop_1.deb.control": CONTROL,
        "out/shop_1.deb.contents": CONTENTS,
    }
    built = _build(Tool(0, files))
    assert (built.name, built.version, built.architecture) == ("shop", "1.0.0+0.gabc", "all")
    assert (built.content.seek(0), built.content.read(), built.size) == (0, b"deb", 3)
    assert built.sha256 == hashlib.sha256(b"deb").hexdigest()
    assert built.units.names == ("shop.service",)
    assert built.lintian == ()


def test_names_from_the_repository_are_arguments_never_script() -> None:
    files = {
        "out/shop_1.deb": b"deb",
        "out/shop_1.deb.control": CONTROL,
        "out/shop_1.deb.contents": CONTENTS,
    }
    tool = Tool(0, files)
    _build(tool, file="x; touch /pwned")
    assert tool.argv[-1] == "x; touch /pwned"
    assert all("pwned" not in word for word in tool.argv[:-1])
    assert tool.environment == {
        "VERSION": "1.0.0+0.gabc",
        "ARCH": "amd64",
        "SOURCE_DATE_EPOCH": "17",
    }


@pytest.mark.parametrize(
    ("code", "said", "expected"),
    [
        (10, "no such file", "nfpm cannot build nfpm.yaml"),
        (12, "epoch in version is empty", "nfpm.yaml describes cannot be read"),
    ],
)
def test_a_refusal_shows_what_the_tool_said(code: int, said: str, expected: str) -> None:
    with pytest.raises(PackageRefused, match=expected) as caught:
        _build(Tool(code, {}, said))
    assert said in str(caught.value)


@pytest.mark.parametrize("code", [127, 137, 143])
def test_tools_that_somebody_ended_say_nothing_of_the_package(code: int) -> None:
    with pytest.raises(ToolFailed, match=f"exit code {code}"):
        _build(Tool(code, {}, "created package: /out/shop.deb"))


def test_a_refusal_names_each_field_that_is_to_blame() -> None:
    text = b"name: Shop\nversion: ${SEMVER}\nepoch: a\n"
    for code in (10, 12):
        with pytest.raises(PackageRefused) as caught:
            build_deb(
                cast("Toolbox", Tool(code, {"out/packaging": text}, "epoch in version is empty")),
                b"",
                nfpm_file="nfpm.yaml",
                version="1.0.0+0.gabc",
                built_at=17,
                into=io.BytesIO(),
                log=lambda _: None,
                package="shop",
            )
        advice = caught.value.advice
        assert "write `name: shop` (nfpm.yaml, line 1: `name: Shop`)" in advice
        assert "(nfpm.yaml, line 2: `version: ${SEMVER}`)" in advice
        assert "(nfpm.yaml, line 3: `epoch: a`)" in advice


@pytest.mark.parametrize(
    ("text", "said", "advice"),
    [
        (
            RIGHT,
            'Matching "./dist/app": file does not exist.',
            "if a step makes dist/app, name it under `package: {built: [...]}`",
        ),
        (
            b"name: shop\npriority:\n\tx: y\nversion: ${VERSION}\n",
            "Yaml: line 3: found a tab character that violates indentation.",
            "correct the packaging file",
        ),
        (b"- a list\n", "Yaml: cannot unmarshal", "correct the packaging file"),
    ],
)
def test_advice_is_about_what_is_wrong(text: bytes, said: str, advice: str) -> None:
    with pytest.raises(PackageRefused) as caught:
        build_deb(
            cast("Toolbox", Tool(10, {"out/packaging": text}, said)),
            b"",
            nfpm_file="nfpm.yaml",
            version="1.0.0+0.gabc",
            built_at=17,
            into=io.BytesIO(),
            log=lambda _: None,
        )
    assert caught.value.advice.startswith(advice)


def test_a_name_is_read_as_it_is_written() -> None:
    """dpkg-deb says it in small letters, and apt does not."""
    files = {"out/shop_1.deb": b"deb", "out/shop_1.deb.control": CONTROL}
    assert _build(Tool(18, files | {"out/shop_1.deb.name": b"Shop\n"})).name == "Shop"
    assert _build(Tool(0, files | {"out/shop_1.deb.name": b"other\n"})).name == "shop"


def test_a_package_that_lintian_does_not_read_is_refused() -> None:
    with pytest.raises(PackageRefused, match=r"lintian does not read the package of nfpm\.yaml"):
        _build(Tool(16, {}, "tainted binary package 'shop', skipping"))


def test_what_lintian_refuses_is_told_with_all_that_it_says() -> None:
    files = {
        "shop_1.deb": b"deb",
        "shop_1.deb.control": CONTROL,
        "shop_1.deb.contents": CONTENTS,
        "packaging": b"name: shop\n",
        "lintian": b"E: shop: bad\nN: why\n",
    }
    built = _build(Tool(11, files))
    assert built.lintian == ("E: shop: bad", "N: why")
    assert built.packaging.place("name") == "nfpm.yaml, line 1: `name: shop`"
    assert _build(Tool(0, files)).lintian == ()


def test_two_packages_are_one_too_many() -> None:
    files = {
        "a.deb": b"",
        "b.deb": b"",
        "shop_1.deb.control": CONTROL,
        "shop_1.deb.contents": CONTENTS,
    }
    with pytest.raises(PackageRefused, match="2 packages"):
        _build(Tool(0, files))
