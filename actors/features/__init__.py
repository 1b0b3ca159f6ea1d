"""What a feature is: one definition and one kernel for each, used by the live stream and by training alike.

A feature is computed only from what was known at its time stamp.
"""
