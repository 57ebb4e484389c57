"""Collection: the teacher submits, the school reports, the levels above review, what is approved is kept."""
