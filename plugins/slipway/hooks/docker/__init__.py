"""The container engine: containers, their output, images, networks, tools run in them."""
