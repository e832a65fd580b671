"""The grid pointing game, to click on: mosaic.html, mosaic.css, mosaic.js."""

from ui.components.loader import component

mosaic_viewer = component("mosaic")
