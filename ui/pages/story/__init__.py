"""The page Story, which opens first: six steps, each a sentence or two and one live picture.

Everything that it shows was drawn earlier, so that it stands before PyTorch and the networks are loaded.

answer.py   the measured answer as plain numbers
drawing.py  the command that draws: python -m ui.pages.story.drawing
page.py     the page
"""
