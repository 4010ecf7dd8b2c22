"""The forms of serving tools, one file each."""
