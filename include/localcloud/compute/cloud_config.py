"""User data as cloud-init understands it, as far as the embedded cloud goes: ``write_files``."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import gzip
import logging
from typing import Any

import yaml

log = logging.getLogger(__name__)

_HEADER = b"#cloud-config"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class WrittenFile:
    """A file to place before the first boot.

    :param path: absolute.
    :param content: its bytes.
    :param mode: its permissions.
    :param owner: ``user:group``, either by name.
    """

    path: str
    content: bytes
    mode: int = 0o644
    owner: str = "root:root"


def written_files(user_data: bytes) -> list[WrittenFile]:
    """Return what ``write_files`` asks for.

    As cloud-init does, a machine boots in spite of user data that cannot be read: the mistake
    goes to the log, and nothing is written.
    """
    if not user_data.startswith(_HEADER):
        return []
    try:
        document = yaml.safe_load(user_data)
        return [_file(entry) for entry in document.get("write_files") or ()]
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError, OSError) as error:
        log.warning("user data ignored: %s", error)
        return []


def _file(entry: dict[str, Any]) -> WrittenFile:
    return WrittenFile(
        path=str(entry["path"]),
        content=_content(str(entry.get("content", "")), str(entry.get("encoding", "text/plain"))),
        # YAML reads 0600 as an octal number and '0600' as text.
        mode=_mode(entry.get("permissions", "0644")),
        owner=str(entry.get("owner", "root:root")),
    )


def _mode(value: Any) -> int:
    return value if isinstance(value, int) else int(str(value), 8)


def _content(text: str, encoding: str) -> bytes:
    content = text.encode()
    if encoding in {"b64", "base64", "gz+b64", "gz+base64", "gzip+b64", "gzip+base64"}:
        try:
            content = base64.b64decode(content, validate=False)
        except binascii.Error as error:
            msg = f"content is not base64: {error}"
            raise ValueError(msg) from error
    return gzip.decompress(content) if encoding.startswith("gz") else content
