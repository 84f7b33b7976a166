"""Repositories and their refs, and what of them may become a release."""
