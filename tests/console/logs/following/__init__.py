"""Every case of a folder that is followed, a file for each group of them; most run for CSV and for JSON lines."""
