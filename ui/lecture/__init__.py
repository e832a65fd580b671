"""A lecture: scenes in a prepared order, composed for the screen or a page of the app, stepped through with arrow keys.

scenes.py   scenes from a TOML file; example.toml is the one that comes along
ballots.py  votes of a hall, in memory only
codes.py    addresses as QR codes
hall.py     addresses of the scenes, the speaker's view, and of what phones open
deck.py     scenes as plain data for the deck
screen.py   the hall's screen, the speaker's view and the handout
phone.py    what phones show while the hall is asked
steps.py    the line above a page of the app
stage.py    what the address's mode puts above a page, or in its place
"""
