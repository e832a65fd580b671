"""Damaged images to slide through, with the curves that are made from them: film.html, film.css, film.js."""

from ui.components.loader import component

film_viewer = component("film")
