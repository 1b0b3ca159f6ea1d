"""Brings AlphaMind up, keeps it up and scales it; the command line and the jobs."""
