"""compound-cam-app: the app from any folder, with Streamlit's own options, as ``streamlit run app.py`` in a checkout."""

import sys

from streamlit.web import cli

from ui.address import HOME


def main() -> None:
    """Start the server with the settings beside ``app.py``; options on the command line override them."""
    cli.main(["run", str(HOME / "app.py"), *sys.argv[1:]], prog_name="streamlit")
