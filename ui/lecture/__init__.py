"""A lecture: the app's pages in a prepared order, large, stepped through with arrow keys or a presenter's remote.

scenes.py  scenes from a TOML file; example.toml is the one that comes along
steps.py   the line above every page, and the addresses that it leads to
stage.py   what a lecture shows above every page
"""
