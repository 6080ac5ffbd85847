"""Documents (.docx and PDF) from templates and plain data; knows no case."""
