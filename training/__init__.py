"""Learning: data sets, models, their registry, and forecasters that are made of them."""
