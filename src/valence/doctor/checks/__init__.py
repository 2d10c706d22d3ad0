"""One known way to a wrong number per file; the file's name is the check's name in the report."""
