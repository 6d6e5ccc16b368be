"""What code computes for a plan: finances, schedule, budget, indicators, risks, goals and who does what."""
