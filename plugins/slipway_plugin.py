"""What Airflow loads from this folder; everything else is imported by its name."""

from slipway.plugin import SlipwayPlugin

__all__ = ["SlipwayPlugin"]
