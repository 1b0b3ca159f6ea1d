"""The edges: what clients meet, on Ray Serve."""
