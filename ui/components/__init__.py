"""Components: parts of a page that need code in the browser; each has a folder with its html, css and scripts.

loader.py  a folder -> a component
shared/    modules and style sheets that several components import
viewer/    the figure
answers/   the networks' first guesses for a photograph
picker/    photographs to click on
film/      damaged images with a slider
nearest/   sample photographs with the maps of two networks
activations/  a stage of a network, opened
mosaic/    the grid pointing game
drawing/   drawings that follow the page's theme
keys/      arrow keys and a presenter's remote
story/     six steps on one page
deck/      scenes of a lecture, composed for the screen
ballot/    passes the hall's votes to the deck
voting/    what the hall's phones show
steps/     the line above a page of the app in a lecture
"""
