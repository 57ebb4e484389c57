"""Printed documents: one folder for each, with its content as a plain function, its template and its view."""
