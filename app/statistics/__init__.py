"""Statistics: figures that are kept for each school, and the pages that show them."""
