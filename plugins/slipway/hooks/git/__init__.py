"""Repositories: mirrors, refs, commits, submodules, what a build is given of them."""
