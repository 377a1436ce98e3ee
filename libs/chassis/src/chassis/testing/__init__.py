"""What the tests of every service share. Nothing that ships imports it: import-linter holds that."""
