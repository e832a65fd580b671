"""Components: parts of a page that need code in the browser; each one's html, css and scripts lie in its folder.

loader.py  a folder -> a component
shared/    modules that several components import
viewer/    the figure
answers/   what networks take a photograph for
picker/    photographs to click on
film/      damaged images to slide through
nearest/   sample photographs with the maps of two networks
activations/  a stage of a network, opened
mosaic/    the grid pointing game
story/     six steps on one page
deck/      scenes of a lecture, composed for the screen
ballot/    the hall's votes on their way there
voting/    what the hall's phones show
steps/     the line above a page of the app in a lecture
"""
