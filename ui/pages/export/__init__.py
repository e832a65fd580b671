"""The page Export.

jobs.py  exports that go on when the browser is closed
page.py  the page
"""
