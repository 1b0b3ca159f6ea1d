"""Models: how they are fitted, what they predict, and where their versions are kept."""
