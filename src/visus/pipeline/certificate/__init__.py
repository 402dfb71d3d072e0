"""What a certificate measures: its time, its test, and its sections, kind by kind.

`certify.py`, the verb, puts the sections in order, signs and writes.
"""
