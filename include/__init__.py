"""The projects, and what stands around them: delivery, shell, demo, embedded cloud, rights."""
