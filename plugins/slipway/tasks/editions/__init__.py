"""Editions of a release: which one comes, what it is launched from, and what it brings."""
