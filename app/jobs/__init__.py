"""Work in the background: the page of a person's jobs, and the loop around them."""
