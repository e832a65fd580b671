"""The page Scaling: what depth, width and resolution cost, what they gain, and why to grow them together.

setting.py          one setting, and the sliders by hand or by the compound rule
controls.py         the sliders on the page
svg.py              numbers as text, and the ruler under each
network_drawing.py  a network drawn to scale
measured.py         accuracy measured here: measured.toml, and the evaluation that ships
activations.py      a stage of the drawing opened: what a trained network computes there
charts.py           the paper's figures with the present setting in them, and what was measured
tables.py           the family beside the present setting, and the paper's own
latency.py          how long one image takes on this device
stopwatch.py        the section that measures latency
experiment.py       accuracy measured here, beside the paper's curves, and the nearest network's maps
steps.py            the text, in five steps
page.py             the page
"""
