"""Read, never run: SQL by room, report templates, icons. Reached by `importlib.resources.files("resources")`."""
