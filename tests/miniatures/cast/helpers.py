"""What models.py imports from beside itself."""

GAIN = 2.0
