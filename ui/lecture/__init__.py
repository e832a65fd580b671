"""A lecture: scenes in a prepared order, stepped through with arrow keys; each is composed, or a page of the app.

scenes.py   scenes from a TOML file; example.toml comes with the project
ballots.py  votes of a hall, in memory only
codes.py    addresses as QR codes
hall.py     addresses of the scenes, of the speaker's view, and for phones
deck.py     scenes as plain data for the deck
screen.py   the hall's screen, the speaker's view and the handout
phone.py    what phones show while the hall is asked
steps.py    the line above a page of the app
stage.py    what a lecture shows above a page, or instead of it
"""
