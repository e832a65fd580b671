"""Where the files outside the packages are: ``app.py``, the sample photographs and Streamlit's settings.

In a checkout they lie beside ``cam``, ``models`` and ``ui``. ``pip install`` puts them into a folder of their own there, so that
the environment gets no module called ``app``.
"""

from pathlib import Path

ROOMS = Path(__file__).parents[1]
INSTALLED = ROOMS / "compound_cam"
HOME = INSTALLED if INSTALLED.is_dir() else ROOMS
SAMPLES = HOME / "sample_images"
