"""Linear heads on features that stay as they are, fitted in a second."""
