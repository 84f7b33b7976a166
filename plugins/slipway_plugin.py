"""For an Airflow whose plugins folder this is; where Slipway is installed, it is found without."""

from importlib.metadata import entry_points

__all__: list[str] = []

if "slipway" not in entry_points(group="airflow.plugins").names:
    from slipway.plugin import SlipwayPlugin

    __all__ += ["SlipwayPlugin"]
