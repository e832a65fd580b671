"""The page Compare. It shows a figure before it imports the explorer, because PyTorch takes seconds to load."""

from ui.pages.compare.first_sight import first_sight, lay_out

places = lay_out()
first_sight(places.waiting)

from ui.pages.compare.explorer import explore  # noqa: E402

explore(places)
