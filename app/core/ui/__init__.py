"""The look and the base of all views."""
