"""What becomes of machine images beside the way of a release: those that are baked early."""
