"""Users, roles, login, sessions."""
