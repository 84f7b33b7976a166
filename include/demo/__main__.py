"""``python -m include.demo`` tells the story; ``python -m include.demo down`` takes it away."""

from __future__ import annotations

import sys

from include.demo import down, story
from include.demo.airflow_api import DemoFailed
from include.demo.processes import UnknownProcess

if __name__ == "__main__":
    try:
        down.main() if sys.argv[1:] == ["down"] else story.main()
    except DemoFailed as error:
        left = "What was started goes on running; `make down` removes all of it."
        sys.exit(f"\nThe demo's story failed: {error}\n\n{left}")
    except UnknownProcess as error:
        sys.exit(f"\n{error}.")
