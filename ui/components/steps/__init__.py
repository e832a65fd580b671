"""The line above every page of a lecture, and the keys to step through it: steps.html, steps.css, steps.js."""

from ui.components.loader import component

steps_bar = component("steps")
