"""The long-lived state of AlphaMind: one package per actor, and the words they share."""
