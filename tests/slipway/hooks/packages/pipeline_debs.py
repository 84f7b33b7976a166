"""Packages as a pipeline may have built them."""

from __future__ import annotations

import io
from typing import IO, Any

from slipway.hooks.packages.deb_checks import Wanted
from slipway.hooks.packages.ready_debs import ReadyDebs, ready_debs
from slipway.hooks.tars import pack
from slipway.model.container import ToolResult

VERSION = "1.0.0+0.gabc"


CONTENTS = b"-rw-r--r-- root/root 9 2024-01-01 00:00 ./lib/systemd/system/shop.service\n"


WANTED = Wanted(package="shop", version=VERSION, unit="shop.service")


class Tool:
    """Answers as the toolbox would."""

    def __init__(self, exit_code: int, files: dict[str, bytes]) -> None:
        self.packed = pack(files)
        self.result = ToolResult(exit_code=exit_code, output_tail=[], collected=None, seconds=1)

    def run(self, *_: str, collect_into: IO[bytes], **__: Any) -> ToolResult:
        collect_into.write(self.packed)
        return self.result


def control(name: str = "shop", more: str = "", version: str = VERSION, arch: str = "all") -> bytes:
    return f"Package: {name}\nVersion: {version}\nArchitecture: {arch}\n{more}".encode()


def look(exit_code: int = 0, /, **controls: bytes) -> ReadyDebs:
    files: dict[str, bytes] = {"out/lintian": b"E: shop: bad-thing"}
    for file, text in controls.items():
        files |= {
            f"out/{file}.deb": file.encode(),
            f"out/{file}.deb.control": text,
            f"out/{file}.deb.contents": CONTENTS if file.startswith("shop") else b"",
        }
    tool: Any = Tool(exit_code, files)
    return ready_debs(
        tool,
        io.BytesIO(),
        pattern="dist/*.deb",
        wanted=WANTED,
        into=io.BytesIO(),
        log=lambda _: None,
    )
