"""A mailbox that takes every mail sent to it and shows it to a person or a test."""
