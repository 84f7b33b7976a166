"""What machines find in the apt repository: the indexes that its Release file names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# What Slipway publishes for. A repository that aptly made for others keeps those.
ARCHITECTURES = ("amd64", "arm64")
# A package of this architecture is in the index of every other one.
ANY = "all"
_FIELDS = re.compile(r"^(Package|Version|Architecture|SHA256): (\S+)\r?$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class AptIndex:
    """The packages of one distribution and component.

    :param packages: architecture -> aptly's name of a package (``shop_2:1.0_all``) -> SHA-256.
    """

    packages: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Return every package once, as aptly names it."""
        return sorted({name for index in self.packages.values() for name in index})

    def lacks(self, name: str, sha256: str) -> list[str]:
        """Return the architectures whose machines do not find a package.

        :param name: as aptly names it.
        :param sha256: of its bytes.
        """
        own = name.rpartition("_")[2]
        looking = (self.packages or ARCHITECTURES) if own == ANY else (own,)
        return [one for one in looking if self.packages.get(one, {}).get(name) != sha256]


def read_packages(text: str) -> dict[str, str]:
    """Read a ``Packages`` file: aptly's name of each package -> its SHA-256."""
    stanzas = (dict(_FIELDS.findall(stanza)) for stanza in text.split("\n\n"))
    return {
        f"{one['Package']}_{one['Version']}_{one['Architecture']}": one.get("SHA256", "")
        for one in stanzas
        if one.keys() >= {"Package", "Version", "Architecture"}
    }


def architectures(release: str) -> Iterable[str]:
    """Read which architectures a Release file has indexes of."""
    found = re.search(r"^Architectures: (.*)$", release, re.MULTILINE)
    return [one for one in (found[1].split() if found else ()) if one != ANY]
