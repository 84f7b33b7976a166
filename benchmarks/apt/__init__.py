"""Publishing a package, beside aptly alone: ``python -m benchmarks.apt``."""
