"""What project files cost, beside dag-factory's: ``python -m benchmarks.projects``."""
