"""Reports as terminal text and as one self-contained HTML file."""
