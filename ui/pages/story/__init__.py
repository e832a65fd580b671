"""The page Story, which opens first: six steps, each a sentence or two and one live picture.

Everything that it shows was computed earlier, so that it is complete before PyTorch and the networks are loaded.

answer.py   the measured answer as plain numbers
drawing.py  the command that computes it: python -m ui.pages.story.drawing
page.py     the page
"""
