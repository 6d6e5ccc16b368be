"""Who may pay for it: funders and grants as values, how well each fits by rules, and how they are listed."""
