"""The page Compare.

first_sight.py  what shows before PyTorch and the networks are loaded
controls.py     the toolbar: what is compared, and how
links.py        what a link asks for that does not exist here
answers.py      the first guesses of every variant
downloads.py    the figure as files
explorer.py     the figure, and what a visitor can do with it
page.py         the page
"""
