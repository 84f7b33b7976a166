"""The images of an environment: layers to bake, an image found again, what a bake would change."""
