"""The project file that the README's first steps have."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


README = (ROOT / "README.md").read_text()


FIVE_MINUTES = README.partition("## Your own project in five minutes")[2].partition("\n## ")[0]


[PROJECT_FILE] = re.findall(r"(?s)```yaml\n(.*?)```", FIVE_MINUTES)
