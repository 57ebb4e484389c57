"""Excel in and out: template → upload → plan → preview → confirm → undo."""
