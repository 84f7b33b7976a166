"""Reports as they come out of a container."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

from slipway.pipeline.reports.junit import ReportReader, Reports

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slipway.pipeline.masking.mask import Masker

NESTED = b'<testsuite><testsuite><testcase name="a"/></testsuite><testcase name="b"/></testsuite>'


def tar(**files: bytes) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name.replace("_", "."))
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("link.xml")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return data.getvalue()


def read_reports(collected: Mapping[str, bytes], mask: Masker | None = None) -> Reports:
    reader = ReportReader(mask)
    for path, data in collected.items():
        reader.read(path, iter([data[at : at + 1000] for at in range(0, len(data), 1000)]))
    return reader.reports()
