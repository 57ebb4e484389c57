"""Messages: notices inside the system, to a unit or to one account."""
