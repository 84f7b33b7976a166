"""Watching repositories: what is found there, and when each is asked again."""
