"""The real window over real log folders, used as a person uses it."""
