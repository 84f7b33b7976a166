"""Many projects: copies of the guestbook."""

from __future__ import annotations

from pathlib import Path

from include.project.loader import PROJECTS


def write_copies(folder: Path, count: int) -> list[str]:
    """Write copies of the guestbook's project file, three DAGs each; return their names.

    :param folder: of the project files.
    :param count: how many.
    """
    guestbook = (PROJECTS / "guestbook.yaml").read_text()
    names = [f"p{number:04d}" for number in range(count)]
    for name in names:
        text = guestbook.replace("name: guestbook", f"name: {name}")
        text = text.replace("  pull_requests: true\n", "")
        # Of a repository of its own: projects of one share its commits, which is looked up.
        text = text.replace("/guestbook.git", f"/{name}.git")
        (folder / f"{name}.yaml").write_text(text)
    return names
