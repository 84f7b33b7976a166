"""What is wrong with a pipeline file, and what is only passed over."""
