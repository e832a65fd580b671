"""The page Export.

jobs.py      exports that go on when the browser is closed
download.py  the ZIP of one, where a browser can have it
page.py      the page
"""
