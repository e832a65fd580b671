"""Pages: a folder for each one, page.py and its parts.

drawn.py   maps, photographs and numbers that were drawn earlier: drawn.json
story/     what all this is about: opens first, in six steps
compare/   the figure, images by variants
scaling/   what depth, width and resolution cost and bring
evidence/  do the maps support the paper's claim?
export/    many photographs in, a ZIP out
"""
