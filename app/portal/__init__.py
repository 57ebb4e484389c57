"""Home pages of all roles, /my for teachers: the top layer, where features meet."""
