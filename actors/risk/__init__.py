"""Limits, trading states and measures of risk."""
