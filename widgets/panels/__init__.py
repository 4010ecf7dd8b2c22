"""One part of the window per file: each displays a frozen view and emits what the user asks for. None knows another."""
