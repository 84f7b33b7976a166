"""The ends of the watcher: what is remembered, and where a tag goes no further."""
