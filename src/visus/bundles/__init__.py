"""The trained thing: its file, its verification, its runtime; never Keras."""
