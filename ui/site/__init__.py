"""The static site: the app's own viewer, story and numbers as files that any host serves, and the networks in the browser.

python -m ui.site --out site

runtime.py   ONNX Runtime for browsers, from npm
networks.py  graphs of the networks, and what the page must know of each
samples.py   the photographs that come along, with maps computed earlier
lesson.py    the page Scaling's sentences, sliders and figures as plain data
build.py     all of it as a folder
parts/       what is written for the site alone: the page, its modules, the worker and the service worker
"""
