"""What is measured rather than tested; `reports/` has what came out."""
