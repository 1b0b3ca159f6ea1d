"""Orders: what may be sent, what was sent, and what became of it; one journaled partition for each set of accounts."""
