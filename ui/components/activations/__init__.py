"""Activations of one stage of a network: activations.html, activations.css, activations.js."""

from typing import Any

from ui.components.loader import component

_activations = component("activations")


def activation_maps(data: dict[str, Any], key: str = "activations") -> None:
    """Show a photograph, the mean of a stage's activations and single channels: ``words``, ``about``, ``photograph``, ``mean``
    and ``channels``."""
    _activations(data=data, key=key)
