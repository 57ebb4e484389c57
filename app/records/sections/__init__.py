"""The sections of the record, one file each; `SECTIONS` in app/records lists them in order."""
