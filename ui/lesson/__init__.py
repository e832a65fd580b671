"""What the Scaling page is made of: its text, controls, drawing, charts, tables and stopwatch."""
