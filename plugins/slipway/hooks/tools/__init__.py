"""Programs that run in the toolbox: goose, Packer, and what they need."""
