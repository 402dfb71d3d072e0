"""How answers hold when pictures are not as they were: no gradients needed here."""
