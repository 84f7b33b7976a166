"""Swaps under load: ``python -m benchmarks.swap``."""
