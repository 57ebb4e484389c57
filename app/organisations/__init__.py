"""Units: the tree of administration (国家 → 省 → 市 → 县 → 校) that everything is scoped by."""
