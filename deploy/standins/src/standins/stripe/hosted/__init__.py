"""Pages that Stripe hosts for the buyer."""
