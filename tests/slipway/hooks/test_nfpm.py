from __future__ import annotations

from typing import Any

import pytest

from slipway.exceptions import PackageRefused
from slipway.hooks.container_spec import ToolResult
from slipway.hooks.nfpm import build_deb
from slipway.hooks.recipes import pack

CONTROL = b"Package: shop\nVersion: 1.0.0+0.gabc\nArchitecture: all\n"
CONTENTS = (
    b"drwxr-xr-x root/root 0 2024-01-01 00:00 ./lib/systemd/system/\n"
    b"-rw-r--r-- root/root 9 2024-01-01 00:00 ./lib/systemd/system/shop.service\n"
    b"-rw-r--r-- root/root 9 2024-01-01 00:00 ./etc/other.service\n"
)


class Tool:
    """Answers as the toolbox would, and remembers what it was asked."""

    def __init__(self, exit_code: int, files: dict[str, bytes], *tail: str) -> None:
        self.result = ToolResult(
            exit_code=exit_code, output_tail=list(tail), collected=pack(files), seconds=1
        )
        self.argv: tuple[str, ...] = ()
        self.environment: dict[str, str] = {}

    def run(self, *argv: str, environment: dict[str, str], **_: Any) -> ToolResult:
        self.argv, self.environment = argv, environment
        return self.result


def _build(tool: Any, file: str = "nfpm.yaml") -> Any:
    return build_deb(
        tool, b"", nfpm_file=file, version="1.0.0+0.gabc", built_at=17, log=lambda _: None
    )


def test_reads_what_was_built() -> None:
    files = {"out/shop_1.deb": b"deb", "out/control": CONTROL, "out/contents": CONTENTS}
    built = _build(Tool(0, files))
    assert (built.name, built.version, built.architecture) == ("shop", "1.0.0+0.gabc", "all")
    assert built.data == b"deb"
    assert built.units == ("shop.service",)


def test_names_from_the_repository_are_arguments_never_script() -> None:
    files = {"out/shop_1.deb": b"deb", "out/control": CONTROL, "out/contents": CONTENTS}
    tool = Tool(0, files)
    _build(tool, file="x; touch /pwned")
    assert tool.argv[-1] == "x; touch /pwned"
    assert all("pwned" not in word for word in tool.argv[:-1])
    assert tool.environment == {"VERSION": "1.0.0+0.gabc", "SOURCE_DATE_EPOCH": "17"}


@pytest.mark.parametrize(
    ("code", "said", "expected"),
    [
        (10, "no such file", "nfpm cannot build nfpm.yaml"), (11, "E: shop: bad", "lintian finds"),
        (16, "tainted binary package 'shop', skipping", "lintian does not read"),
    ],
)  # fmt: skip
def test_a_refusal_shows_what_the_tool_said(code: int, said: str, expected: str) -> None:
    with pytest.raises(PackageRefused, match=expected) as caught:
        _build(Tool(code, {}, said))
    assert said in str(caught.value)


def test_two_packages_are_one_too_many() -> None:
    files = {"a.deb": b"", "b.deb": b"", "control": CONTROL, "contents": CONTENTS}
    with pytest.raises(PackageRefused, match="2 packages"):
        _build(Tool(0, files))


def test_a_package_does_not_leave_its_place_by_its_architecture() -> None:
    control = CONTROL.replace(b"Architecture: all", b"Architecture: x/../../../out/evil")
    assert control != CONTROL
    files = {"out/shop_1.deb": b"deb", "out/control": control, "out/contents": CONTENTS}
    with pytest.raises(PackageRefused, match=r"Architecture is 'x/\.\./"):
        _build(Tool(0, files))
