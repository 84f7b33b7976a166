"""From a push to its first task: ``python -m benchmarks.hook``."""
