"""The parts of the report's page, one chart a file: from a history to HTML and SVG. Pure."""
