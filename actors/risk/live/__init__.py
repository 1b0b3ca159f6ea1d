"""What every account and the firm stand to lose now: kept up with each fill and each price, not counted anew."""
