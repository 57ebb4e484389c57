"""The section engine: one declaration for each entity, everything else derived by plain functions."""
