"""What clients read: one class a noun is the answer, its schema and its documentation."""
