"""The grid pointing game with clickable tiles: mosaic.html, mosaic.css, mosaic.js."""

from ui.components.loader import component

mosaic_viewer = component("mosaic")
