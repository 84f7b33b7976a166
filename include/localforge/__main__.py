"""``python -m include.localforge --home FOLDER --git FOLDER --port 7990`` serves on loopback."""

from __future__ import annotations

import argparse
from pathlib import Path

import uvicorn

from include.localforge.serve import make_app
from include.localforge.state import ForgeHome

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m include.localforge")
    parser.add_argument("--home", type=Path, required=True, help="where it keeps what it is told")
    parser.add_argument("--git", type=Path, required=True, help="where the repositories are")
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    home = ForgeHome(folder=given.home, git=given.git)
    uvicorn.run(make_app(home), host="127.0.0.1", port=given.port, log_level="warning")
