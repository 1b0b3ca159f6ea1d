"""The model service: holds the fitted volatility model, fits it anew as data come, and predicts."""
