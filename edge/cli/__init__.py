"""The `ampyard` command: a file for each group of verbs, imported when one of them is called."""
