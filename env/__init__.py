"""The simulated world: exchanges that trade against market data without touching a real market."""
