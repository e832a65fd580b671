"""Pages: a folder for each one, page.py and its parts.

drawn.py   maps, photographs and numbers computed earlier: drawn.json
story/     what the project is about, in six steps; opens first
compare/   the figure, photographs by variants
scaling/   what depth, width and resolution cost, and what they gain
evidence/  do the maps support the paper's claim?
export/    many photographs in, a ZIP out
"""
