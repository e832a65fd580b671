"""The app in the browser, on Streamlit.

command.py   compound-cam-app: the app from any folder
palette.py   one colour for each variant
messages.py  messages on the page: errors as sentences, and outside text escaped
turns.py     heavy computations wait in line, show how long, and can be stopped
holding.py   how much of what visitors upload is held in memory
shared.py    results that all visitors share, cached by their arguments
checkpoints.py  checkpoints that visitors upload
address.py   the pages' files, and choices kept in the address
reports.py   evaluations that pages show
photographs.py  photographs as bytes, and small pictures of them
session.py   between pages and library: what outlives a rerun
elsewhere.py  which other study has a class for a photograph
parts.py     a map taken apart into channels times weights
options.py   the choices that several pages offer: classes, devices
components/  parts of a page that need code in the browser
uploads.py   which photographs are shown: samples, uploads, the camera
pages/       a folder for each page: page.py and its parts
lecture/     scenes in a prepared order, in full screen
site/        the app as static files, without Streamlit
"""
