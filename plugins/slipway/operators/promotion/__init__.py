"""Before a deployment: what the release itself does about it."""
