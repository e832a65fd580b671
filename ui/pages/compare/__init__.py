"""The page Compare.

first_sight.py  what shows before PyTorch and the networks are loaded
controls.py     the toolbar: what is compared, and how
links.py        what a link asks for that is not here
answers.py      what every variant takes a photograph for
downloads.py    the figure as files
explorer.py     the figure and all that can be asked of it
page.py         the page
"""
