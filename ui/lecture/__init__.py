"""A lecture: the app's pages in a prepared order, large, stepped through with arrow keys or a presenter's remote."""
