"""What is tested before it is delivered: where its files are, and whether it may run."""
