"""Mechanisms. The word teacher does not occur as a rule here, only as the owner of scoped rows."""
