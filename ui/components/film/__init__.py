"""Damaged images with a slider, and the curves measured on them: film.html, film.css, film.js."""

from ui.components.loader import component

film_viewer = component("film")
