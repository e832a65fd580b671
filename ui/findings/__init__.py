"""What the Evidence page is made of: verdicts, numbers, single photographs, the pointing game, deletion, own images."""
