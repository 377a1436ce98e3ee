"""What a person's generation costs on its way: gateway, generation API, ledger, worker, settlement."""
