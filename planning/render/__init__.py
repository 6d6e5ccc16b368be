"""A document in the forms that people read, print, edit and keep: Markdown, HTML, PDF, DOCX, JSON, calendar."""
