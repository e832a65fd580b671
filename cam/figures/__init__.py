"""Figures: originals and maps side by side, drawn from one layout.

colours.py  raw maps -> colours: display scales, colour tables, overlays
layout.py   a page as data: pictures and lines of text in points
display.py  how maps are drawn: one record of display choices
photographic.py  vector files that hold photographs as JPEGs
drawing.py  a layout -> pixels (Pillow) or vectors (matplotlib)
panels.py   maps over photographs, drawn by these choices
figure.py   a comparison -> a layout, and a figure into a file
"""
