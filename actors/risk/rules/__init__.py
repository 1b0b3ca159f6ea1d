"""Breach rules at work: a measure over its level opens a breach, which goes on record and takes effect by itself."""
