"""The app in the browser, on Streamlit.

command.py   compound-cam-app: the app from any folder
palette.py   one colour for each variant
messages.py  what the page says: errors as sentences, and what comes from outside as text
turns.py     whose turn it is: heavy computations wait in line, say how long, and can be ended
holding.py   how much of what visitors upload is held in memory
shared.py    what all visitors share, kept by its arguments
checkpoints.py  checkpoints that visitors bring
address.py   where the pages are, and choices that the address keeps
reports.py   evaluations that pages show
session.py   between pages and library: what outlives a rerun
elsewhere.py  which other study knows a photograph
parts.py     a map taken apart into channels times weights
options.py   the choices that several pages offer: classes, devices
components/  parts of a page that need code in the browser
uploads.py   which photographs are shown: samples, uploads, the camera
pages/       a folder for each page: page.py and its parts
lecture/     scenes in a prepared order, on the whole screen
site/        all this as static files, without Streamlit
"""
