"""Every knob of AlphaMind: the models that validate it, and the YAML profiles that set it."""

from configs.loading import load, render
from configs.schema import Configuration

__all__ = ["Configuration", "load", "render"]
