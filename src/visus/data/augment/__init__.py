"""How training pictures are changed: what is drawn, and what must come of it."""
