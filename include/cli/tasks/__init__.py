"""The tasks of ``fab``, which ``fabfile.py`` names."""
