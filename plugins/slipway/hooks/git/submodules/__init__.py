"""Submodules: the repositories that a commit includes."""
