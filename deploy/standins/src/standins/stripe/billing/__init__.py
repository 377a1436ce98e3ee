"""What Stripe Billing does by itself: periods, invoices, payments, and what follows from them."""
