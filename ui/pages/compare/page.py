"""The page Compare. Something to look at comes first: what explores it brings PyTorch along, which takes seconds to load."""

from ui.pages.compare.first_sight import first_sight, lay_out

places = lay_out()
first_sight(places.waiting)

from ui.pages.compare.explorer import explore  # noqa: E402

explore(places)
