"""Books at exact integers, and the read model that values, samples and reports them."""
